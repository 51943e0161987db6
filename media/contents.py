"""The bytes of a source's assets: a source may be larger than memory, but most files need to be read only once."""

import hashlib

from media.earlier import Earlier
from media.sources import Item
from project.errors import IntegrityError

KEPT_BYTES = 256 << 20


class Contents:
    """Keeps the first bytes it is given, and reads the others again: from an earlier result or from the source."""

    def __init__(self, earlier: Earlier, keep_bytes: int = KEPT_BYTES) -> None:
        self._earlier = earlier
        self._items: dict[str, Item] = {}
        self._kept: dict[str, bytes] = {}
        self._room = keep_bytes

    def place(self, asset_id: str, item: Item) -> None:
        """`item` is one of the files that hold the asset."""
        self._items.setdefault(asset_id, item)

    def keep(self, asset_id: str, data: bytes) -> None:
        if asset_id not in self._kept and len(data) <= self._room:
            self._kept[asset_id] = data
            self._room -= len(data)

    def get(self, asset_id: str) -> bytes:
        """Raises IntegrityError when the source has changed since the asset was read first."""
        data = self._kept.get(asset_id)
        if data is None:
            data = self._earlier.bytes_of(asset_id)
        return data if data is not None else self._load_again(asset_id)

    def _load_again(self, asset_id: str) -> bytes:
        item = self._items[asset_id]
        try:
            data = item.load()
        except OSError as error:
            why = error.strerror or error
            raise IntegrityError(
                f"{item.path} cannot be read any more ({why}); run again when the source is at rest"
            ) from None
        if hashlib.sha256(data).hexdigest() != asset_id:
            raise IntegrityError(
                f"{item.path} changed while it was being ingested; run again when the source is at rest"
            )
        return data
