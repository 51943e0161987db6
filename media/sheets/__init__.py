"""Sheets to look at a source with: a few assets of each label on one page. Every file here draws one kind.

Each has `SUFFIX`, what its file's name ends with, and `draw(title, shown) -> bytes`.
"""

import importlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from media.catalog import Row
from project.errors import UsageError
from project.params import listing

MOST = 96
"""Assets on a sheet."""


@dataclass(frozen=True, slots=True)
class Shown:
    """One asset on a sheet. The caption is its label, or the reason why it was refused."""

    row: Row
    data: bytes
    caption: str


def kinds() -> list[str]:
    """All kinds that can be drawn: the files of this folder."""
    return sorted(path.stem for path in Path(__file__).parent.glob("[a-z]*.py"))


def check(kind: str) -> None:
    """Raise UsageError for a kind that no file here draws."""
    if kind not in kinds():
        raise UsageError(f"a source of kind {kind!r} has no sheet; {listing(kind, kinds())}")


def suffix(kind: str) -> str:
    ending: str = importlib.import_module(f"media.sheets.{kind}").SUFFIX
    return ending


def draw(kind: str, title: str, shown: Sequence[Shown]) -> bytes:
    """A sheet as the bytes of a file; the same assets give the same bytes."""
    page: bytes = importlib.import_module(f"media.sheets.{kind}").draw(title, shown)
    return page


def chosen(rows: Sequence[Row], most: int = MOST) -> list[Row]:
    """A few rows of each label, of the more frequent labels where there are many, sorted by label and id.

    An id is as good as a draw of lots: it follows from the bytes alone, and is the same tomorrow.
    """
    by_label: dict[str, list[Row]] = {}
    for row in sorted(rows, key=lambda row: row["asset_id"]):
        by_label.setdefault(caption(row), []).append(row)
    frequent = sorted(by_label, key=lambda label: (-len(by_label[label]), label))
    labels = sorted(frequent[:most])
    each = most // max(1, len(labels))
    return [row for label in labels for row in by_label[label][:each]]


def caption(row: Row) -> str:
    """What stands below an asset."""
    return row["reason"] or ", ".join(row["labels"]) or "no label"
