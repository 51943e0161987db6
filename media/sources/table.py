"""A table that lists assets: files beside it, or texts in its own cells. A file that it does not list is no asset.

format  CSV (RFC 4180, with a header), TSV, JSON lines or Parquet; `columns` says which column means what
"""

from collections.abc import Iterator

from media import table_file, tree
from media.named_file import NamedFile
from media.rows import RowRule
from media.sources import Item, Place
from project.errors import UsageError
from project.params import Columns, Source

DEFAULT_ENCODING = "utf-8-sig"


def reader(source: Source, place: Place) -> "TableReader":
    """Raises UsageError when no table or no columns are named, or the table does not exist."""
    if source.file is None or source.columns is None:
        raise UsageError(f"source {place.name!r} has format table; name its file and what its columns mean")
    return TableReader(source, source.columns, place, NamedFile(source, place, source.file))


class TableReader:
    """Each row is an asset, in the order of the rows."""

    def __init__(self, source: Source, columns: Columns, place: Place, file: NamedFile) -> None:
        self._columns = columns
        self._place = place
        self._file = file
        self._encoding = source.encoding

    def fingerprint(self) -> str:
        return self._file.state() if self._columns.text else tree.state(self._place.found())

    def items(self) -> Iterator[Item]:
        table = self._file.fetch()
        rule = RowRule(self._columns, self._place.folder or table.parent, self._encoding or "utf-8")
        for number, row in enumerate(table_file.rows(table, self._encoding or DEFAULT_ENCODING), 1):
            if number == 1:
                rule.check(row, self._file.name)
            yield rule.item(f"{self._file.name}#{number:06d}", row)
