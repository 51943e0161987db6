"""Objects of S3, Google Cloud Storage or Azure, through fsspec. Only those that are new or changed are fetched.

Keys, profile and endpoint come from the environment (AWS_PROFILE, AWS_ENDPOINT_URL …), never from params.yaml.
"""

import hashlib
import importlib.util
import json
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from media import folders, tree
from media.places import Clone, Fetched
from project.errors import DailiesError, RemoteUnreachable, UsageError, full
from project.params import listing
from project.source import Source, leads_out

PACKAGES = {"s3": "s3fs", "gs": "gcsfs", "az": "adlfs"}
OPTIONS: Mapping[str, Mapping[str, Any]] = {
    "s3": {"config_kwargs": {"connect_timeout": 10, "retries": {"max_attempts": 3}}},
}
"""What each file system is opened with, so that a server that is gone is known to be within a minute."""
AT_ONCE = 64
"""Objects asked for together: they are small as a rule, and each costs a round trip."""
LONGEST_NAME_BYTES = 255

Objects = dict[str, tuple[int, str]]
"""Key below the prefix → size in bytes, and the tag that changes with the content."""


def place(source: Source, folder: Path, clone: Clone) -> "Storage":
    """Raises UsageError for a protocol that is unknown, or whose package is not installed."""
    address = "/".join(filter(None, [(source.storage or "").rstrip("/"), (source.path or "").strip("/")]))
    protocol = address.partition("://")[0]
    if protocol not in PACKAGES:
        raise UsageError(f"storage {address!r} has a protocol that is unknown; {listing(protocol, PACKAGES)}")
    if importlib.util.find_spec(PACKAGES[protocol]) is None:
        raise UsageError(f"storage {address!r} needs a package more; run: pip install {PACKAGES[protocol]}")
    return Storage(address, int(source.largest_gib * (1 << 30)), folder)


