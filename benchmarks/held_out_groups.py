"""How a model of params.yaml does on groups that it never heard: each group is the test split of one training.

    python -m benchmarks.held_out_groups spoken_digits     # one speaker of FSDD after the other
    python -m benchmarks.held_out_groups environment       # one fold of ESC-10 after the other

Reads the ingested assets of the model's source (`python -m steps.ingest NAME`). Prints a line of JSON a group and their
mean, and how many seconds of processor time each took.
"""

import dataclasses
import json
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from media import catalog, variants
from media.augment import augment
from media.shard_writer import Plan
from media.shards import Shards
from media.units import Rows, Unit
from models.fit import Job
from project import layout, params
from recipes import Recipe
from steps.plan import settings_of
from steps.train import new_net


def main(root: Path, name: str) -> None:
    """Train and measure once a group."""
    model = params.read(root / "params.yaml").model(name)
    recipe, settings = settings_of(name, model)
    plan = Plan(
        read=recipe.read, fields=recipe.fields(settings), settings=settings, split=model.split, learn=recipe.learn,
        variants=variants.resolve(model.augment, recipe.augment), join=recipe.join, encode=recipe.encode,
    )  # fmt: skip
    assets = layout.assets(root, model.source)
    rows = catalog.read(assets, ["group", "status"])
    measured = []
    for group in sorted({row["group"] for row in rows if row["status"] == catalog.ADMITTED and row["group"]}):
        held_out = dataclasses.replace(plan, compose=without(group, recipe.compose))
        measured.append(measure(recipe, settings, held_out, assets))
        print(json.dumps({"held out": group, **measured[-1]}), flush=True)
    print(json.dumps({"mean": {key: statistics.mean(each[key] for each in measured) for key in measured[0]}}))


def without(group: str, compose: Callable[[Rows, Any], Any]) -> Callable[[Rows, Any], Iterator[Unit]]:
    """The same units, but test is this group and train are all others, whatever split they have."""

    def held_out(rows: Rows, settings: Any) -> Iterator[Unit]:
        placed = [{**row, "split": "test" if row["group"] == group else "train"} for row in rows]
        yield from compose(placed, settings)

    return held_out


def measure(recipe: Recipe, settings: Any, plan: Plan, assets: Path) -> Mapping[str, float]:
    """Metrics on the test split, and processor seconds of training."""
    with tempfile.TemporaryDirectory() as folder:
        augment(assets, Path(folder) / "shards", plan, lambda *_: None)
        shards = Shards(Path(folder) / "shards")
        net = new_net(recipe, settings, shards.facts)
        train, validation = shards.split("train"), shards.split("validation")
        start = time.process_time()
        recipe.fit(Job(net=net, settings=settings, facts=shards.facts, train=train, validation=validation))
        seconds = time.process_time() - start
        metrics: dict[str, float] = recipe.evaluate(net, shards.split("test"), shards.facts).metrics
    return {key: round(value, 4) for key, value in metrics.items()} | {"seconds": round(seconds, 1)}


if __name__ == "__main__":
    main(Path.cwd(), sys.argv[1])
