"""A file that a table or an annotation lists: only one that lies in the source's own folder is read."""

from collections.abc import Callable
from functools import partial
from pathlib import Path, PurePosixPath

from media import tree

ABSENT = "listed, but there is no such file"


def listed(folder: Path, path: str) -> tuple[Callable[[], bytes], str]:
    """How to read the file at `path` below `folder`, and why it is refused, if it is."""
    reason = _refused(folder, path)
    return partial(tree.unreadable, reason) if reason else partial(tree.read, str(folder / path)), reason


def _refused(folder: Path, path: str) -> str:
    parts = PurePosixPath(path).parts
    if not parts:
        return "its row names no file"
    if "\0" in path or path.startswith("/") or ".." in parts:
        return "its path leads out of the source's folder"
    place = folder.resolve().joinpath(*parts)
    if place.resolve() != place:
        return "its path leads through a link; put the file itself there"
    if place.is_file():
        return ""
    return "listed, but there is no such regular file" if place.exists() else ABSENT
