"""What each path of a source was found to hold, so that a file that has not been touched is not read again.

Kept outside of what is versioned: times and inodes are true on one machine only, and losing them costs time alone.
"""

import hashlib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa

from media import catalog, folders, near_duplicates
from media.sources import Item
from media.survey import Survey

SCHEMA = pa.schema({"path": pa.string(), "stamp": pa.string(), "asset_id": pa.string()})


@dataclass(frozen=True, slots=True)
class Memory:
    """Where it is kept, and the name of all that decides a result besides the files: settings, code, libraries."""

    file: Path
    made_by: str

    def recall(self, assets: Path) -> dict[str, tuple[str, str]]:
        """Path → (stamp, asset id), as long as `assets` is the very result that was remembered with it."""
        try:
            with pa.OSFile(str(self.file)) as file:
                table = pa.ipc.open_file(file).read_all()
        except (OSError, pa.ArrowInvalid):
            return {}
        if table.schema.metadata != self._metadata(assets):
            return {}
        paths, stamps, ids = (column.to_pylist() for column in table.columns)
        return dict(zip(paths, zip(stamps, ids, strict=True), strict=True))

    def remember(self, assets: Path, items: Sequence[Item], found: Survey) -> None:
        """Keep what is certain: an item with a stamp that could be read, whose path no other item has."""
        counts = Counter(item.path for item in items)
        rows = [
            (item.path, item.stamp, asset_id)
            for item, asset_id, refused in zip(items, found.ids, found.refused, strict=True)
            if item.stamp and counts[item.path] == 1 and refused == item.refused
        ]
        columns: list[list[str]] = [list(column) for column in zip(*rows, strict=True)] if rows else [[], [], []]
        schema = SCHEMA.with_metadata(self._metadata(assets))
        self.file.parent.mkdir(parents=True, exist_ok=True)
        unfinished = self.file.with_name(f".{self.file.name}.writing")
        with unfinished.open("wb") as file, pa.ipc.new_file(file, schema) as writer:
            writer.write_table(pa.table(columns, schema=schema))
        folders.sync(unfinished)
        unfinished.replace(self.file)

    def _metadata(self, assets: Path) -> Mapping[bytes, bytes]:
        told = {name.encode(): _digest(assets / name) for name in (catalog.FILE, near_duplicates.FILE)}
        return {b"made_by": self.made_by.encode(), **told}


def _digest(path: Path) -> bytes:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest().encode()
