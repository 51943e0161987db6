"""From a source to `data/assets/<source>/`: hash each file, examine what is new, admit or refuse it, keep its bytes."""

import contextlib
import csv
import gc
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from media import (
    buckets,
    catalog,
    folders,
    inspection,
    likeness,
    near_duplicates,
    probe,
    rights,
    sources,
    titles,
    withdrawal,
)  # fmt: skip
from media.catalog import ADMITTED, QUARANTINED, Row
from media.contents import Contents
from media.earlier import Earlier
from media.findings import by_rule, describe
from media.seen import Memory
from media.sources import Reader
from media.summary import summarise
from media.survey import Survey, Tick, survey
from project.errors import UsageError
from project.source import Source


def ingest(
    name: str,
    source: Source,
    reader: Reader,
    out: Path,
    tick: Tick,
    *,
    refusals: Path,
    drift: Path | None = None,
    released: Mapping[str, str] | None = None,
    withdrawn: withdrawal.Withdrawn = withdrawal.NOTHING,
    previous: Path | None = None,
    probe_code: str = "",
    memory: Memory | None = None,
) -> dict[str, Any]:
    """Write the folder `out` and return its summary. The result depends on the source alone, not on `previous`.

    `refusals` gets a CSV table of what was refused and why, also when that was too much.
    `drift` gets a JSON table of how far the assets have moved from those of `previous`.
    `released` says who admits which asset although a rule refuses it: asset id → "who: why".
    `withdrawn` says whose order takes which assets and subjects out: their bytes are not kept.
    `previous` is an earlier result: what it says of the same bytes is not examined again, equal buckets are linked.
    That holds only if it was found by the same libraries and by code of the same name, `probe_code`.
    `memory` says which files need not even be read, as they were not touched since `previous`.
    Raises QuarantineError, NoSpace, UsageError for an empty source and IntegrityError when it changes meanwhile.
    """
    told = {"encoding": source.encoding} if source.encoding else {}
    version = " ".join(filter(None, [probe.version(source.kind, told), probe_code]))
    earlier = Earlier(previous, version)
    contents = Contents(earlier)
    with uncollected(), probe.pool(source.kind, told) as pool:
        pool.start(1 if earlier.folder else None)
        items = list(reader.items())
        if not items:
            raise UsageError(f"source {name!r} holds no file; hidden files do not count")
        recalled = memory.recall(earlier.folder) if memory and earlier.folder else {}
        found = survey(items, recalled, earlier, contents, pool, tick)
        known = withdrawal.withdraw(_catalog(name, source, found, earlier, released or {}), withdrawn)
        inspected = inspection.inspect(source, known, _compared(earlier) if recalled else None)
        table = inspected.table
        _write_refusals(table, refusals)
        inspection.check_quarantined(name, table, source.max_quarantined, refusals)
        inspection.watch_drift(name, source, table, _before(earlier, previous), drift)
        summary = summarise(table)
        with folders.replacing(out) as fresh:
            _write_blobs(fresh, table, contents, earlier.folder)
            catalog.write(fresh, table, version)
            inspection.write(fresh, name, source, inspected)
            titles.write(fresh, sources.titles(reader))
            (fresh / "summary.json").write_text(
                json.dumps(summary, indent=1, ensure_ascii=False) + "\n", encoding="utf-8"
            )
        if memory:
            memory.remember(out, items, found)
    return summary


@contextlib.contextmanager
def uncollected() -> Iterator[None]:
    """No search for reference cycles: with an object or two for each file, it would take a fifth of the time."""
    collected = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if collected:
            gc.enable()


def _compared(earlier: Earlier) -> likeness.Before | None:
    """What an earlier result of the very same code found to be alike."""
    return likeness.Before(earlier.table, near_duplicates.read(earlier.folder)[0]) if earlier.folder else None


def _before(earlier: Earlier, previous: Path | None) -> pa.Table | None:
    """The catalog of an earlier result, also of one that another probe filled."""
    if earlier.folder:
        return earlier.table
    return catalog.read_table(previous) if previous and (previous / catalog.FILE).is_file() else None


def _catalog(name: str, source: Source, found: Survey, earlier: Earlier, released: Mapping[str, str]) -> pa.Table:
    """Earlier rows of what is as it was, and new ones of all else, sorted by asset id."""
    defaults = catalog.rights(source)
    suffixes = probe.suffixes(source.kind)
    rows = [
        {
            "source": name,
            "kind": source.kind,
            **describe(asset, suffixes, released.get(asset.asset_id, "")),
            **rights.effective(defaults, [item.rights for item in asset.accepted], asset.probed.get("signals") or ()),
        }
        for asset in found.found.values()
    ]
    tables = [earlier.only(found.unchanged), catalog.table(rows)]
    return pa.concat_tables(tables).sort_by("asset_id").combine_chunks()


def _write_blobs(out: Path, table: pa.Table, contents: Contents, previous: Path | None) -> None:
    admitted = table.filter(pc.equal(table["status"], ADMITTED))
    sizes = dict(zip(admitted["asset_id"].to_pylist(), admitted["bytes"].to_pylist(), strict=True))
    for bucket, ids in buckets.divide(sizes).items():
        if not buckets.reuse(out, bucket, ids, previous):
            buckets.write(out, bucket, ids, contents.get)


def _write_refusals(table: pa.Table, to: Path) -> None:
    to.parent.mkdir(parents=True, exist_ok=True)
    unfinished = to.with_name(f".{to.name}.writing")
    with unfinished.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["path", "reason", "asset_id", "releasable"])
        lines = [
            (path, row["reason"], row["asset_id"], "yes" if by_rule(row) else "no")
            for row in _quarantined(table)
            for path in row["paths"]
        ]
        writer.writerows(sorted(lines))
    folders.sync(unfinished)
    unfinished.replace(to)


def _quarantined(table: pa.Table) -> list[Row]:
    rows: list[Row] = table.filter(pc.equal(table["status"], QUARANTINED)).to_pylist()
    return rows
