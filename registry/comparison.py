"""Two versions side by side: what decided each, what it was measured to be, and their answers to the same test assets."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from registry import dvc, git, scores
from registry.tags import Version


@dataclass(frozen=True, slots=True)
class Side:
    """One of the two, as its commit tells."""

    version: Version
    settings: dict[str, Any]
    data: dict[str, Any]
    code: dict[str, str]
    libraries: dict[str, str]
    metrics: dict[str, dict[str, Any]]


def side(root: Path, version: Version) -> Side:
    """Read a version's plans, card and dvc.lock at its commit; what it lacks, as one made by hand may, is empty."""
    plans = {verb: _plan(root, version, verb) for verb in ("augment", "train", "validate")}
    chosen = {key: plans["augment"].get(key, {}) for key in ("augment", "split")}
    settings = {"recipe": plans["train"].get("recipe"), **plans["train"].get("settings", {})}
    settings |= {f"{part}.{key}": value for part, values in chosen.items() for key, value in values.items()}
    limits = plans["validate"].get("gate", {}).items()
    settings |= {f"gate.{key}": " ".join(map(str, *limit.items())) for key, limit in limits}
    source = plans["augment"].get("source") or version.message.get("source")
    lock = dvc.parse_lock(git.show(root, version.commit, "dvc.lock") or "")
    places = {"assets": (f"ingest@{source}", f"data/assets/{source}")}
    places |= {"shards": (f"augment@{version.name}", f"data/shards/{version.name}")}
    card = json.loads(git.show(root, version.commit, f"data/reports/{version.name}/card.json") or "{}")
    told = card.get("data", {})
    planned = json.loads(git.show(root, version.commit, f"data/plan/ingest/{source}.json") or "{}").get("source", {})
    data = {"source": source, "licence": planned.get("licence")}
    data |= {f"{split} samples": each["samples"] for split, each in told.get("splits", {}).items()}
    data |= {key: dvc.outputs(lock, [stage]).get(place) for key, (stage, place) in places.items()}
    metrics = card.get("metrics") or {
        name: {"value": value, "interval": None} for name, value in version.message.get("metrics", {}).items()
    }
    return Side(
        version,
        settings,
        data,
        {path: sha for plan in plans.values() for path, sha in plan.get("code", {}).items()},
        {name: number for plan in plans.values() for name, number in plan.get("libraries", {}).items()},
        metrics,
    )


def _plan(root: Path, version: Version, verb: str) -> dict[str, Any]:
    plan: dict[str, Any] = json.loads(git.show(root, version.commit, f"data/plan/{verb}/{version.name}.json") or "{}")
    return plan


def differing(first: Mapping[str, Any], second: Mapping[str, Any]) -> dict[str, tuple[Any, Any]]:
    """What the two do not have in common, by key; None where one lacks it."""
    keys = dict.fromkeys([*first, *second])
    return {key: (first.get(key), second.get(key)) for key in keys if first.get(key) != second.get(key)}


def paired(root: Path, first: Version, second: Version) -> dict[str, Any]:
    """The second against the first on the test assets that both answered: `difference`, `interval`, `assets`, `verdict`.

    Without assets in common the verdict says so.
    """
    before, after = scores.of(root, first), scores.of(root, second)
    shared = sorted(before.keys() & after.keys())
    if not shared:
        return {"assets": 0, "verdict": "no test assets in common, or their answers were not kept"}
    difference, low, high = scores.difference(before, after, shared)
    verdict = "better" if low > 0 else "worse" if high < 0 else "not told apart"
    counted = {"assets": len(shared), "assets_of_first": len(before), "assets_of_second": len(after)}
    return {"difference": difference, "interval": [low, high], **counted, "verdict": verdict}
