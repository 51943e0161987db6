"""Let an older version answer today's test assets, read as it was trained to read them.

`python -m steps.compare MODEL COMMIT WEIGHTS OUT` writes OUT/predictions.parquet. The split is today's, so champion and
candidate answer for the same assets; picture size, classes and all else are the older version's own. With a fifth
argument, a JSON list of assets, those are asked about instead, whatever their split is.
"""

import json
import sys
from collections.abc import Set
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from media import buckets, catalog, permission
from media.augment import Allowed
from media.shards import Shards, Split
from project import layout
from project.errors import UsageError
from registry import git
from steps import augment, rights
from steps.train import trained
from steps.validate import parents, write_predictions


def main(root: Path, model: str, commit: str, weights: Path, out: Path, only: Path | None = None) -> None:
    """Measure the weights of `commit` on the test assets of the present plan."""
    today = layout.read_plan(root, "augment", model)
    then = json.loads(git.show(root, commit, f"data/plan/augment/{model}.json") or "{}") or today
    planned = {**then, "source": today["source"], "split": today["split"], "augment": {}, "files": {}}
    recipe, _, net, card = trained(weights)
    learnt = card["facts"].get("learnt", {})
    gate = rights.Gate(root, model, layout.read_plan(root, "rights", model))
    assets = layout.assets(root, today["source"])
    allowed: Allowed = gate
    if only:
        if recipe.beside_training:
            raise UsageError(f"{model} is judged by all of its samples together, so a few new assets say nothing of it")
        ids = set(json.loads(only.read_text(encoding="utf-8")))
        assets, allowed = narrowed(assets, ids, gate, out / "assets"), permission.everything
    augment.write(planned, assets, out / "shards", f"models.{model}", allowed, learnt=learnt)
    shards = Shards(out / "shards")
    known: list[str] = card["facts"]["classes"]
    classes = [*known, *(name for name in shards.facts["classes"] if name not in known)]
    test = Relabelled(shards.split("test"), [classes.index(name) for name in shards.facts["classes"]])
    outcome = recipe.measure(net, test, {**card["facts"], "classes": classes}, shards.split("train"))
    write_predictions(out / "predictions.parquet", outcome.rows, parents(out / "shards"))


def narrowed(assets: Path, ids: Set[str], allowed: Allowed, out: Path) -> Path:
    """A folder of assets with only those `ids` that may be used, each of them for test."""
    whole = catalog.read_table(assets)
    held = allowed(whole.select([*permission.COLUMNS]))
    kept = pa.array(sorted(ids - set(held["asset_id"].to_pylist())), pa.string())
    rows = whole.filter(pc.is_in(whole["asset_id"], kept))
    place = rows.schema.get_field_index("split")
    out.mkdir(parents=True)
    catalog.write(out, rows.set_column(place, "split", pa.array(["test"] * len(rows), pa.string())), "")
    for file in assets.glob(buckets.file_name("*")):
        buckets.link(file, out / file.name)
    return out


class Relabelled:
    """Samples whose labels count in the older version's classes; those that it never learnt come after them."""

    def __init__(self, samples: Split, places: list[int]) -> None:
        self._samples = samples
        self._places = np.array([*places, -1], dtype=np.int64)  # a sample without a label has the number -1

    def __len__(self) -> int:
        return len(self._samples)

    def take(self, indices: np.ndarray) -> dict[str, np.ndarray]:
        taken = self._samples.take(indices)
        return taken | {"label": self._places[taken["label"]]}

    def column(self, name: str) -> np.ndarray:
        column = self._samples.column(name)
        return self._places[column] if name == "label" else column

    def lengths(self, name: str) -> np.ndarray:
        return self._samples.lengths(name)

    def files(self) -> np.ndarray:
        return self._samples.files()

    def where(self, mask: np.ndarray) -> "Relabelled":
        return Relabelled(self._samples.where(mask), self._places[:-1].tolist())


if __name__ == "__main__":
    main(Path.cwd(), sys.argv[1], sys.argv[2], *map(Path, sys.argv[3:]))
