"""Text files of which each line is an asset, named `<file>#<number>`; blank lines are none.

The label goes before a separator (`label text`), or comes from the path of the file, or there is none. A line is kept
in the encoding that the source declares, UTF-8 without one.
"""

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

from media import line_file, tree
from media.labelling import PathRule, is_document
from media.named_file import NamedFile
from media.sources import Item, Place
from project.errors import UsageError
from project.source import LabelRule, Source

DEFAULT_ENCODING = "utf-8"
Labelled = Callable[[str, str, str], Item]
"""(name of the line, path of its file, its text) → the item."""


def reader(source: Source, place: Place) -> "LinesReader":
    """Raises UsageError when the folder or a named file does not exist."""
    return LinesReader(source, place)


class LinesReader:
    """Reads the source's `file`, or every file below its folder."""

    def __init__(self, source: Source, place: Place) -> None:
        self._place = place
        self._kind = source.kind
        self._encoding = source.encoding or DEFAULT_ENCODING
        self._file = NamedFile(source, place, source.file) if source.file else None
        if self._file is None:
            place.found()
        self._labelled = _labeller(source.label, source.kind, self._encoding)

    def fingerprint(self) -> str:
        return self._file.state() if self._file else tree.state(self._place.found())

    def items(self) -> Iterator[Item]:
        for name, path in self._files():
            for number, line in enumerate(line_file.lines(path, self._encoding), 1):
                if line.strip():
                    yield self._labelled(f"{name}#{number:06d}", name, line)

    def _files(self) -> Iterator[tuple[str, Path]]:
        if self._file:
            yield self._file.name, self._file.fetch()
            return
        for name, entry in tree.walk(self._place.found()):
            if entry.is_file(follow_symlinks=False) and not is_document(name, self._kind):
                yield name, Path(entry.path)


def _labeller(rule: LabelRule, kind: str, encoding: str) -> Labelled:
    if rule.separator is not None:
        return partial(_before, rule.separator, encoding)
    if rule.sidecar is not None:
        raise UsageError(
            "label.sidecar labels whole files; give separator, folder, pattern, constant or none for lines"
        )
    by_path = PathRule(rule, kind)
    return lambda name, path, line: by_path.item(path, partial(line.encode, encoding), name=name)


def _before(separator: str, encoding: str, name: str, path: str, line: str) -> Item:
    label, found, text = line.partition(separator)
    if not (label.strip() and found and text.strip()):
        reason = f"no label: the line is not a label, {separator!r} and a text"
        return Item(name, (), "", "", partial(line.encode, encoding), reason)
    return Item(name, (label.strip(),), "", "", partial(text.encode, encoding))
