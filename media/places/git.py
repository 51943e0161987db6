"""A commit of a git repository. It is fetched without history, and without what its attributes would make of a file."""

import shutil
from dataclasses import dataclass
from pathlib import Path

from media import folders
from media.places import Clone, Fetched
from project.errors import UsageError
from project.source import Source


def place(source: Source, folder: Path, clone: Clone) -> "Commit":
    return Commit(source.git or "", source.commit or "", source.path or "", folder, clone)


@dataclass(frozen=True, slots=True)
class Commit:
    """The files of `commit` lie in a folder of its name. That of a commit read earlier makes room."""

    repository: str
    commit: str
    path: str
    folder: Path
    clone: Clone

    def state(self) -> str:
        return self.commit

    def fetch(self) -> Fetched:
        whole = self.folder / self.commit
        if not whole.is_dir():
            with folders.replacing(whole) as fresh:
                self.clone(self.repository, self.commit, fresh)
        for other in self.folder.iterdir():
            if other != whole:
                shutil.rmtree(other) if other.is_dir() else other.unlink()
        return Fetched(self._inside(whole))

    def _inside(self, whole: Path) -> Path:
        """The folder `path` of the commit. Raises UsageError when there is none, or only one behind a link."""
        inside = whole.resolve() / self.path
        if not inside.is_dir() or inside.resolve() != Path(*inside.parts):
            raise UsageError(f"{self.repository} has no folder {self.path} at {self.commit}; correct path or commit")
        return inside
