"""Objects of versions, brought from the DVC remote where the cache lacks them or holds them damaged, and checked by hash."""

import hashlib
import json
import os
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from project import layout
from project.errors import IntegrityError, RemoteUnreachable, full
from registry import dvc, git
from registry.tags import Version


def weights(root: Path, version: Version) -> str:
    """The hash of a version's weights: what its tag and the dvc.lock of its commit say. Raises IntegrityError."""
    place = f"data/weights/{version.name}"
    lock = dvc.parse_lock(git.show(root, version.commit, "dvc.lock") or "")
    locked = dvc.outputs(lock, [f"train@{version.name}"]).get(place)
    told: str | None = version.message.get("weights") or locked
    if not told:
        raise IntegrityError(
            f"{version.tag} has no weights: neither its tag nor the dvc.lock of its commit names {place}"
        )
    if locked not in (None, told):
        raise IntegrityError(
            f"{version.tag} names weights {told}, the dvc.lock of its commit {locked}; one of them was tampered with"
        )
    return told


def deliver(root: Path, md5: str, folder: Path, *, link: bool = False) -> dict[str, str]:
    """Fill the new `folder` with a folder output, whole or not at all; file → hash of what was brought.

    Raises IntegrityError, RemoteUnreachable.
    """
    with dvc.opened(root) as repo:
        paths = bring(repo, [md5])
    dvc.materialise(root, md5, folder, link=link)
    return {entry["relpath"]: entry["md5"] for entry in json.loads(paths[md5].read_text(encoding="utf-8"))}


def folder_of(root: Path, version: Version) -> Path:
    """A version's weights in a folder of the workspace's own, made when it is first asked for."""
    return folder(root, weights(root, version))


def folder(root: Path, md5: str, *, link: bool = False) -> Path:
    """The same of any folder output, by its hash."""
    place = layout.private(root) / "models" / md5
    if not place.is_dir():
        deliver(root, md5, place, link=link)
    return place


def bring(repo: Any, hashes: Iterable[str]) -> dict[str, Path]:
    """Hash → cache file of all `hashes` and of every file inside those that are folders.

    What the cache lacks, or holds with other bytes than its hash says, comes from the remote.
    """
    found = {}
    waiting = list(hashes)
    while waiting:
        md5 = waiting.pop()
        path = Path(repo.cache.local.oid_to_path(md5))
        if not path.is_file() or digest(path) != md5.removesuffix(".dir"):
            _download(repo, md5, path)
        found[md5] = path
        if md5.endswith(".dir"):
            waiting += [entry["md5"] for entry in json.loads(path.read_text(encoding="utf-8"))]
    return found


def _download(repo: Any, md5: str, path: Path) -> None:
    """Fetch one object to the cache; it is put there only when its bytes are what its hash says."""
    damaged = path.is_file()
    here = f"object {md5} {'is damaged' if damaged else 'is not'} in the cache"
    if not repo.config["core"].get("remote"):
        raise IntegrityError(
            f"{here}, and no DVC remote is set to fetch it from; set one: dvc remote add --local --default NAME URL"
        )
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=".fetching-")
    os.close(handle)
    temporary = Path(name)
    try:
        remote = repo.cloud.get_remote_odb()
        try:
            remote.fs.get_file(remote.oid_to_path(md5), str(temporary))
        except FileNotFoundError:
            raise IntegrityError(
                f"{here}, and not on the remote {remote.path}; whoever has it must run: dvc push"
            ) from None
        except dvc.away() as error:
            no_space = full(error) if isinstance(error, OSError) else None
            raise no_space or RemoteUnreachable(f"{here}, and the remote does not give it: {error}") from None
        got = digest(temporary)
        if got != md5.removesuffix(".dir"):
            raise IntegrityError(
                f"{here}, and on the remote it has other bytes (their hash is {got}); it cannot be used"
            )
        temporary.chmod(0o444)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def _listing(repo: Any, md5: str) -> str:
    """What a folder object says is in it."""
    path = Path(repo.cache.local.oid_to_path(md5))
    if not path.is_file():
        _download(repo, md5, path)
    return path.read_text(encoding="utf-8")


def digest(path: Path) -> str:
    """The MD5 of a file's bytes, by which DVC names it."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, lambda: hashlib.md5(usedforsecurity=False)).hexdigest()


def check_remote(root: Path, version: Version) -> int:
    """How many objects a version consists of, all of them listed on the remote. Raises IntegrityError.

    Listed are data, samples, weights and report, as the dvc.lock of its commit names them.
    """
    lock = dvc.parse_lock(git.show(root, version.commit, "dvc.lock") or "")
    stages = layout.stages(version.name, version.message.get("source", ""))
    cached = layout.cached(dvc.outputs(lock, stages) | {f"data/weights/{version.name}": weights(root, version)})
    with dvc.opened(root) as repo:
        wanted = set(cached)
        for md5 in cached:
            if md5.endswith(".dir"):
                wanted |= {entry["md5"] for entry in json.loads(_listing(repo, md5))}
        missing = dvc.missing(repo, wanted)
    if missing:
        raise IntegrityError(
            f"{len(missing)} of the {len(wanted)} objects of {version.tag} are not on the remote, the first is {missing[0]}; "
            "whoever has them must run: dvc push --all-tags"
        )
    return len(wanted)
