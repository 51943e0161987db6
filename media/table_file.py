"""Rows of a table: CSV, TSV, JSON, JSON lines or Parquet, as its suffix says. Imports pyarrow for Parquet only."""

import csv
import itertools
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, TextIO

from media import tree
from project.errors import IntegrityError, UsageError
from project.params import listing
from project.source import Dialect

Rows = Iterator[Mapping[str | None, Any]]
BATCH_ROWS = 4096
LARGEST_CELL = 1 << 24


def rows(path: Path, encoding: str, dialect: Dialect | None = None) -> Rows:
    """Each row as column → value; cells that a row has too many stand under None.

    A table with a `dialect` is text with separators, whatever its suffix. Raises UsageError for an unknown suffix and
    IntegrityError for a damaged table.
    """
    suffix = path.suffix.lower()
    if suffix not in READERS and dialect is None:
        raise UsageError(f"{path} is no table that can be read; {listing(suffix, READERS)}")
    read = _separated(_completed(dialect, suffix)) if dialect else READERS[suffix]
    try:
        yield from read(path, encoding)
    except UnicodeDecodeError as error:
        raise IntegrityError(
            f"{path} is not valid {encoding} at byte {error.start:,}; say the source's encoding"
        ) from None
    except OSError as error:
        raise IntegrityError(f"{path} cannot be read: {error.strerror or error}") from None


def _completed(dialect: Dialect, suffix: str) -> Dialect:
    usual = "\t" if suffix == ".tsv" else ","
    return dialect.model_copy(update={"separator": dialect.separator or usual})


def _separated(dialect: Dialect) -> Callable[[Path, str], Rows]:
    def read(path: Path, encoding: str) -> Rows:
        with path.open(encoding=encoding, newline="") as file:
            lines = _quoted(file, dialect, path) if dialect.quotes else _plain(file, dialect, path)
            header: Sequence[str] = dialect.header if dialect.header else next(lines, [])
            for cells in filter(None, lines):
                yield _row(header, cells)

    return read


def _quoted(file: TextIO, dialect: Dialect, path: Path) -> Iterator[list[str]]:
    csv.field_size_limit(LARGEST_CELL)
    reader = csv.reader(file, delimiter=dialect.separator or ",", strict=True)
    try:
        yield from reader
    except csv.Error as error:
        raise IntegrityError(f"{path}, line {reader.line_num}: {error}") from None


def _plain(file: TextIO, dialect: Dialect, path: Path) -> Iterator[list[str]]:
    for number in itertools.count(1):
        line = file.readline(LARGEST_CELL)
        if not line:
            return
        if len(line) == LARGEST_CELL:
            raise IntegrityError(f"{path}, line {number}: longer than {LARGEST_CELL:,} characters")
        if line := line.rstrip("\r\n"):
            yield line.split(dialect.separator)


def _row(header: Sequence[str], cells: list[str]) -> dict[str | None, Any]:
    row: dict[str | None, Any] = dict(itertools.zip_longest(header, cells[: len(header)]))
    if len(cells) > len(header):
        row[None] = cells[len(header) :]
    return row


def _json(path: Path, encoding: str) -> Rows:
    try:
        found = json.loads(tree.read(str(path)).decode(encoding))
    except (json.JSONDecodeError, RecursionError) as error:
        raise IntegrityError(f"{path} is not JSON: {error}") from None
    if not isinstance(found, list):
        raise IntegrityError(f"{path} is not a JSON array of rows")
    for number, row in enumerate(found, 1):
        if not isinstance(row, dict):
            raise IntegrityError(f"{path}, row {number} is not a JSON object with a value for each column")
        yield row


def _json_lines(path: Path, encoding: str) -> Rows:
    with path.open(encoding=encoding) as file:
        for number, line in enumerate(file, 1):
            if not line.strip():
                continue
            try:
                row = json.loads(line)
            except (json.JSONDecodeError, RecursionError) as error:
                raise IntegrityError(f"{path}, line {number} is not JSON: {error}") from None
            if not isinstance(row, dict):
                raise IntegrityError(f"{path}, line {number} is not a JSON object with a value for each column")
            yield row


def _parquet(path: Path, encoding: str) -> Rows:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        with path.open("rb") as file:
            for batch in pq.ParquetFile(file, pre_buffer=False).iter_batches(BATCH_ROWS, use_threads=False):
                yield from batch.to_pylist()
    except (pa.ArrowException, OSError) as error:
        raise IntegrityError(f"{path} is not a readable Parquet file: {' '.join(str(error).split())}") from None


READERS: dict[str, Callable[[Path, str], Rows]] = {
    ".csv": _separated(Dialect(separator=",")),
    ".tsv": _separated(Dialect(separator="\t")),
    ".json": _json,
    ".jsonl": _json_lines,
    ".ndjson": _json_lines,
    ".parquet": _parquet,
}
