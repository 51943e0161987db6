"""A row of a table as an asset: a file that it names or a text that it holds, with what its other cells say."""

from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from media import rights, tree
from media.listed import listed
from media.official_split import official_split
from media.printable import printable
from media.sources import Item
from project.errors import UsageError
from project.params import Columns, listing

RIGHTS = ("licence", "holder", "subject", "consent", "valid_until")


class RowRule:
    """What the columns of a source mean. Files lie below `folder`; texts are kept in `encoding`."""

    def __init__(self, columns: Columns, folder: Path, encoding: str) -> None:
        self._columns = {name: column for name, column in columns.model_dump().items() if column is not None}
        self._folder = folder
        self._encoding = encoding

    def check(self, row: Mapping[str, Any], table: str) -> None:
        """Raise UsageError when a row of `table` lacks a column."""
        known = [name for name in row if name is not None]
        for meaning, column in self._columns.items():
            if column not in known:
                raise UsageError(
                    f"{table} has no column {column!r}, which columns.{meaning} names; {listing(column, known)}"
                )

    def item(self, name: str, row: Mapping[str, Any]) -> Item:
        """The asset of a row; `name` is its path when it names no file."""
        cell = {meaning: row.get(column) for meaning, column in self._columns.items()}
        path, load, refused = self._asset(name, cell)
        split, unknown = official_split(_text(cell.get("split")))
        labels = _labels(cell.get("label"))
        if "label" in cell and not labels:
            unknown = unknown or f"no label: column {self._columns['label']} is empty"
        told = {each: _text(cell[each]) for each in RIGHTS if cell.get(each) is not None}
        refused = refused or unknown or rights.unclear(told)
        if None in row:
            refused = refused or "its row has more cells than the table has columns"
        return Item(path, () if refused else labels, _text(cell.get("group")), split, load, refused, told)

    def _asset(self, name: str, cell: Mapping[str, Any]) -> tuple[str, Callable[[], bytes], str]:
        """Path, how to read it, and the reason for a refusal."""
        if "text" in cell:
            return name, *self._kept("" if cell["text"] is None else str(cell["text"]))
        path = _text(cell["path"])
        return path or name, *listed(self._folder, path)

    def _kept(self, text: str) -> tuple[Callable[[], bytes], str]:
        try:
            data = text.encode(self._encoding)
        except UnicodeEncodeError as error:
            reason = f"its character {error.start:,} does not exist in {self._encoding}"
            return partial(tree.unreadable, reason), reason
        return data.__bytes__, ""


def _labels(value: Any) -> tuple[str, ...]:
    """One label, or several when the cell holds a list."""
    values = value if isinstance(value, list) else [value]
    return tuple(sorted({text for text in map(_text, values) if text}))


def _text(value: Any) -> str:
    return "" if value is None else printable(str(value)).strip()
