"""Do the tag of a version, dvc.lock, the record of the run and the bytes at hand say the same?"""

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from project import layout
from project.errors import DailiesError
from registry import dvc
from registry.tags import Version


@dataclass(frozen=True, slots=True)
class Check:
    """`holds` is None where it cannot be said."""

    what: str
    holds: bool | None
    said: str

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


def check(
    root: Path,
    version: Version,
    message: Mapping[str, Any],
    run: Mapping[str, Any],
    weights: str | None,
    shards: str | None,
    assets: str | None,
) -> list[Check]:
    """Everything that can be compared without the network."""
    locked = {"weights": weights, "shards": shards, "assets": assets}
    return [_tag(message, locked), _run(message, run), *_bytes(root, version, weights)]


def _tag(message: Mapping[str, Any], locked: Mapping[str, str | None]) -> Check:
    what = "tag and dvc.lock"
    named = {name: message[name] for name in locked if name in message}
    if not named:
        return Check(what, None, "the tag names no hashes, as another tool wrote it")
    differing = [
        f"{name} {md5} in the tag, {locked[name]} in dvc.lock" for name, md5 in named.items() if md5 != locked[name]
    ]
    return Check(what, not differing, "; ".join(differing) or f"the same {', '.join(named)}")


def _run(message: Mapping[str, Any], run: Mapping[str, Any]) -> Check:
    what = "tag and run"
    if not run:
        return Check(what, None, "the commit has no run.json of this model")
    differing = [name for name in ("run", "weights", "shards", "assets") if run.get(name) != message.get(name)]
    said = "; ".join(f"{name} {run.get(name)} in run.json, {message.get(name)} in the tag" for name in differing)
    return Check(what, not differing, said or f"both of {run.get('run')}")


def _bytes(root: Path, version: Version, weights: str | None) -> Iterator[Check]:
    if weights is None:
        yield Check("weights in the cache", None, "dvc.lock names none")
        return
    with dvc.opened(root) as repo:
        try:
            files = dvc.objects(repo, [weights])
        except DailiesError as error:
            yield Check("weights in the cache", None, str(error))
            return
        listing = dvc.Cache(repo).listing(weights)
    others = [md5 for md5, path in files.items() if _md5(path) != md5.removesuffix(".dir")]
    said = f"{len(files) - 1} files of {weights}, rehashed"
    yield Check("weights in the cache", not others, f"{others[0]} holds other bytes" if others else said)
    yield from _folder(root, version.name, weights, listing)


def _folder(root: Path, model: str, weights: str, listing: Mapping[str, str]) -> Iterator[Check]:
    """The weights that lie in the workspace, where they should be those of this version."""
    folder = layout.weights(root, model)
    present = dvc.outputs(dvc.read_lock(root), [f"train@{model}"]).get(str(folder.relative_to(root)))
    if present != weights or not folder.is_dir():
        return
    there = {path.relative_to(folder).as_posix(): _md5(path) for path in sorted(folder.rglob("*")) if path.is_file()}
    odd = sorted(name for name in there.keys() | listing.keys() if there.get(name) != listing.get(name))
    place = folder.relative_to(root)
    yield Check(str(place), not odd, f"other bytes: {', '.join(odd)}" if odd else f"{len(there)} files, rehashed")


def _md5(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "md5").hexdigest()
