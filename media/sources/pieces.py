"""A JSON file of many pieces: a list, or an object that gives the list of each official split. A piece is an asset.

format  JSB chorales (https://github.com/czhuang/JSB-Chorales-dataset): {"train": […], "valid": […], "test": […]}, where a
        piece is a list of time steps, each a list of MIDI notes

An asset is named `<file>#<split>/<number>`, and holds its piece as JSON without white space.
"""

import json
from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any

from media import tree
from media.named_file import NamedFile
from media.official_split import official_split
from media.printable import printable
from media.sources import Item, Place
from project.errors import IntegrityError, UsageError
from project.source import Source


def reader(source: Source, place: Place) -> "PiecesReader":
    """Raises UsageError when no file is named, or it does not exist."""
    if source.file is None:
        raise UsageError(f"source {place.name!r} has format pieces; name its file, or one for each of its parts")
    return PiecesReader(NamedFile(source, place, source.file), source.encoding or "utf-8-sig")


class PiecesReader:
    """Each piece is an asset, by split and in the order of the file."""

    def __init__(self, file: NamedFile, encoding: str) -> None:
        self._file = file
        self._encoding = encoding

    def fingerprint(self) -> str:
        return self._file.state()

    def items(self) -> Iterator[Item]:
        for named, pieces in sorted(self._splits().items()):
            split, refused = official_split(printable(named))
            for number, piece in enumerate(pieces, 1):
                name = f"{self._file.name}#{printable(named)}{'/' * bool(named)}{number:06d}"
                yield Item(name, (), "", split, partial(_written, piece), refused)

    def _splits(self) -> Mapping[str, list[Any]]:
        path = self._file.fetch()
        try:
            found = json.loads(tree.read(str(path)).decode(self._encoding))
        except (ValueError, RecursionError) as error:
            raise IntegrityError(f"{path} is not JSON in {self._encoding}: {error}") from None
        except OSError as error:
            raise IntegrityError(f"{path} cannot be read: {error.strerror}") from None
        splits = found if isinstance(found, dict) else {"": found}
        if not all(isinstance(pieces, list) for pieces in splits.values()):
            raise IntegrityError(f"{path} is neither a list of pieces nor an object with such a list for each split")
        return splits


def _written(piece: Any) -> bytes:
    return json.dumps(piece, separators=(",", ":")).encode()
