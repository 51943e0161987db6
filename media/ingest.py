"""From a source to `data/assets/<source>/`: hash each file, examine what is new, admit or refuse it, keep its bytes."""

import csv
import hashlib
import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from media import buckets, catalog, folders, probe, rights
from media.catalog import ADMITTED, QUARANTINED, Row
from media.findings import Found, by_rule, describe, summarise
from media.sources import DOCUMENT, Item, Reader
from project.errors import IntegrityError, QuarantineError, UsageError
from project.params import Source

Tick = Callable[[int, int], None]
"""Called with how many files are done, and of how many."""

WORST = 3
"""How many reasons an error names."""


def ingest(
    name: str,
    source: Source,
    reader: Reader,
    out: Path,
    tick: Tick,
    *,
    refusals: Path,
    released: Mapping[str, str] | None = None,
    previous: Path | None = None,
    probe_code: str = "",
) -> dict[str, Any]:
    """Write the folder `out` and return its summary. The result depends on the source alone, not on `previous`.

    `refusals` gets a CSV table of what was refused and why, also when that was too much.
    `released` says who admits which asset although a rule refuses it: asset id → "who: why".
    `previous` is an earlier result: what it says of the same bytes is not examined again, equal buckets are linked.
    That holds only if it was found by the same libraries and by code of the same name, `probe_code`.
    Raises QuarantineError, NoSpace, UsageError for an empty source and IntegrityError when it changes meanwhile.
    """
    told = {"encoding": source.encoding} if source.encoding else {}
    version = " ".join(filter(None, [probe.version(source.kind, told), probe_code]))
    with probe.pool(source.kind, told) as pool:
        found = _survey(reader, pool, catalog.probed(previous, version), tick)
    if not found:
        raise UsageError(f"source {name!r} holds no file; hidden files do not count")
    rows = _rows(name, source, found, released or {})
    summary = summarise(rows, found)
    _write_refusals(rows, refusals)
    _check_quarantined(name, rows, source.max_quarantined, refusals)
    with folders.replacing(out) as fresh:
        _write_blobs(fresh, found, [row for row in rows if row["status"] == ADMITTED], previous)
        catalog.write(fresh, rows, version)
        (fresh / "summary.json").write_text(json.dumps(summary, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    return summary


def _rows(name: str, source: Source, found: Mapping[str, Found], released: Mapping[str, str]) -> list[dict[str, Any]]:
    defaults = catalog.rights(source)
    suffixes = probe.suffixes(source.kind)
    return [
        {
            "source": name,
            "kind": source.kind,
            **describe(found[asset_id], suffixes, released.get(asset_id, "")),
            **rights.effective(defaults, [item.rights for item in found[asset_id].accepted]),
        }
        for asset_id in sorted(found)
    ]


def _survey(reader: Reader, pool: probe.Pool, known: Mapping[str, Row], tick: Tick) -> dict[str, Found]:
    """Asset id → what there is of it, all examined."""
    items = list(reader.items())
    found: dict[str, Found] = {}
    for asset_id, result in pool.probe(_unexamined(items, known, found, tick)):
        found[asset_id].probed = result
    return found


def _unexamined(
    items: Sequence[Item], known: Mapping[str, Row], found: dict[str, Found], tick: Tick
) -> Iterator[tuple[str, bytes]]:
    """Fill `found`, and yield (asset id, bytes) of each asset that must be examined, once."""
    for done, item in enumerate(items, 1):
        asset_id, data, refused = _read(item)
        if asset_id not in found:
            found[asset_id] = Found(asset_id, len(data))
        asset = found[asset_id]
        first = not refused and not asset.accepted
        asset.add(item, refused)
        if first and asset_id in known:
            asset.probed = known[asset_id]
        elif first:
            yield asset_id, data
        tick(done, len(items))


def _read(item: Item) -> tuple[str, bytes, str]:
    """Asset id, bytes and the reason for a refusal. What cannot be read is named by its path instead of its bytes."""
    try:
        data = item.load()
    except OSError as error:
        name = hashlib.sha256(item.path.encode()).hexdigest()
        return name, b"", item.refused or f"cannot be read: {error.strerror or error}"
    return hashlib.sha256(data).hexdigest(), data, item.refused


def _write_blobs(out: Path, found: Mapping[str, Found], admitted: Sequence[Row], previous: Path | None) -> None:
    sizes = {row["asset_id"]: row["bytes"] for row in admitted}
    for bucket, ids in buckets.divide(sizes).items():
        if not buckets.reuse(out, bucket, ids, previous):
            buckets.write(out, bucket, ids, lambda asset_id: _load_again(found[asset_id]))


def _load_again(asset: Found) -> bytes:
    """The bytes, read a second time so that a source may be larger than memory."""
    item = asset.accepted[0]
    data = item.load()
    if hashlib.sha256(data).hexdigest() != asset.asset_id:
        raise IntegrityError(f"{item.path} changed while it was being ingested; run again when the source is at rest")
    return data


def _write_refusals(rows: Sequence[Row], to: Path) -> None:
    to.parent.mkdir(parents=True, exist_ok=True)
    unfinished = to.with_name(f".{to.name}.writing")
    with unfinished.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["path", "reason", "asset_id", "releasable"])
        lines = [
            (path, row["reason"], row["asset_id"], "yes" if by_rule(row) else "no")
            for row in _quarantined(rows)
            for path in row["paths"]
        ]
        writer.writerows(sorted(lines))
    folders.sync(unfinished)
    unfinished.replace(to)


def _quarantined(rows: Sequence[Row]) -> list[Row]:
    return [row for row in rows if row["status"] == QUARANTINED]


def _check_quarantined(name: str, rows: Sequence[Row], allowed: float, refusals: Path) -> None:
    """Documents are expected beside media, so they count neither as refused nor as assets."""
    refused = [row for row in _quarantined(rows) if row["reason"] != DOCUMENT]
    assets = sum(row["reason"] != DOCUMENT for row in rows)
    if len(refused) <= allowed * assets:
        return
    reasons = Counter(row["reason"] for row in refused)
    worst = "; ".join(f"{count} x {reason}" for reason, count in reasons.most_common(WORST))
    raise QuarantineError(
        f"source {name!r}: {len(refused)} of {assets} assets are refused, more than max_quarantined {allowed:g}: "
        f"{worst}; the first is {min(row['paths'][0] for row in refused)}; all are in {refusals}, "
        f"see: dailies data quarantine {name}"
    )
