"""Sentences and their translations. A pair is an asset: two lines, the source and the target.

Either two files, plain or gzipped, whose lines belong together one by one; or one file with a tab between the two, whose
third column, where it has one, says to whom the pair is owed. The translations of one sentence are a group.
"""

from collections.abc import Iterator
from functools import partial

from media import line_file, named_file, tree
from media.named_file import NamedFile
from media.printable import printable
from media.sources import Item, Place
from project.errors import UsageError
from project.source import Source

Cells = tuple[str, ...]
"""Source, target and, where it is said, the holder."""


def reader(source: Source, place: Place) -> "PairsReader":
    """Raises UsageError when no file is named, or one does not exist."""
    if source.file is None:
        raise UsageError(
            f"source {place.name!r} has format pairs; name its file, and the target file unless a line holds both sides"
        )
    names = [source.file, source.target] if source.target else [source.file]
    files = [NamedFile(source, place, name, name.removesuffix(".gz")) for name in names]
    separator = (source.dialect and source.dialect.separator) or "\t"
    return PairsReader(files, separator, source.encoding or "utf-8")


class PairsReader:
    """Each line is an asset, named `<file>#<number>`; lines that are blank on both sides are none."""

    def __init__(self, files: list[NamedFile], separator: str, encoding: str) -> None:
        self._files = files
        self._separator = separator
        self._encoding = encoding

    def fingerprint(self) -> str:
        return named_file.state(self._files)

    def items(self) -> Iterator[Item]:
        lines = self._parallel() if len(self._files) > 1 else self._split()
        for number, cells in enumerate(lines, 1):
            if any(map(str.strip, cells)):
                yield _item(f"{self._files[0].name}#{number:06d}", cells, self._encoding)

    def _parallel(self) -> Iterator[Cells]:
        sources, targets = (line_file.lines(file.fetch(), self._encoding) for file in self._files)
        if len(sources) != len(targets):
            names = [file.name for file in self._files]
            raise UsageError(
                f"{names[0]} has {len(sources):,} lines but {names[1]} has {len(targets):,}; they must be pairs"
            )
        return zip(sources, targets, strict=True)

    def _split(self) -> Iterator[Cells]:
        for line in line_file.lines(self._files[0].fetch(), self._encoding):
            yield tuple(line.split(self._separator))


def _item(name: str, cells: Cells, encoding: str) -> Item:
    said, meant = (cell.strip() for cell in (*cells, "")[:2])
    rights = {"holder": printable(cells[2]).strip()} if len(cells) > 2 else {}
    if reason := _fault(said, meant, cells):
        return Item(name, (), "", "", partial(tree.unreadable, reason), reason, rights)
    return Item(name, (), printable(said), "", partial(f"{said}\n{meant}".encode, encoding), rights=rights)


def _fault(said: str, meant: str, cells: Cells) -> str:
    if not said or not meant:
        return f"its {'target' if said else 'source'} is missing; a pair has both sides"
    if len(cells) > 3:
        return f"its line has {len(cells)} cells; a source, a target and a holder are expected"
    return "a line end inside of a line" if "\r" in said + meant else ""
