"""A folder of files. Label, group and official split are read from each path; a label may lie beside it.

Hidden files and folders are skipped. Links are refused and never followed: what they point to is no part of the source.
"""

import os
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from media import tree
from media.labelling import PathRule
from media.sidecars import beside
from media.sources import Item, Place, Reader
from project.source import Source


def reader(source: Source, place: Place) -> Reader:
    """Raises UsageError when the folder does not exist."""
    return beside(FolderReader(place.found(), PathRule(source.label, source.kind)), source)


class FolderReader:
    """Reads the tree below `root`, sorted by path."""

    def __init__(self, root: Path, rule: PathRule) -> None:
        self._root = root
        self._rule = rule

    def fingerprint(self) -> str:
        return tree.state(self._root)

    def items(self) -> Iterator[Item]:
        for path, entry in tree.walk(self._root):
            yield self._item(path, entry)

    def _item(self, path: str, entry: os.DirEntry[str]) -> Item:
        if entry.is_symlink():
            return Item(path, (), "", "", partial(_link_text, entry.path), "a link; put the file itself here")
        if not entry.is_file(follow_symlinks=False):
            reason = "not a regular file"
            return Item(path, (), "", "", partial(tree.unreadable, reason), reason)
        return self._rule.item(path, partial(tree.read, entry.path), stamp=tree.stamp(entry))


def _link_text(path: str) -> bytes:
    """What a link points to: the bytes of the link itself, as git sees them."""
    return os.fsencode(Path(path).readlink())
