"""The card of a version: what it is for, what it was made of, how it was measured, what it cannot. JSON and Markdown.

Both follow from the plan, the samples and the weights alone: no date, path, commit or machine, so that the same results
give the same bytes. What its tags say of it, `dailies model show NAME --card` puts before it.
"""

import hashlib
import importlib
import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import jinja2
import numpy as np
import pyarrow.parquet as pq

from media import derivation
from registry import gate
from steps.report import title

LEAST_IN_A_SLICE = 5
"""Fewer samples say nothing about a label."""
UNCLEAR = ("UNSTATED", "NOASSERTION", "NONE", "")
Rows = Sequence[Mapping[str, Any]]


def build(
    name: str,
    plan: Mapping[str, Any],
    weights: Mapping[str, Any],
    shards: Path,
    *,
    metrics: Mapping[str, float],
    rules: Rows,
    tables: Mapping[str, Rows],
    rows: Mapping[str, Any],
    ratios: Mapping[str, tuple[np.ndarray, np.ndarray]],
    intervals: Mapping[str, tuple[float, float]],
    parents: Mapping[str, str],
    pictures: Iterable[str],
    epochs: int,
) -> dict[str, Any]:
    """The card as one object. `weights` is what the weights folder tells of itself; `rows`, `ratios` and
    `intervals` are those of models.outcome.Outcome."""
    told, facts = plan["card"], weights["facts"]
    scores = by_asset(rows, parents)
    low, high = gate.bootstrap(np.array(list(scores.values())))
    score = {"value": _mean(scores.values()), "interval": [low, high], "assets": len(scores)}
    within = {**intervals, **{key: _interval(ratio, rows, parents) for key, ratio in ratios.items()}}
    data = {**told["source"], "classes": len(facts.get("classes", ())), **counts(shards)}
    card = {
        "model": name,
        "recipe": weights["recipe"],
        "about": told["about"],
        "purpose": purpose(weights["recipe"]),
        "data": data,
        "split": told["split"],
        "augment": told["augment"],
        "settings": weights["settings"],
        "start": weights["start"],
        "training": {
            "weights": weights["parameters"],
            "epochs": epochs,
            "best_epoch": weights["best_epoch"],
            "stopped_early": weights["stopped_early"],
        },
        "code": {"files": len(plan["code"]), "sha256": digest(plan["code"])},
        "environment": plan["libraries"],
        "metrics": {key: {"value": value, "interval": within.get(key)} for key, value in metrics.items()},
        "score": score,
        "confidence": gate.CONFIDENCE,
        "gate": list(rules),
        "slices": {heading: list(each) for heading, each in tables.items() if _is_slice(each)},
        "pictures": {file: title(file) for file in pictures},
        "limits": [*told["limits"], *limits(data, facts, rules, rows, len(scores), weights["cross_validation"])],
    }
    rounded: dict[str, Any] = _rounded(card)
    return rounded


def markdown(card: Mapping[str, Any]) -> str:
    """The same for people."""
    loader = jinja2.FileSystemLoader(Path(__file__).parent)
    environment = jinja2.Environment(loader=loader, undefined=jinja2.StrictUndefined, trim_blocks=True)
    return environment.get_template("card.md.jinja").render(card)


def purpose(recipe: str) -> dict[str, str]:
    """The docstring of a recipe: `task`, its first line, and the fields below by their name."""
    text = importlib.import_module(f"recipes.{recipe}").__doc__ or ""
    found: dict[str, str] = {"task": text.strip().splitlines()[0]}
    field = "more"
    for line in text.strip().splitlines()[1:]:
        key, _, rest = line.partition(" ")
        if (key and rest.startswith(" ")) or (key in ("metrics", "network", "expects", "predict") and rest):
            field, line = key, rest
        if line.strip():
            found[field] = f"{found.get(field, '')} {line.strip()}".strip()
    found.pop("run", None)
    return found


