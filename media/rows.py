"""A row of a table as an asset: a file that it names or a text that it holds, with what its other cells say."""

import re
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
from project.params import listing
from project.source import Columns

MADE = ("path", "text")
PLACEHOLDER = re.compile(r"\{([^{}]+)\}")
RIGHTS = ("licence", "holder", "subject", "consent", "valid_until", *rights.USES)


class RowRule:
    """What the columns of a source mean. Files lie below `folder`; texts are kept in `encoding`.

    `label` is that of every row when no column has it.
    """

    def __init__(self, columns: Columns, folder: Path, encoding: str, label: str = "") -> None:
        self._columns = {name: column for name, column in columns.model_dump().items() if column is not None}
        self._folder = folder
        self._encoding = encoding
        self._label = label

    def check(self, row: Mapping[str | None, Any], table: str) -> None:
        """Raise UsageError when a row of `table` lacks a column."""
        known = [name for name in row if name is not None]
        for meaning, said in self._columns.items():
            for column in _named(meaning, said):
                if column not in known:
                    raise UsageError(
                        f"{table} has no column {column!r}, which columns.{meaning} names; {listing(column, known)}"
                    )

    def item(self, name: str, row: Mapping[str | None, Any]) -> Item:
        """The asset of a row; `name` is its path when it names no file."""
        cell = {meaning: _cell(meaning, said, row) for meaning, said in self._columns.items()}
        path, load, refused = self._asset(name, cell)
        split, unknown = official_split(plain(cell.get("split")))
        labels = _labels(cell.get("label", self._label))
        if "label" in cell and not labels:
            unknown = unknown or f"no label: column {self._columns['label']} is empty"
        told = {each: plain(cell[each]) for each in RIGHTS if cell.get(each) is not None}
        refused = refused or unknown or rights.unclear(told)
        if None in row:
            refused = refused or "its row has more cells than the table has columns"
        return Item(path, () if refused else labels, plain(cell.get("group")), split, load, refused, told)

    def _asset(self, name: str, cell: Mapping[str, Any]) -> tuple[str, Callable[[], bytes], str]:
        """Path, how to read it, and the reason for a refusal."""
        if "text" in cell:
            return name, *self._kept(_whole(cell["text"]))
        path = plain(cell["path"])
        return path or name, *listed(self._folder, path)

    def _kept(self, text: str) -> tuple[Callable[[], bytes], str]:
        try:
            data = text.encode(self._encoding)
        except UnicodeEncodeError as error:
            reason = f"its character {error.start:,} does not exist in {self._encoding}"
            return partial(tree.unreadable, reason), reason
        return data.__bytes__, ""


def _named(meaning: str, said: str) -> list[str]:
    """The columns that one of `columns` names: an asset may be made from several."""
    return (meaning in MADE and PLACEHOLDER.findall(said)) or [said]


def _cell(meaning: str, said: str, row: Mapping[str | None, Any]) -> Any:
    if _named(meaning, said) == [said]:
        return row.get(said)
    cells = {column: plain(row.get(column)) for column in _named(meaning, said)}
    return PLACEHOLDER.sub(lambda found: cells[found[1]], said) if all(cells.values()) else None


def _whole(value: Any) -> str:
    """The text of a cell; of a list, a line each."""
    if isinstance(value, list):
        return "\n".join(map(_whole, value))
    return "" if value is None else str(value)


def _labels(value: Any) -> tuple[str, ...]:
    """One label, or several when the cell holds a list."""
    values = value if isinstance(value, list) else [value]
    return tuple(sorted({text for text in map(plain, values) if text}))


def plain(value: Any) -> str:
    """What a cell says, without white space around it."""
    return "" if value is None else printable(str(value)).strip()
