"""A file an asset: `<label>/<path in the source>`, as ImageFolder and its kin read it.

Names are made safe for every file system. Where two would be one, also where capitals do not count, both get their id.
"""

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path, PurePosixPath

from media.catalog import Row
from media.exports import SUFFIX, suffix

UNLABELLED = "unlabelled"
UNSAFE = re.compile(r"[^\w. +()-]")
RESERVED = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\..*)?", re.IGNORECASE)
LONGEST = 100
"""Bytes of UTF-8 in a part of a path; file systems take 255, and an id may have to be added."""
ID_DIGITS = 16


def write(folder: Path, name: str, rows: Sequence[Row], contents: Iterable[bytes]) -> list[str]:
    """One file for each row, at the returned path below `folder`."""
    places = paths(rows)
    for place, data in zip(places, contents, strict=True):
        target = folder / place
        target.parent.mkdir(parents=True, exist_ok=True)
        with target.open("xb") as file:
            file.write(data)
    return places


def paths(rows: Sequence[Row]) -> list[str]:
    """Where each asset goes; no two go to one place, and none where another needs a folder."""
    plain = [_path(row) for row in rows]
    taken = Counter(str(path).casefold() for path in plain)
    taken.update({str(parent).casefold() for path in plain for parent in path.parents})
    return [
        str(path if taken[str(path).casefold()] == 1 else path.with_stem(f"{path.stem}-{row['asset_id'][:ID_DIGITS]}"))
        for row, path in zip(rows, plain, strict=True)
    ]


def _path(row: Row) -> PurePosixPath:
    label = "+".join(row["labels"]) or UNLABELLED
    parts = [part for part in row["paths"][0].split("/") if part not in ("", ".", "..")] or [row["asset_id"]]
    if label in parts[:-1]:
        parts.remove(label)
    if not SUFFIX.fullmatch(PurePosixPath(parts[-1]).suffix.lower()):
        parts[-1] += suffix(row)
    return PurePosixPath(*(_safe(part) for part in (label, *parts)))


def _safe(part: str) -> str:
    """The part of a path with nothing in it that a shell, a person or a file system could take amiss."""
    cleaned = UNSAFE.sub("_", part).strip(". ") or "_"
    if RESERVED.fullmatch(cleaned):
        cleaned = f"_{cleaned}"
    if len(cleaned.encode()) <= LONGEST:
        return cleaned
    ending = PurePosixPath(cleaned).suffix
    room = LONGEST - len(ending.encode())
    return cleaned.encode()[:room].decode(errors="ignore") + ending
