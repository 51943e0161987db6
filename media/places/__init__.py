"""Where files of a source lie that are not on this machine: every file here is one kind of place, and is found by being
here. It has the name of the key in params.yaml, and `place(source, folder, clone) -> Remote`.
"""

import fcntl
import importlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from project.errors import UsageError
from project.source import REMOTE, Source

Clone = Callable[[str, str, Path], None]
"""(repository, commit, empty folder): fill the folder with the files of the commit."""


@dataclass(frozen=True, slots=True)
class Fetched:
    """What was brought here: a folder, and why some files could not be put into it, by their path."""

    folder: Path
    refused: Mapping[str, str] = field(default_factory=dict)


class Remote(Protocol):
    """A place elsewhere."""

    def state(self) -> str:
        """A hexadecimal name of the present content, found without fetching it. Raises RemoteUnreachable."""
        ...

    def fetch(self) -> Fetched:
        """Bring here what is not here yet, and return when everything is. What an earlier try has brought is kept."""
        ...


def no_git(repository: str, commit: str, folder: Path) -> None:
    """Stands in where nothing is to be fetched."""
    raise UsageError(f"{repository} is not at hand, and nothing was given to fetch commit {commit} into {folder}")


def kind(source: Source) -> str:
    """Which kind of place a source names; empty for none."""
    return next((each for each in REMOTE if getattr(source, each)), "")


@contextmanager
def alone(folder: Path) -> Iterator[None]:
    """Wait until nobody else fills `folder`: two runs may read the same source."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    with folder.with_name(f"{folder.name}.lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def remote(source: Source, folder: Path, clone: Clone) -> Remote:
    """The place of a source, of which `kind` must be known. `folder` keeps what is fetched from one run to the next."""
    opened: Remote = importlib.import_module(f"media.places.{kind(source)}").place(source, folder, clone)
    return opened
