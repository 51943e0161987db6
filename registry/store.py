"""The two places that keep DVC's objects, the cache and the remote, object by object; and what every object is needed for."""

import contextlib
import hashlib
import json
import shutil
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from project import layout
from project.errors import IntegrityError, RemoteUnreachable, full
from registry import dvc, git, tags

PIECE_BYTES = 1 << 20
EMPTY = "d41d8cd98f00b204e9800998ecf8427e"
"""The name of the object without bytes, the only one that may be empty."""


class Place:
    """Objects by the hash of their bytes: `d41d…`, and `d41d….dir` for the listing of a folder."""

    def __init__(self, name: str, odb: Any) -> None:
        self.name = name
        self._odb = odb

    def names(self) -> list[str]:
        """Every object that there is, sorted. Raises RemoteUnreachable."""
        with self._answering():
            return sorted(self._odb.all())

    def size(self, md5: str) -> int | None:
        """The bytes of an object; None where it is missing, or no file of its own."""
        path = self._odb.oid_to_path(md5)
        if self.is_link(md5):
            return None
        with self._answering():
            return int(self._odb.fs.size(path)) if self._odb.fs.isfile(path) else None

    def is_link(self, md5: str) -> bool:
        """Whether a symbolic link stands for an object: nobody knows then who may change its bytes."""
        with self._answering():
            return bool(self._odb.fs.is_symlink(self._odb.oid_to_path(md5)))

    def digest(self, md5: str) -> str:
        """The MD5 of the bytes that are there under this name."""
        found = hashlib.md5(usedforsecurity=False)
        with self._answering(), self._odb.fs.open(self._odb.oid_to_path(md5), "rb") as file:
            while piece := file.read(PIECE_BYTES):
                found.update(piece)
        return found.hexdigest()

    def read(self, md5: str) -> bytes | None:
        """The bytes of an object; None where it is missing, or they are not what its name says."""
        if self.size(md5) is None:
            return None
        with self._answering(), self._odb.fs.open(self._odb.oid_to_path(md5), "rb") as file:
            data = bytes(file.read())
        return data if hashlib.md5(data, usedforsecurity=False).hexdigest() == md5.removesuffix(".dir") else None

    def listing(self, md5: str) -> dict[str, str] | None:
        """Path → hash of each file of a folder; None where its listing is missing or damaged. Raises IntegrityError."""
        data = self.read(md5)
        return entries(md5, data) if data is not None else None

    def remove(self, md5: str) -> None:
        with self._answering():
            self._odb.delete(md5)

    def move(self, md5: str, to: Path) -> None:
        """Take an object out of a place on this machine."""
        shutil.move(self._odb.oid_to_path(md5), to)

    def replace(self, md5: str, data: Path) -> None:
        """Put the file `data` where an object is missing or damaged."""
        path = self._odb.oid_to_path(md5)
        with self._answering():
            self._odb.fs.makedirs(self._odb.fs.parent(path), exist_ok=True)
            if self._odb.fs.exists(path):
                self._odb.fs.remove(path)
            self._odb.fs.put_file(str(data), path)

    @contextlib.contextmanager
    def _answering(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise full(error) or RemoteUnreachable(
                f"the {self.name} does not answer: {' '.join(str(error).split()) or type(error).__name__}"
            ) from None


def entries(md5: str, data: bytes) -> dict[str, str]:
    """The files of a folder listing. Raises IntegrityError for what is none, or names a file outside of its folder."""
    try:
        found = {entry["relpath"]: entry["md5"] for entry in json.loads(data)}
    except (ValueError, KeyError, TypeError):
        raise IntegrityError(f"object {md5} is no listing of a folder; it was tampered with") from None
    for path, name in found.items():
        parts = path.split("/")
        if path.startswith("/") or ".." in parts or "" in parts or "\\" in path or "\0" in path or not _is_md5(name):
            raise IntegrityError(
                f"object {md5} names {path!r}, which lies outside its folder or is no object; it was tampered with"
            )
    return found


def _is_md5(name: str) -> bool:
    return len(name) == 32 and set(name) <= set("0123456789abcdef")


def cache(repo: Any) -> Place:
    return Place("cache", repo.cache.local)


def remote(repo: Any) -> Place | None:
    """The default remote; None where there is none."""
    name = repo.config["core"].get("remote")
    return Place(f"remote {name}", repo.cloud.get_remote_odb()) if name else None


Needs = dict[str, list[str]]
"""Object → who needs it, in words."""


def needed(root: Path, places: Iterable[Place], *, retired: bool) -> tuple[Needs, list[str]]:
    """What versions, branches, the workspace and unfinished runs need: each object, and in words by whom.

    `places` are where listings of folders are looked up, in order; second come those that no place has. With `retired`,
    also all else that a tag reaches: versions that were taken back, and what others had made when a version was tagged.
    """
    needs: Needs = {}
    lost: list[str] = []
    listings: dict[str, list[str]] = {}
    for who, hashes in _users(root, retired):
        for md5 in hashes:
            if md5.endswith(".dir") and md5 not in listings:
                found = next((found for place in places if (found := place.listing(md5)) is not None), None)
                lost += [md5] if found is None else []
                listings[md5] = list((found or {}).values())
            for each in (md5, *listings.get(md5, ())):
                whom = needs.setdefault(each, [])
                if who not in whom:
                    whom.append(who)
    return needs, lost


def _users(root: Path, retired: bool) -> Iterator[tuple[str, list[str]]]:
    """(who, objects) of everything that must not lose any."""
    lines = tags.lines(root)
    kept = {version.tag for version in tags.standing(lines)}
    for version in (version for line in lines.values() for version in line.versions.values()):
        if version.tag in kept:
            yield version.tag, layout.cached(dvc.outputs(*_own(_lock_at(root, version.commit), version.name)))
    if retired:
        for tag, commit in git.references(root, "refs/tags").items():
            yield f"tag {tag}", _all(_lock_at(root, f"{commit}^{{commit}}"))
    for branch, commit in git.references(root, "refs/heads").items():
        yield f"branch {branch}", _all(_lock_at(root, commit))
    for folder in [root, *(tree.folder for tree in git.worktrees(root))]:
        name = "the workspace" if folder == root else f"unfinished run {folder.name}"
        yield name, _all(dvc.read_lock(folder))


def _lock_at(root: Path, commit: str) -> dict[str, Any]:
    return dvc.parse_lock(git.show(root, commit, "dvc.lock") or "")


def _all(lock: dict[str, Any]) -> list[str]:
    return layout.cached(dvc.outputs(lock, lock))


def _own(lock: dict[str, Any], model: str) -> tuple[dict[str, Any], list[str]]:
    """Of the dvc.lock at a version's commit only the stages of that model belong to the version."""
    needs = lock.get(f"augment@{model}", {}).get("deps", ())
    sources = [dep["path"].rpartition("/")[2] for dep in needs if dep["path"].startswith("data/assets/")]
    return lock, [f"ingest@{source}" for source in sources] + [f"{verb}@{model}" for verb in layout.VERBS]


def owners(needs: Mapping[str, list[str]], md5: str) -> list[str]:
    """Who needs an object, versions first."""
    return sorted(needs.get(md5, ()), key=lambda who: ("@" not in who, who))
