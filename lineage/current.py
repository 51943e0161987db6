"""Is a model current: do its outputs still follow from params.yaml, the code, the libraries and the source as it is now?"""

import datetime
import functools
import hashlib
import importlib.metadata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from media import sources
from project import layout
from project.errors import RemoteUnreachable, UsageError
from project.source import Source
from registry import dvc, remembered, runs, tags


@dataclass(frozen=True, slots=True)
class Current:
    """`reasons` is empty when nothing needs to run; `version` holds the present weights, when registered."""

    reasons: tuple[str, ...]
    version: tags.Version | None


def look(root: Path, model: str, source: str) -> Current:
    """Ask DVC about the model's stages, and look at what DVC cannot see."""
    return look_at_all(root, {model: source})[model]


def look_at_all(root: Path, models: Mapping[str, str]) -> dict[str, Current]:
    """The same for many models (name → source), with DVC asked once, of a workspace that no landing changes meanwhile."""
    with runs.still(root):
        with dvc.opened(root) as repo:
            stale = dvc.stale(repo, _stages(models)) if models else {}
        return _all(root, models, stale, tags.versions(root))


def glance_at_all(root: Path, models: Mapping[str, str], versions: Sequence[tags.Version]) -> dict[str, Current]:
    """The same for a screen, with what DVC said before where nothing has changed; `versions` are those that stand."""
    return _all(root, models, remembered.stale(root, _stages(models)), versions)


def _stages(models: Mapping[str, str]) -> dict[str, None]:
    return dict.fromkeys(stage for model, source in models.items() for stage in layout.stages(model, source))


def _all(
    root: Path, models: Mapping[str, str], stale: Mapping[str, list[str]], versions: Sequence[tags.Version]
) -> dict[str, Current]:
    try:
        text = (root / "dvc.lock").read_text(encoding="utf-8")
    except FileNotFoundError:
        text = ""
    lock = dvc.parse_stages(text, [f"train@{model}" for model in models])
    known: dict[str, list[tags.Version]] = {}
    for version in versions:
        known.setdefault(version.name, []).append(version)
    return {model: _current(root, model, source, stale, lock, known.get(model, [])) for model, source in models.items()}


def look_at_sources(root: Path, names: Iterable[str]) -> dict[str, tuple[str, ...]]:
    """Source → why its assets must be ingested anew; without a reason they are current."""
    names = list(names)
    with dvc.opened(root) as repo:
        stale = dvc.stale(repo, ["plan", *(f"ingest@{name}" for name in names)]) if names else {}
    return {name: tuple(_source_reasons(root, name, stale)) for name in names}


def _source_reasons(root: Path, name: str, stale: Mapping[str, list[str]]) -> Iterator[str]:
    for stage in ("plan", f"ingest@{name}"):
        yield from (f"{stage}: {reason}" for reason in stale.get(stage, ()))
    if outside := moved_source(root, name):
        yield outside


def _current(
    root: Path,
    model: str,
    source: str,
    stale: Mapping[str, list[str]],
    lock: dict[str, Any],
    versions: Sequence[tags.Version],
) -> Current:
    reasons = [f"{stage}: {reason}" for stage in layout.stages(model, source) for reason in stale.get(stage, ())]
    outside = moved(root, model, source)
    if outside:
        reasons.append(outside)
    weights = dvc.outputs(lock, [f"train@{model}"]).get(f"data/weights/{model}")
    version = tags.holding(versions, weights)
    if version is None:
        reasons.append(f"{model} as it is now has no version yet")
    return Current(tuple(reasons), version)


def moved(root: Path, model: str, source: str) -> str:
    """What has changed since the plan was made and DVC cannot see: the source, a file that an operation reads, a library.

    Empty when nothing has.
    """
    try:
        ingest = layout.read_plan(root, "ingest", source)
        plans = [ingest, *(layout.read_plan(root, verb, model) for verb in ("augment", "train", "validate"))]
        rights = layout.read_plan(root, "rights", model)
    except UsageError:
        return ""
    return _moved_on(root, source, ingest, plans) or _ended(root, model, source, rights)


def _ended(root: Path, model: str, source: str, planned: Mapping[str, Any]) -> str:
    """Which rights of the assets have ended by today; what people ordered, the plan follows by itself."""
    if planned.get("as_of") == datetime.datetime.now(datetime.UTC).date().isoformat():
        return ""
    from media import catalog, parquet_file, permission  # pyarrow takes a tenth of a second

    path = layout.assets(root, source) / catalog.FILE
    if not path.is_file() or not set(permission.COLUMNS) <= set(parquet_file.columns(path)):
        return ""
    table = parquet_file.read(path, permission.COLUMNS)
    asked = permission.Asked.of_plan(planned)
    before, now = (permission.held_back(table, replace(asked, as_of=day)) for day in (asked.as_of, permission.today()))
    since = permission.newly(before, now)
    if not len(since):
        return ""
    return f"{model} may not use {len(since):,} assets of {source} any more ({permission.said(permission.by_count(since))})"


def moved_source(root: Path, source: str) -> str:
    """The same for a source alone."""
    try:
        ingest = layout.read_plan(root, "ingest", source)
    except UsageError:
        return ""
    return _moved_on(root, source, ingest, [ingest])


def _moved_on(root: Path, source: str, ingest: dict[str, Any], plans: Iterable[dict[str, Any]]) -> str:
    if state(root, source, Source.model_validate(ingest["source"])) not in (None, ingest["state"]):
        return f"source {source} has changed"
    for path, sha256 in (named for plan in plans for named in plan.get("files", {}).items()):
        if not (root / path).is_file() or hashlib.sha256((root / path).read_bytes()).hexdigest() != sha256:
            return f"{path} has changed"
    planned = {library: version for plan in plans for library, version in plan["libraries"].items()}
    for library, version in planned.items():
        now = _installed(library)
        if now != version:
            return f"{library} is {now}, the plan was made with {version}"
    return ""


def state(root: Path, name: str, source: Source) -> str | None:
    """A cheap mark of a source's content, or None while it is not at hand."""
    try:
        reader = sources.open_source(
            name, source, project=root, mirror=layout.mirror(), downloads=layout.private(root) / "downloads"
        )
        return reader.fingerprint()
    except (UsageError, RemoteUnreachable, OSError):
        return None


@functools.lru_cache
def _installed(library: str) -> str:
    try:
        return importlib.metadata.version(library)
    except importlib.metadata.PackageNotFoundError:
        return "not installed"
