"""Files of the studio's own that an operation reads: named in an `augment:` section, kept in git, known by their hash."""

import hashlib
from pathlib import Path
from typing import Any, NamedTuple

LARGEST_BYTES = 16 << 20


class ProjectFile(NamedTuple):
    """A file below the project's folder, as it was when the section was read."""

    path: str
    sha256: str

    def read(self) -> bytes:
        """Its bytes. Raises ValueError when they are no longer those."""
        data = Path(self.path).read_bytes()
        if hashlib.sha256(data).hexdigest() != self.sha256:
            raise ValueError(f"{self.path} has changed since the section that names it was read; run it again")
        return data


def project_file(value: Any) -> ProjectFile:
    """The file that a section names, relative to the current folder. Raises ValueError with the rule."""
    if not isinstance(value, str) or not value:
        raise ValueError("must be a path below the project")
    path = Path(value)
    if path.is_absolute() or ".." in path.parts:
        raise ValueError(f"{value} must be a path below the project, so that every machine finds it")
    if not path.is_file():
        raise ValueError(f"{value} must be a file of the project: put it there and into git")
    if path.stat().st_size > LARGEST_BYTES:
        raise ValueError(f"{value} must not be larger than {LARGEST_BYTES >> 20} MB")
    return ProjectFile(path.as_posix(), hashlib.sha256(path.read_bytes()).hexdigest())
