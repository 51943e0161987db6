"""Assets that are made instead of gathered: every file here makes assets of one kind, and is found by being here.

Each is a `Generator`: an asset follows from its settings, its label and its draws alone.
"""

import importlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Protocol, cast

import numpy as np

from project import params
from project.errors import UsageError
from project.source import Strict


class Generator(Protocol):
    """What a file of this folder has."""

    KIND: str
    """The kind of its assets."""
    SUFFIX: str
    """How their names end."""
    Settings: type[Strict]
    """What it may be told, with defaults."""

    def labels(self, settings: Any) -> Sequence[str]:
        """The labels that its assets get in turn, so that there are equally many of each; none when they have none."""
        ...

    def make(self, draws: np.random.Generator, settings: Any, label: str) -> bytes:
        """The file of one asset."""
        ...


def names() -> list[str]:
    """All generators: the files of this folder."""
    return sorted(path.stem for path in Path(__file__).parent.glob("[a-z]*.py"))


def load(name: str, where: str) -> Generator:
    """The generator of that name. Raises UsageError, with `where` the name was found, when there is none."""
    if name not in names():
        raise UsageError(f"{where} is {name!r}, not a file in media/generators/; {params.listing(name, names())}")
    return cast(Generator, importlib.import_module(f"media.generators.{name}"))
