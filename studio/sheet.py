"""`dailies data sheet`: a few assets of each label on one page."""

import hashlib
from collections.abc import Sequence
from pathlib import Path

from media import catalog, sources
from media.buckets import Blobs
from media.catalog import ADMITTED, Row
from media.findings import by_rule
from media.sheets import Shown, caption, check, chosen, draw, suffix
from project import layout, params
from project.errors import UsageError
from project.source import Source
from studio.answer import Answer
from studio.assets import ingested
from studio.writing import written


def sheet(name: str, output: Path | None, *, quarantined: bool) -> Answer:
    """Draw the admitted assets, or those that a rule refused, which are read from the source once more."""
    root = layout.find()
    source = params.read(root / "params.yaml").source(name)
    check(source.kind)
    folder = ingested(root, name)
    rows = catalog.read(folder)
    if quarantined:
        shown = _from_source(root, name, source, chosen([row for row in rows if by_rule(row)]))
    else:
        shown = _from_assets(folder, chosen([row for row in rows if row["status"] == ADMITTED]))
    if not shown:
        raise UsageError(f"source {name!r} has no asset to draw{' that a rule refused' if quarantined else ''}")
    count = sum(by_rule(row) if quarantined else row["status"] == ADMITTED for row in rows)
    title = f"{name}: {len(shown)} of {count:,} {'refused' if quarantined else 'admitted'} assets"
    ending = suffix(source.kind)
    path = (output or layout.private(root) / "sheets" / f"{name}{'-refused' if quarantined else ''}{ending}").resolve()
    page = draw(source.kind, title, shown)
    with written(path):
        layout.write_bytes(path, page)
    data = {"source": name, "file": str(path), "assets": [each.row["asset_id"] for each in shown]}
    return Answer(data, f"{title}\n{path}")


def _from_assets(folder: Path, rows: Sequence[Row]) -> list[Shown]:
    blobs = Blobs(folder)
    return [Shown(row, blobs.get(row["asset_id"]), caption(row)) for row in rows]


def _from_source(root: Path, name: str, source: Source, rows: Sequence[Row]) -> list[Shown]:
    """Refused bytes are kept nowhere, so the source must be at hand; what has changed there since is left out."""
    wanted = {row["paths"][0]: row for row in rows}
    reader = sources.open_source(
        name, source, project=root, mirror=layout.mirror(), downloads=layout.private(root) / "downloads"
    )
    found = {item.path: item for item in reader.items() if item.path in wanted}
    return [
        Shown(row, data, caption(row))
        for path, row in wanted.items()
        if path in found and (data := _unchanged(found[path], row)) is not None
    ]


def _unchanged(item: sources.Item, row: Row) -> bytes | None:
    try:
        data = item.load()
    except OSError:
        return None
    return data if hashlib.sha256(data).hexdigest() == row["asset_id"] else None
