"""The catalogs that the last ingests wrote, as far as they are at hand: a plan looks which assets an order concerns."""

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa

from media import parquet_file
from media.catalog import FILE
from media.permission import COLUMNS
from project import layout
from registry import dvc


class Catalogs:
    """Columns of rights by source; each is read once."""

    def __init__(self, root: Path, repo: Any) -> None:
        self._root = root
        self._repo = repo
        self._lock = dvc.read_lock(root)
        self._read: dict[str, pa.Table | None] = {}

    def of(self, source: str) -> pa.Table | None:
        """The catalog that dvc.lock names; None where the source was not ingested yet, or its catalog is not in the cache
        or was written before there were such columns."""
        if source not in self._read:
            self._read[source] = self._find(source)
        return self._read[source]

    def _find(self, source: str) -> pa.Table | None:
        place = str(layout.assets(self._root, source).relative_to(self._root))
        md5 = dvc.outputs(self._lock, [f"ingest@{source}"]).get(place)
        path = dvc.cached_file(self._repo, md5, FILE) if md5 else None
        if path is None or not set(COLUMNS) <= set(parquet_file.columns(path)):
            return None
        return parquet_file.read(path, COLUMNS)


@contextlib.contextmanager
def catalogs(root: Path) -> Iterator[Catalogs]:
    """Look in DVC's cache for as long as the block runs."""
    with dvc.opened(root) as repo:
        yield Catalogs(root, repo)
