"""A table that lists assets: files beside it, or texts in its own cells. A file that it does not list is no asset.

format  CSV (RFC 4180, with a header), TSV, JSON lines or Parquet; `columns` says which column means what
"""

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any

from media import rights, table_file, tree
from media.labelling import official_split
from media.listed import listed
from media.named_file import NamedFile
from media.sources import Item, Place
from project.errors import UsageError
from project.params import Columns, Source, listing

RIGHTS = ("licence", "holder", "subject", "consent", "valid_until")
DEFAULT_ENCODING = "utf-8-sig"


def reader(source: Source, place: Place) -> "TableReader":
    """Raises UsageError when no table or no columns are named, or the table does not exist."""
    if source.file is None or source.columns is None:
        raise UsageError(f"source {place.name!r} has format table; name its file and what its columns mean")
    return TableReader(source, source.columns, place, NamedFile(source, place, source.file))


class TableReader:
    """Each row is an asset, in the order of the rows."""

    def __init__(self, source: Source, columns: Columns, place: Place, file: NamedFile) -> None:
        self._columns = {name: column for name, column in columns.model_dump().items() if column is not None}
        self._place = place
        self._file = file
        self._encoding = source.encoding

    def fingerprint(self) -> str:
        return tree.state(self._place.found()) if "path" in self._columns else self._file.state()

    def items(self) -> Iterator[Item]:
        table = self._file.fetch()
        for number, row in enumerate(table_file.rows(table, self._encoding or DEFAULT_ENCODING), 1):
            if number == 1:
                self._check_columns(row)
            yield self._item(f"{self._file.name}#{number:06d}", row)

    def _check_columns(self, row: Mapping[str, Any]) -> None:
        known = [name for name in row if name is not None]
        for meaning, column in self._columns.items():
            if column not in known:
                raise UsageError(
                    f"{self._file.name} has no column {column!r}, which columns.{meaning} of source "
                    f"{self._place.name!r} names; {listing(column, known)}"
                )

    def _item(self, name: str, row: Mapping[str, Any]) -> Item:
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
            return name, partial(_text(cell["text"]).encode, self._encoding or "utf-8"), ""
        path = _text(cell["path"])
        load, refused = listed(self._place.found(), path)
        return path or name, load, refused


def _labels(value: Any) -> tuple[str, ...]:
    """One label, or several when the cell holds a list."""
    values = value if isinstance(value, list) else [value]
    return tuple(sorted({text for text in map(_text, values) if text}))


def _text(value: Any) -> str:
    return "" if value is None else str(value).strip()
