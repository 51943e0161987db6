"""Validate: weights and the test split → metrics, predictions, pictures, the gate's floors, a card, a report of one page."""

import json
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from media import folders
from media.shards import Shards
from project import layout
from project.errors import UsageError
from registry import gate
from steps import card as cards
from steps import report
from steps.command import read_plan, run
from steps.train import trained


def main(root: Path, name: str) -> None:
    """Measure the model `name` on its test split and write `data/reports/<model>/`."""
    plan = read_plan(root, "validate", name)
    folder = layout.weights(root, name)
    shards = Shards(layout.shards(root, name))
    recipe, _, net, card = trained(folder)
    history = json.loads((folder / "history.json").read_text(encoding="utf-8"))
    test = shards.split("test")
    if len(test) == 0:
        raise UsageError(f"{name} has no test samples, so it cannot be measured; set split.test in params.yaml above 0")
    outcome = recipe.measure(net, test, shards.facts, shards.split("train"))
    metrics = outcome.metrics | _spread(card["cross_validation"]) | _reached(card["settings"], history)
    rules = [rule.as_dict() for rule in gate.floors(plan["gate"], metrics)]
    shown = {**recipe.show(outcome, shards.facts | {"history": history})}
    if recipe.explain:
        shown |= recipe.explain(net, test, outcome, shards.facts)

    parent_ids = parents(layout.shards(root, name))
    told = cards.build(
        name, plan, card, layout.shards(root, name),
        metrics=metrics, rules=rules, tables=outcome.tables, rows=outcome.rows,
        ratios=outcome.ratios, intervals=outcome.intervals, parents=parent_ids, pictures=shown,
        epochs=int(history[-1]["epoch"]) if history else 0,
    )  # fmt: skip

    reports = layout.reports(root, name)
    with folders.replacing(reports / "pictures") as out:
        for file, data in shown.items():
            (out / file).write_bytes(data)
    write_predictions(reports / "predictions.parquet", outcome.rows, parent_ids)
    layout.write_json(reports / "verdict.json", {"passed": all(rule["passed"] for rule in rules), "rules": rules})
    page = report.page(name, metrics, rules, outcome.tables, shown, card, history)
    layout.write_bytes(reports / "report.html", page.encode())
    layout.write_json(reports / "card.json", told)
    layout.write_bytes(reports / "card.md", cards.markdown(told).encode())
    layout.write_json(reports / "metrics.json", {key: round(value, 6) for key, value in metrics.items()})


def _spread(folds: dict[str, dict[str, float]]) -> dict[str, float]:
    """Cross-validation as flat metrics: folds_accuracy_mean, folds_accuracy_spread …"""
    return {f"folds_{name}_{key}": value for name, values in folds.items() for key, value in values.items()}


def _reached(settings: Mapping[str, Any], history: Sequence[Mapping[str, float]]) -> dict[str, float]:
    """How many epochs a training by time came to: to pin it, set epochs to that and minutes to 0."""
    return {"epochs_reached": len(history)} if settings["minutes"] else {}


def parents(shards: Path) -> dict[str, str]:
    """Test sample → the asset that it was made from; of several, their ids with + between."""
    columns = ["sample_id", "parent_ids"]
    table = pq.read_table(shards / "derivation.parquet", columns=columns, filters=[("split", "=", "test")])
    return {
        sample: "+".join(ids) for sample, ids in zip(*(table[column].to_pylist() for column in columns), strict=True)
    }


def write_predictions(path: Path, rows: Mapping[str, Any], parents: Mapping[str, str]) -> None:
    """One row a test sample: the asset it comes from, what was said of it, and a score from 0 (wrong) to 1 (right)."""
    assets = [parents[str(sample)] for sample in rows["sample_id"]]
    table = pa.table({"asset_id": assets, **{name: pa.array(list(column)) for name, column in rows.items()}})
    unfinished = path.with_name(f".{path.name}.unfinished")
    pq.write_table(table, unfinished, compression="zstd")
    shutil.move(unfinished, path)


if __name__ == "__main__":
    run(main, verb="validate")
