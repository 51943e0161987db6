"""Going through the files of a source: which asset each one is, and what there is to know of those that are new."""

import hashlib
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from media import probe
from media.contents import Contents
from media.earlier import Earlier
from media.findings import Found
from media.sources import Item

Tick = Callable[[int, int], None]
"""Called with how many files are done, and of how many."""
Recalled = Mapping[str, tuple[str, str]]
"""Path → (stamp, asset id), see `media.seen`."""


@dataclass(slots=True)
class Survey:
    """What was found.

    ids        the asset id of each item, in their order; of one that cannot be read, a name made from its path
    refused    why each item cannot be an asset, empty where it can
    unchanged  assets whose every file is as it was: their earlier rows hold
    found      all other assets
    """

    ids: list[str] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    unchanged: set[str] = field(default_factory=set)
    found: dict[str, Found] = field(default_factory=dict)


def survey(
    items: Sequence[Item], recalled: Recalled, earlier: Earlier, contents: Contents, pool: probe.Pool, tick: Tick
) -> Survey:
    """Read what is not recalled, and examine what the earlier result does not know. Bytes are left in `contents`."""
    told = Survey()
    again = _recognised(items, recalled)
    sizes: dict[str, int] = {}
    probed = dict(pool.probe(_unexamined(items, again, earlier, contents, told, sizes, tick)))
    _gather(told, items, again, recalled)
    left = [asset_id for asset_id in _usable(told) if asset_id not in probed and asset_id not in earlier.known]
    probed |= pool.probe((asset_id, contents.get(asset_id)) for asset_id in left)
    rows = earlier.rows(told.found)
    for asset_id, asset in told.found.items():
        asset.bytes = sizes[asset_id] if asset_id in sizes else rows[asset_id]["bytes"]
        asset.probed = probed.get(asset_id) or (rows[asset_id] if asset_id in earlier.known else {})
    return told


def _recognised(items: Sequence[Item], recalled: Recalled) -> list[str]:
    """The asset id of each item that is just as it is recalled, else nothing."""
    counts = Counter(item.path for item in items) if recalled else Counter()
    return [
        known[1] if (known := recalled.get(item.path)) and known[0] == item.stamp and counts[item.path] == 1 else ""
        for item in items
    ]


def _unexamined(
    items: Sequence[Item],
    again: Sequence[str],
    earlier: Earlier,
    contents: Contents,
    told: Survey,
    sizes: dict[str, int],
    tick: Tick,
) -> Iterator[tuple[str, bytes]]:
    """Note which asset each item is, and yield (asset id, bytes) of each that must be examined, once."""
    for done, (item, asset_id) in enumerate(zip(items, again, strict=True), 1):
        refused = item.refused
        if not asset_id:
            asset_id, data, refused = _read(item)
            new = asset_id not in sizes
            sizes[asset_id] = len(data)
            if not refused:
                contents.keep(asset_id, data)
                if new and asset_id not in earlier.known:
                    yield asset_id, data
        if not refused:
            contents.place(asset_id, item)
        told.ids.append(asset_id)
        told.refused.append(refused)
        tick(done, len(items))


def _read(item: Item) -> tuple[str, bytes, str]:
    """Asset id, bytes and the reason for a refusal. What cannot be read is named by its path instead of its bytes."""
    try:
        data = item.load()
    except OSError as error:
        name = hashlib.sha256(item.path.encode()).hexdigest()
        return name, b"", item.refused or f"cannot be read: {error.strerror or error}"
    return hashlib.sha256(data).hexdigest(), data, item.refused


def _gather(told: Survey, items: Sequence[Item], again: Sequence[str], recalled: Recalled) -> None:
    """Divide the assets into those that are as they were and those with a file that is new, altered or gone."""
    paths = {item.path for item, asset_id in zip(items, again, strict=True) if asset_id}
    touched = {asset_id for path, (_, asset_id) in recalled.items() if path not in paths}
    touched.update(now for now, before in zip(told.ids, again, strict=True) if not before)
    told.unchanged = set(again) - touched - {""}
    for item, asset_id, refused in zip(items, told.ids, told.refused, strict=True):
        if asset_id in touched:
            if asset_id not in told.found:
                told.found[asset_id] = Found(asset_id)
            told.found[asset_id].add(item, refused)


def _usable(told: Survey) -> list[str]:
    return [asset_id for asset_id, asset in told.found.items() if asset.accepted]
