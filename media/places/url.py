"""Files below an address: those that `sha256` lists, and those that the source names otherwise."""

import hashlib
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from media import digests, download, tree
from media.https import Reach
from media.places import Clone, Fetched
from project.errors import UsageError
from project.source import Source, names_several


def place(source: Source, folder: Path, clone: Clone) -> "Files":
    """Raises UsageError when no file is named."""
    files = (source.file, source.target, source.images, source.labels)
    named = {name for name in files if name and not names_several(name)}
    if not named | source.sha256.keys():
        raise UsageError(f"{source.url} has no list of files; name each with its hash in sha256")
    return Files(source, tuple(sorted(named | source.sha256.keys())), not named, folder)


@dataclass(frozen=True, slots=True)
class Files:
    """`names` below the address of `source`, and, if they are all, nothing else in `folder`."""

    source: Source
    names: tuple[str, ...]
    all: bool
    folder: Path

    def state(self) -> str:
        known = [f"{name} {self.source.sha256.get(name) or self.source.url}" for name in self.names]
        return hashlib.sha256("\n".join(known).encode()).hexdigest()

    def fetch(self) -> Fetched:
        reach = Reach.of(self.source)
        for name in self.names:
            fetch(self.source, name, self.folder, reach)
        for path, entry in tree.walk(self.folder) if self.all else []:
            if path not in self.names:
                Path(entry.path).unlink()
        return Fetched(self.folder)


def fetch(source: Source, name: str, folder: Path, reach: Reach) -> Path:
    """Where the file `name` of the source's address lies, after getting it if need be."""
    to, declared = folder / name, source.sha256.get(name)
    if to.is_file() and not (declared and digests.other(to, declared)):
        return to
    return download.fetch(
        f"{(source.url or '').rstrip('/')}/{quote(name)}",
        to,
        reach,
        sha256=declared,
        largest_bytes=int(source.largest_gib * (1 << 30)),
    )