@dataclass(frozen=True, slots=True)
class Storage:
    """The objects below `address`, each as a file of its key in `folder`; beside that lies a list of what is there."""

    address: str
    largest_bytes: int
    folder: Path

    def state(self) -> str:
        there = sorted(self._objects(self._open()).items())
        return hashlib.sha256(json.dumps(there).encode()).hexdigest()

    def fetch(self) -> Fetched:
        system = self._open()
        there = self._objects(system)
        refused = _unfit(there, self.largest_bytes)
        wanted = {key: mark for key, mark in there.items() if key not in refused and not _is_hidden(key)}
        here = self._here(wanted)
        self._remove_all_but(here)
        self._note(here, "w")
        self._bring(system, [key for key in sorted(wanted) if key not in here], wanted)
        if self._objects(system) != there:
            raise DailiesError(f"{self.address} changed while it was fetched; run again when it is at rest")
        return Fetched(self.folder, refused)

    def _open(self) -> Any:
        import fsspec

        protocol = self.address.partition("://")[0]
        options = OPTIONS.get(protocol, {})
        with self._explained():
            return fsspec.filesystem(protocol, skip_instance_cache=True, use_listings_cache=False, **options)

    def _objects(self, system: Any) -> Objects:
        """Raises RemoteUnreachable, and UsageError when there is nothing."""
        root = self.address.partition("://")[2] + "/"
        with self._explained():
            found = system.find(root.rstrip("/"), detail=True)
        objects = {
            name.removeprefix(root): (int(info["size"]), _tag(info))
            for name, info in found.items()
            if info["type"] == "file" and name.startswith(root) and not name.endswith("/")
        }
        if not objects:
            raise UsageError(f"{self.address} holds no object; correct storage or path")
        return objects

    def _here(self, wanted: Objects) -> Objects:
        """Which of the wanted objects were fetched before, and are still as they were then."""
        listed: Objects = {}
        if self._list.is_file():
            for line in self._list.read_text(encoding="utf-8").splitlines():
                try:
                    key, size, tag = json.loads(line)
                except ValueError:  # the last line of a run that was killed
                    continue
                listed[key] = (size, tag)
        return {
            key: mark
            for key, mark in wanted.items()
            if listed.get(key) == mark and (file := self.folder / key).is_file() and file.stat().st_size == mark[0]
        }

    def _remove_all_but(self, keys: Objects) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        for path, entry in tree.walk(self.folder):
            if path not in keys:
                Path(entry.path).unlink()
        for folder in sorted(self.folder.rglob("*/"), reverse=True):
            if not any(folder.iterdir()):
                folder.rmdir()

    def _bring(self, system: Any, keys: Sequence[str], wanted: Objects) -> None:
        """Fetch objects beside the folder, and move each in when it is whole. What is there is noted as it comes."""
        beside = self.folder.with_name(f"{self.folder.name}.part")
        for start in range(0, len(keys), AT_ONCE):
            some = keys[start : start + AT_ONCE]
            shutil.rmtree(beside, ignore_errors=True)
            beside.mkdir()
            files = [beside / str(number) for number in range(len(some))]
            with self._explained():
                system.get([f"{self.address.partition('://')[2]}/{key}" for key in some], [str(file) for file in files])
            for key, file in zip(some, files, strict=True):
                self._move_in(file, key, wanted[key][0])
            self._note({key: wanted[key] for key in some}, "a")
        shutil.rmtree(beside, ignore_errors=True)

    def _move_in(self, file: Path, key: str, size: int) -> None:
        if file.stat().st_size != size:
            raise DailiesError(f"{self.address}/{key} changed while it was fetched; run again when it is at rest")
        (self.folder / key).parent.mkdir(parents=True, exist_ok=True)
        folders.sync(file)
        file.replace(self.folder / key)

    def _note(self, objects: Objects, mode: str) -> None:
        with self._list.open(mode, encoding="utf-8") as file:
            file.writelines(json.dumps([key, *mark]) + "\n" for key, mark in objects.items())

    @property
    def _list(self) -> Path:
        return self.folder.with_name(f"{self.folder.name}.list")

    @contextmanager
    def _explained(self) -> Iterator[None]:
        """Every file system has a tree of errors of its own; all of them say here that the place cannot be read."""
        try:
            yield
        except Exception as error:
            if isinstance(error, OSError) and (no_space := full(error)):
                raise no_space from None
            said = " ".join(str(error).split()) or type(error).__name__
            raise RemoteUnreachable(
                f"{self.address} cannot be read: {said}; check the address, and the keys in the environment"
            ) from None


def _tag(info: Mapping[str, Any]) -> str:
    """What changes with an object's content, as one service or another calls it."""
    for name in ("ETag", "etag", "md5Hash", "LastModified", "last_modified", "updated"):
        if info.get(name):
            return str(info[name]).strip('"')
    return ""


def _unfit(there: Objects, largest_bytes: int) -> dict[str, str]:
    """Which objects cannot be files, and why."""
    above = {key[:end] for key in there for end, letter in enumerate(key) if letter == "/"}
    reasons = {key: _fault(key, size, largest_bytes, key in above) for key, (size, _) in there.items()}
    return {key: reason for key, reason in reasons.items() if reason}


def _fault(key: str, size: int, largest_bytes: int, is_folder: bool) -> str:
    parts = key.split("/")
    if leads_out(key) or "" in parts or "." in parts:
        return "its key is no path of a file"
    if any(len(part.encode()) > LONGEST_NAME_BYTES for part in parts):
        return f"a name in its key is longer than {LONGEST_NAME_BYTES} bytes"
    if is_folder:
        return "its key is that of a folder too; rename one"
    return f"larger than {largest_bytes:,} bytes; see largest_gib" if size > largest_bytes else ""


def _is_hidden(key: str) -> bool:
    return any(part.startswith(".") for part in key.split("/"))
