"""What the commit of a version holds beside hashes: plans and the record of its run."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from project import layout
from registry import git

VERBS = ("ingest", "augment", "train", "validate")


@dataclass(frozen=True, slots=True)
class Recorded:
    """Verb → its plan, empty where the commit has none; `run` is what the run wrote down."""

    plans: Mapping[str, dict[str, Any]]
    run: dict[str, Any]


def read(root: Path, commit: str, model: str, source: str | None) -> Recorded:
    """The plans that decided each stage of a model, and its run.json, as they were at a commit."""
    paths = [layout.plan(Path(), verb, (source or "") if verb == "ingest" else model) for verb in VERBS]
    paths.append(layout.reports(Path(), model) / "run.json")
    *plans, run = (
        json.loads(found.content) if found.kind == "blob" else {}
        for found in git.objects(root, [f"{commit}:{path}" for path in paths])
    )
    return Recorded(dict(zip(VERBS, plans, strict=True)), run)


def settings(recorded: Recorded) -> dict[str, Any]:
    """Everything that a person could choose, flat: settings.epochs, augment.copies, gate.accuracy.at_least, source.path."""
    plans = recorded.plans
    train, augment = plans["train"], plans["augment"]
    chosen = {
        "recipe": train.get("recipe"),
        "settings": train.get("settings", {}),
        "augment": augment.get("augment", {}),
        "split": augment.get("split", {}),
        "gate": plans["validate"].get("gate", {}),
        "start": (train.get("start") or {}).get("version"),
        "source": plans["ingest"].get("source", {}),
    }
    return {name: value for name, value in _flat(chosen) if value not in (None, "", {}, [])}


def _flat(content: Mapping[str, Any], prefix: str = "") -> list[tuple[str, Any]]:
    found: list[tuple[str, Any]] = []
    for name, value in content.items():
        found += _flat(value, f"{prefix}{name}.") if isinstance(value, dict) else [(prefix + name, value)]
    return found


def code(recorded: Recorded) -> dict[str, str]:
    """File → hash, of all code that any of the stages ran."""
    return _merged(recorded, "code")


def libraries(recorded: Recorded) -> dict[str, str]:
    """Library → version."""
    return _merged(recorded, "libraries")


def _merged(recorded: Recorded, key: str) -> dict[str, str]:
    every = {name: value for plan in recorded.plans.values() for name, value in plan.get(key, {}).items()}
    return dict(sorted(every.items()))
