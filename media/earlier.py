"""An earlier result of the same source: what it says of bytes that have not changed need not be found out again."""

import hashlib
from collections.abc import Collection
from functools import cached_property
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from media import buckets, catalog
from media.catalog import Row


class Earlier:
    """The folder of an earlier ingest. Without one, or with one that another probe filled, nothing is known."""

    def __init__(self, folder: Path | None, probe_version: str) -> None:
        self.folder = folder if folder is not None and _filled_by(folder, probe_version) else None

    @cached_property
    def table(self) -> pa.Table:
        """Its catalog."""
        return catalog.read_table(self.folder).cast(catalog.SCHEMA) if self.folder else catalog.table([])

    @cached_property
    def known(self) -> frozenset[str]:
        """The ids of assets that need not be examined again. Those refused do, as the reason may not be their bytes."""
        admitted = pc.equal(self.table["status"], catalog.ADMITTED)
        return frozenset(self.table["asset_id"].filter(admitted).to_pylist())

    def rows(self, ids: Collection[str]) -> dict[str, Row]:
        """Asset id → its earlier row, of those that there are."""
        return {row["asset_id"]: row for row in self.only(ids).to_pylist()}

    def only(self, ids: Collection[str]) -> pa.Table:
        """The part of the catalog that is about these assets."""
        return self.table.filter(pc.is_in(self.table["asset_id"], pa.array(ids, pa.string())))

    def bytes_of(self, asset_id: str) -> bytes | None:
        """The bytes of an asset, when they are there and undamaged."""
        try:
            data = self._blobs.get(asset_id)
        except KeyError:
            return None
        return data if hashlib.sha256(data).hexdigest() == asset_id else None

    @cached_property
    def _blobs(self) -> buckets.Blobs:
        return buckets.Blobs(self.folder or Path("nowhere"))


def _filled_by(folder: Path, probe_version: str) -> bool:
    path = folder / catalog.FILE
    if not path.is_file():
        return False
    schema = pq.read_schema(path)
    return schema.names == catalog.SCHEMA.names and (schema.metadata or {}).get(b"probe") == probe_version.encode()