def counts(shards: Path) -> dict[str, Any]:
    """How many samples and assets each split has, and how many samples, varied copies left out, each licence."""
    columns = ["split", "copy", "licence", "parent_ids"]
    table = pq.read_table(shards / derivation.FILE, columns=columns).to_pylist()
    splits = {
        split: {
            "samples": sum(row["split"] == split for row in table),
            "assets": len({parent for row in table if row["split"] == split for parent in row["parent_ids"]}),
        }
        for split in ("train", "validation", "test")
    }
    licences = Counter(row["licence"] for row in table if not row["copy"])
    return {"splits": splits, "licences": dict(sorted(licences.items()))}


def by_asset(rows: Mapping[str, Any], parents: Mapping[str, str]) -> dict[str, float]:
    """Asset → its mean score, as the gate compares versions."""
    found: dict[str, list[float]] = {}
    for sample, score in zip(rows["sample_id"], rows["score"], strict=True):
        found.setdefault(parents[str(sample)], []).append(float(score))
    return {asset: _mean(found[asset]) for asset in sorted(found)}


def limits(
    data: Mapping[str, Any],
    facts: Mapping[str, Any],
    rules: Rows,
    rows: Mapping[str, Any],
    assets: int,
    validated: Mapping[str, Any],
) -> list[str]:
    """What the figures themselves say that the model cannot, or that is not known of it."""
    found = [f"falls short of its gate: {rule['reason']}" for rule in rules if not rule["passed"]]
    found.append(f"measured on {assets:,} test assets of {data['source']}; elsewhere it may do worse")
    if not validated:
        found.append(
            "one training with one seed; how far another would differ is not known (settings.folds measures it)"
        )
    if weakest := _weakest(rows):
        found.append(weakest)
    leaks = facts.get("near_duplicates_across_train_and_test", 0)
    if leaks:
        found.append(f"pairs of near-duplicates across train and test: {leaks:,}; the figures may be too good")
    unclear = [licence for licence in data["licences"] if licence in UNCLEAR]
    if unclear:
        found.append("the licence of its data is not stated: not to be passed on or sold without asking")
    if data["consent"] != "given":
        found.append(f"consent of who is in the data: {data['consent']}")
    return found


def _weakest(rows: Mapping[str, Any]) -> str:
    labels = [str(label) for label in rows.get("label", ())]
    by_label: dict[str, list[float]] = {}
    for label, score in zip(labels, rows["score"], strict=bool(labels)):
        by_label.setdefault(label, []).append(float(score))
    enough = {label: each for label, each in by_label.items() if len(each) >= LEAST_IN_A_SLICE}
    if len(enough) < 2:
        return ""
    label = min(sorted(enough), key=lambda label: _mean(enough[label]))
    worst, best = _mean(enough[label]), max(_mean(each) for each in enough.values())
    return f"weakest label: {label}, score {worst:.4f} on {len(enough[label]):,} samples" if worst < best else ""


def _interval(
    ratio: tuple[np.ndarray, np.ndarray], rows: Mapping[str, Any], parents: Mapping[str, str]
) -> tuple[float, float]:
    """Of a metric, by asset: samples of one asset are drawn together."""
    assets = np.unique([parents[str(sample)] for sample in rows["sample_id"]], return_inverse=True)[1]
    values, of = (np.bincount(assets, weights=np.asarray(each, np.float64)) for each in ratio)
    return gate.bootstrap(values, of)


def _is_slice(rows: Rows) -> bool:
    """A table that gives numbers for parts of the data, and not examples."""
    return bool(rows) and all(
        isinstance(value, int | float) and not isinstance(value, bool)
        for row in rows
        for value in list(row.values())[1:]
    )


def digest(files: Mapping[str, str]) -> str:
    """One hash of many files, path → their hash."""
    return hashlib.sha256(json.dumps(dict(sorted(files.items()))).encode()).hexdigest()


def _mean(values: Iterable[float]) -> float:
    return float(np.mean(list(values)))


def _rounded(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _rounded(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_rounded(each) for each in value]
    return round(value, 6) if isinstance(value, float) else value
