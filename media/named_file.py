"""A file that params.yaml names: in the source's folder, among earlier downloads, or still to be fetched."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from media import digests
from media.https import Reach
from media.places import url
from media.sources import Place
from project.errors import IntegrityError, UsageError
from project.source import Source, names_several


@dataclass(frozen=True, slots=True)
class NamedFile:
    """One file `name` of a source, which may not be at hand yet. Raises UsageError when there is no way to get it.

    It may lie under the name `or_else` as well, which a file goes by once it is unpacked.
    """

    source: Source
    place: Place
    name: str
    or_else: str = ""

    def __post_init__(self) -> None:
        if self._find() is None and self.source.url is None:
            folder = self.place.found()
            raise UsageError(
                f"source {self.place.name!r} has no file {self.name} in {folder}, and no url to get it from"
            )

    def state(self) -> str:
        """A hexadecimal name of the present content, found without reading it."""
        path = self._find()
        known = f"{path.stat().st_size} {path.stat().st_mtime_ns}" if path else f"{self.source.url}/{self.name}"
        return hashlib.sha256(f"{self.name} {self.source.sha256.get(self.name) or known}".encode()).hexdigest()

    def fetch(self) -> Path:
        """Where it lies, after getting it if need be. Raises IntegrityError when it is not what params.yaml says."""
        path = self._find()
        if path is None:
            return url.fetch(self.source, self.name, self.place.downloads, Reach.of(self.source))
        declared = self.source.sha256.get(self.name)
        if declared and (found := digests.other(path, declared)):
            raise IntegrityError(
                f"{path} has SHA-256 {found}, params.yaml says {declared}; delete the file to get it again, "
                "or correct params.yaml"
            )
        return path

    def _find(self) -> Path | None:
        folders = [self.place.folder] if self.place.folder else []
        names = [self.name, self.or_else] if self.or_else else [self.name]
        candidates = [folder / name for folder in (*folders, self.place.downloads) for name in names]
        return next((path for path in candidates if path.is_file()), None)


def named_files(source: Source, place: Place, name: str) -> list[NamedFile]:
    """The file of that name; or all that are at hand, sorted, when it is a pattern with *, ? or [. Raises UsageError."""
    if not names_several(name):
        return [NamedFile(source, place, name)]
    folder = place.found()
    found = sorted(path.relative_to(folder).as_posix() for path in folder.glob(name) if path.is_file())
    if not found:
        raise UsageError(f"source {place.name!r} has no file like {name} in {folder}")
    return [NamedFile(source, place, each) for each in found]


def state(files: Sequence[NamedFile]) -> str:
    """A hexadecimal name of the present content of several files."""
    return hashlib.sha256("\n".join(file.state() for file in files).encode()).hexdigest()
