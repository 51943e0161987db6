"""A folder of files. Label, group and official split are read from each path.

Hidden files and folders are skipped. Links are refused and never followed: what they point to is no part of the source.
"""

import errno
import hashlib
import os
import re
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from media.sources import DOCUMENT, Item, Place
from project.errors import UsageError
from project.params import LabelRule, Source

LARGEST_ASSET_BYTES = 1 << 30
SPLITS = {
    "train": "train", "training": "train",
    "validation": "validation", "valid": "validation", "val": "validation", "dev": "validation",
    "test": "test", "testing": "test",
}  # fmt: skip
DOCUMENT_NAME = re.compile(r"(readme(\..*)?|.*\.readme|licen[cs]e|copying|notice|authors|changelog)", re.IGNORECASE)
DOCUMENT_SUFFIXES = {".md", ".rst", ".txt", ".csv", ".tsv", ".json", ".xml", ".yaml", ".yml", ".html", ".pdf", ".db"}
KINDS_WITHOUT_TEXT = {"image", "audio", "video"}


def reader(source: Source, place: Place) -> "FolderReader":
    """Raises UsageError when the folder does not exist."""
    return FolderReader(place.found(), source.label, source.kind)


class FolderReader:
    """Reads the tree below `root`, sorted by path."""

    def __init__(self, root: Path, rule: LabelRule, kind: str) -> None:
        self._root = root
        self._rule = rule
        self._pattern = re.compile(rule.pattern) if rule.pattern else None
        self._kind = kind

    def fingerprint(self) -> str:
        digest = hashlib.sha256()
        for path, entry in _tree(self._root):
            stat = entry.stat(follow_symlinks=False)
            digest.update(f"{path}\0{stat.st_size}\0{stat.st_mtime_ns}\n".encode())
        return digest.hexdigest()

    def items(self) -> Iterator[Item]:
        for path, entry in _tree(self._root):
            yield self._item(path, entry)

    def _item(self, path: str, entry: os.DirEntry[str]) -> Item:
        if entry.is_symlink():
            return Item(path, (), "", "", partial(_link_text, entry.path), "a link; put the file itself here")
        if not entry.is_file(follow_symlinks=False):
            return Item(path, (), "", "", partial(_unreadable, entry.path), "not a regular file")
        load = partial(_read, entry.path)
        if self._is_document(entry.name):
            return Item(path, (), "", "", load, DOCUMENT)
        label, group, split, refused = self._read_path(path)
        return Item(path, (label,) if label else (), group, split, load, refused)

    def _is_document(self, name: str) -> bool:
        suffix = Path(name).suffix.lower()
        return bool(DOCUMENT_NAME.fullmatch(name)) or (self._kind in KINDS_WITHOUT_TEXT and suffix in DOCUMENT_SUFFIXES)

    def _read_path(self, path: str) -> tuple[str, str, str, str]:
        """Label, group, split and the reason for a refusal, each empty when there is none."""
        if self._pattern is None:
            level = self._rule.folder or 1
            folders = path.split("/")[:-1]
            if len(folders) < level:
                return "", "", "", f"no label: it does not lie {level} folder{'s' * (level > 1)} deep"
            return folders[level - 1], "", "", ""
        match = self._pattern.search(path)
        if match is None:
            return "", "", "", "no label: its path does not match the pattern"
        named = {name: text or "" for name, text in match.groupdict().items()}
        split = named.get("split", "")
        if split and split.lower() not in SPLITS:
            return "", "", "", f"its split {split!r} is none of {', '.join(sorted(SPLITS))}"
        reason = "" if named["label"] else "no label: the pattern matches, but its label is empty"
        return named["label"], named.get("group", ""), SPLITS.get(split.lower(), ""), reason


def _tree(root: Path) -> list[tuple[str, os.DirEntry[str]]]:
    """Every entry that is no folder, with its path from `root`, sorted by that path. Raises UsageError."""
    found: list[tuple[str, os.DirEntry[str]]] = []
    waiting = [("", str(root))]
    while waiting:
        prefix, folder = waiting.pop()
        for entry in _entries(folder):
            path = prefix + _printable(entry.name)
            if entry.name.startswith("."):
                continue
            if entry.is_dir(follow_symlinks=False):
                waiting.append((path + "/", entry.path))
            else:
                found.append((path, entry))
    return sorted(found, key=lambda pair: (pair[0], pair[1].name))


def _entries(folder: str) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as entries:
            return list(entries)
    except OSError as error:
        raise UsageError(f"{folder} cannot be listed: {error.strerror}; a source must be readable as a whole") from None


def _printable(name: str) -> str:
    """A file name that is not UTF-8 gets \\x escapes, as a catalog holds text."""
    return os.fsencode(name).decode("utf-8", "backslashreplace")


def _read(path: str) -> bytes:
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW)
    with os.fdopen(descriptor, "rb") as file:
        if os.fstat(descriptor).st_size > LARGEST_ASSET_BYTES:
            raise OSError(errno.EFBIG, f"larger than {LARGEST_ASSET_BYTES >> 20} MiB")
        return file.read()


def _link_text(path: str) -> bytes:
    """What a link points to: the bytes of the link itself, as git sees them."""
    return os.fsencode(Path(path).readlink())


def _unreadable(path: str) -> bytes:
    raise OSError(errno.EINVAL, "not a regular file", path)
