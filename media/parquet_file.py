"""Reading Parquet: from an open file, which is closed at once, and without reading ahead.

With pyarrow 26, a process that ends soon after it read a file that it left open, reading ahead, aborts now and then (14 of
200): "terminate called without an active exception".
"""

from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq


def columns(path: Path) -> list[str]:
    """The names of its columns."""
    with path.open("rb") as file, pq.ParquetFile(file, pre_buffer=False) as parquet:
        names: list[str] = parquet.schema_arrow.names
        return names


def read(path: Path, columns: Sequence[str] | None = None) -> pa.Table:
    """A table, or some of its columns."""
    with path.open("rb") as file, pq.ParquetFile(file, pre_buffer=False) as parquet:
        return parquet.read(list(columns) if columns else None, use_threads=False)
