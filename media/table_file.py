"""Rows of a table: CSV, TSV, JSON lines or Parquet, as its suffix says. Imports pyarrow for Parquet only."""

import csv
import json
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from project.errors import IntegrityError, UsageError
from project.params import listing

Rows = Iterator[Mapping[str, Any]]
BATCH_ROWS = 4096
LARGEST_CELL = 1 << 24


def rows(path: Path, encoding: str) -> Rows:
    """Each row as column → value. Raises UsageError for an unknown suffix and IntegrityError for a damaged table."""
    suffix = path.suffix.lower()
    if suffix not in READERS:
        raise UsageError(f"{path} is no table that can be read; {listing(suffix, READERS)}")
    try:
        yield from READERS[suffix](path, encoding)
    except UnicodeDecodeError as error:
        raise IntegrityError(
            f"{path} is not valid {encoding} at byte {error.start:,}; say the source's encoding"
        ) from None
    except OSError as error:
        raise IntegrityError(f"{path} cannot be read: {error.strerror or error}") from None


def _separated(delimiter: str) -> Callable[[Path, str], Rows]:
    def read(path: Path, encoding: str) -> Rows:
        csv.field_size_limit(LARGEST_CELL)
        with path.open(encoding=encoding, newline="") as file:
            reader = csv.DictReader(file, delimiter=delimiter, strict=True)
            try:
                yield from reader
            except csv.Error as error:
                raise IntegrityError(f"{path}, line {reader.line_num}: {error}") from None

    return read


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
    ".csv": _separated(","),
    ".tsv": _separated("\t"),
    ".jsonl": _json_lines,
    ".ndjson": _json_lines,
    ".parquet": _parquet,
}
