"""Assets out again, as the bytes that came in. Every file here writes one form, and is found by being here.

Each has `write(folder, name, rows, contents) -> places`: `rows` are those of the catalog, `contents` their bytes in the same
order, and a place names the file below `folder` that an asset went to.
"""

import csv
import hashlib
import importlib
import re
from collections.abc import Iterator, Sequence
from pathlib import Path, PurePosixPath
from typing import Any

from media import buckets, catalog, folders
from media.catalog import ADMITTED, Row
from media.rights import USES
from project.errors import IntegrityError, UsageError
from project.params import listing
from project.source import Source

LICENCES = "LICENCES.csv"
RIGHTS = ("licence", "holder", "subject", "consent", "valid_until", *USES)
SUFFIX = re.compile(r"\.[a-z0-9]{1,5}")
OF_FORMAT = {"TEXT": ".txt", "JPEG": ".jpg"}
"""Formats whose files are not named as the format."""


def forms() -> list[str]:
    """All forms: the files of this folder."""
    return sorted(path.stem for path in Path(__file__).parent.glob("[a-z]*.py"))


def check(form: str, out: Path) -> None:
    """Raise UsageError for an unknown form, or a target that something lies in."""
    if form not in forms():
        raise UsageError(f"--as {form!r} is not a form of export; {listing(form, forms())}")
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise UsageError(f"{out} exists and is not an empty folder; name a new one")


def chosen(assets: Path, *, split: str = "", label: str = "") -> list[Row]:
    """Catalog rows of the admitted assets, by id: all, or those of one official split or label."""
    return [
        row
        for row in catalog.read(assets)
        if row["status"] == ADMITTED and (not split or row["split"] == split) and (not label or label in row["labels"])
    ]


def export(name: str, source: Source, assets: Path, rows: Sequence[Row], form: str, out: Path) -> dict[str, Any]:
    """Write `rows` of the folder `assets` to `out`, whole or not at all, with a table of licences; what was written.

    The same assets give the same bytes. Raises UsageError as `check` does, IntegrityError and NoSpace.
    """
    check(form, out)
    module = importlib.import_module(f"media.exports.{form}")
    with folders.replacing(out) as fresh:
        places = module.write(fresh, name, rows, _contents(assets, rows))
        _write_licences(fresh / LICENCES, rows, places, source.credit)
        files = sum(path.is_file() for path in fresh.rglob("*"))
    return {"assets": len(rows), "bytes": sum(row["bytes"] for row in rows), "files": files}


def suffix(row: Row) -> str:
    """What the name of an asset's file ends with: as its path does, else by its format."""
    named = PurePosixPath(row["paths"][0]).suffix.lower()
    if SUFFIX.fullmatch(named):
        return named
    return OF_FORMAT.get(row["format"], f".{row['format'].lower()}")


def _contents(assets: Path, rows: Sequence[Row]) -> Iterator[bytes]:
    wanted = {row["asset_id"] for row in rows}
    for asset_id, data in buckets.each(assets):
        if asset_id in wanted:
            if hashlib.sha256(data).hexdigest() != asset_id:
                raise IntegrityError(
                    f"the bytes of asset {asset_id[:12]} in {assets} are damaged; delete it and run: dvc pull"
                )
            yield data


def _write_licences(path: Path, rows: Sequence[Row], places: Sequence[str], credit: str) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["file", "asset_id", *RIGHTS, "credit"])
        for row, place in zip(rows, places, strict=True):
            writer.writerow([place, row["asset_id"], *(row[name] for name in RIGHTS), credit])
