"""A table that lists assets: files beside it, or texts in its own cells. A file that it does not list is no asset.

format  CSV (RFC 4180, with a header) or as `dialect` says, TSV, a JSON array, JSON lines or Parquet; `columns` says which
        column means what
"""

from collections.abc import Iterator

from media import named_file, table_file, tree
from media.named_file import NamedFile, named_files
from media.rows import RowRule
from media.sources import Item, Place
from project.errors import UsageError
from project.source import Columns, Source

DEFAULT_ENCODING = "utf-8-sig"


def reader(source: Source, place: Place) -> "TableReader":
    """Raises UsageError when no table or no columns are named, or the table does not exist."""
    if source.file is None or source.columns is None:
        raise UsageError(f"source {place.name!r} has format table; name its file and what its columns mean")
    if source.columns.user is not None:
        raise UsageError(
            f"source {place.name!r} has columns of interactions; take format ratings, or give path or text"
        )
    return TableReader(source, source.columns, place, named_files(source, place, source.file))


class TableReader:
    """Each row is an asset, in the order of the rows."""

    def __init__(self, source: Source, columns: Columns, place: Place, files: list[NamedFile]) -> None:
        self._source = source
        self._columns = columns
        self._place = place
        self._files = files

    def fingerprint(self) -> str:
        return named_file.state(self._files) if self._columns.text else tree.state(self._place.found())

    def items(self) -> Iterator[Item]:
        for file in self._files:
            yield from self._rows(file)

    def _rows(self, file: NamedFile) -> Iterator[Item]:
        table, said = file.fetch(), self._source
        label = said.label.constant or ""
        rule = RowRule(self._columns, self._place.folder or table.parent, said.encoding or "utf-8", label)
        for number, row in enumerate(table_file.rows(table, said.encoding or DEFAULT_ENCODING, said.dialect), 1):
            if number == 1:
                rule.check(row, file.name)
            yield rule.item(f"{file.name}#{number:06d}", row)
