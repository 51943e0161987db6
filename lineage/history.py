"""What git tells of registered versions: their tags, and the hashes that dvc.lock had at their commits."""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from project import layout
from registry import dvc, git


@dataclass(frozen=True, slots=True)
class Made:
    """What one version was made of, as hashes of DVC objects; None where its commit does not say."""

    tag: str
    model: str
    source: str | None
    assets: str | None
    shards: str | None
    weights: str | None
    predictions: str | None
    start: str | None  # the weights that training began with


def made(root: Path, versions: Iterable[tuple[str, str, str]]) -> Iterator[Made]:
    """For each version as (tag, model, commit) what dvc.lock and the plan of its training say at its commit."""
    versions = list(versions)
    locks = (f"{commit}:dvc.lock" for _, _, commit in versions)
    found = zip(versions, git.objects(root, locks), _starts(root, versions), strict=True)
    for (tag, model, _), lock, start in found:
        yield _made(tag, model, lock.content.decode(errors="replace"), start)


def _starts(root: Path, versions: list[tuple[str, str, str]]) -> Iterator[str | None]:
    """The weights that each training began with. Plans are alike in most versions, and each is read once."""
    names = [f"{commit}:{layout.plan(Path(), 'train', model)}" for _, model, commit in versions]
    plans = list(git.objects(root, names, content=False))
    distinct = dict.fromkeys(plan.id for plan in plans if plan.id)
    starts = {found.id: _start(found.content) for found in git.objects(root, distinct)}
    return (starts.get(plan.id) for plan in plans)


def _start(plan: bytes) -> str | None:
    start = json.loads(plan).get("start")
    return str(start["weights"]) if start else None


def _made(tag: str, model: str, lock: str, start: str | None) -> Made:
    stages = [f"{verb}@{model}" for verb in ("augment", "train", "validate")]
    read = dvc.parse_stages(lock, stages) if lock else {}
    outs = dvc.outputs(read, stages)
    source, assets = _source(read.get(stages[0], {}))
    return Made(
        tag=tag,
        model=model,
        source=source,
        assets=assets,
        shards=outs.get(str(layout.shards(Path(), model))),
        weights=outs.get(str(layout.weights(Path(), model))),
        predictions=outs.get(str(layout.reports(Path(), model) / "predictions.parquet")),
        start=start,
    )


def _source(augment: Mapping[str, Any]) -> tuple[str | None, str | None]:
    """Which source the samples were made from, and the hash of its assets then."""
    place = f"{layout.assets(Path(), '')}/"
    for dependency in augment.get("deps", ()):
        if dependency["path"].startswith(place):
            return dependency["path"].removeprefix(place), dependency["md5"]
    return None, None
