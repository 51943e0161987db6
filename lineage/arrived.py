"""Assets that have arrived since some versions were made: in a catalog of now, and in nothing that those knew."""

import sqlite3
from collections.abc import Iterable, Sequence
from pathlib import Path

import pyarrow.compute as pc

from lineage import ancestry
from media import catalog, near_duplicates
from project.errors import IntegrityError
from registry.tags import Version


def known(db: sqlite3.Connection, versions: Iterable[Version]) -> set[str]:
    """Every asset that one of the versions may have met: in the catalog that it was made from, whatever its status was,
    in its samples of any split, and the same of the versions with whose weights its training began.

    Raises IntegrityError where that cannot be said.
    """
    grown = ancestry.read(db)
    found: set[str] = set()
    for version in versions:
        if weights := grown.lost.get(version.registration):
            raise IntegrityError(
                f"{version.tag} began with weights {weights} that no version has, so what it knew is lost"
            )
        for tag in (version.registration, *grown.ancestors(version.registration)):
            found |= _of_one(db, tag)
    return found


def _of_one(db: sqlite3.Connection, tag: str) -> set[str]:
    assets, shards = db.execute("SELECT assets, shards FROM version WHERE tag = ?", [tag]).fetchone()
    for what, md5 in (("assets", assets), ("samples", shards)):
        row = db.execute("SELECT missing FROM object WHERE md5 = ?", [md5]).fetchone()
        if row is None or row[0]:
            raise IntegrityError(
                f"it cannot be said which {what} {tag} was made of: {row[0] if row else 'its dvc.lock names none'}; "
                "whoever has them must run: dvc push --all-tags"
            )
    rows = db.execute(
        "SELECT asset FROM source_asset WHERE assets = ?1 UNION SELECT asset FROM version_asset WHERE tag = ?2",
        (assets, tag),
    )
    return {row[0] for row in rows}


def since(assets: Path, before: set[str]) -> dict[str, str]:
    """Asset → group of those of a folder of assets that are labelled, admitted and not among those `before`, nor nearly the
    same as one of them. Where no asset of a source has a label, as in a set of pairs, each is taken for labelled."""
    table = catalog.read_table(assets, ["asset_id", "group", "labels", "status"])
    table = table.filter(pc.equal(table["status"], catalog.ADMITTED))
    labelled = pc.greater(pc.list_value_length(table["labels"]).fill_null(0), 0)
    if pc.any(labelled).as_py():
        table = table.filter(labelled)
    pairs, _ = near_duplicates.read(assets)
    close = _beside(pairs["first"].to_pylist(), pairs["second"].to_pylist(), before)
    rows = zip(table["asset_id"].to_pylist(), table["group"].to_pylist(), strict=True)
    return {asset: group or "" for asset, group in rows if asset not in before and asset not in close}


def _beside(first: Sequence[str], second: Sequence[str], before: set[str]) -> set[str]:
    """Those in a pair with one of `before`."""
    both = [*zip(first, second, strict=True), *zip(second, first, strict=True)]
    return {one for one, other in both if other in before}
