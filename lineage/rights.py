"""The gate on rights before promotion: does a model hold an asset that it may not use today?

What is judged are the assets that its samples were made of, by the rights that the catalog of the version and today's
catalog give them, by the orders that stand now, and for the weights with which its training began by withdrawals.
"""

import json
import sqlite3
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from lineage import asked, index, trace
from media import catalog, derivation, orders, parquet_file, permission, withdrawal
from media.permission import COLUMNS, Asked
from project import layout
from project.errors import IntegrityError, UsageError
from registry import dvc, gate, git
from registry.tags import Version

PLAIN: Mapping[str, Any] = {"use": permission.TRAINING, "consent": "not_refused", "suspended": (), "as_of": ""}
"""What a version asks that was made before models asked for rights."""


def withdrawn(db: sqlite3.Connection, standing: orders.Standing) -> set[str]:
    """The ids of all assets that were ever known and are withdrawn."""
    found = set(standing.assets)
    for subject in standing.subjects:
        try:
            found |= set(asked.by(db, "subject", subject))
        except UsageError:  # of an asset that never came
            continue
    return found


def of_candidate(workspace: Path, folder: Path, model: str, source: str) -> gate.Rule:
    """The rule for what a run has made in `folder`, which is not registered yet."""
    parents = parquet_file.read(layout.shards(folder, model) / derivation.FILE, ["parent_ids"])["parent_ids"]
    ids = pc.unique(pc.list_flatten(parents))
    table = parquet_file.read(layout.assets(folder, source) / catalog.FILE, COLUMNS)
    standing = orders.standing(orders.read(workspace))
    reasons = _judged(table, ids, standing, layout.read_plan(folder, "rights", model))
    start = layout.read_plan(folder, "train", model).get("start")
    if start and (standing.assets or standing.subjects):
        reasons += _inherited(workspace, standing, f"{model}@{start['version']}")
    return gate.rights(model, reasons)


def _inherited(workspace: Path, standing: orders.Standing, tag: str) -> Counter[str]:
    with index.opened(workspace) as db:
        traced = trace.of(db, withdrawn(db, standing))
    count = sum(len(holder.assets) for holder in traced.holders if holder.tag == tag)
    return Counter({f"withdrawn, in the weights of {tag} with which its training began": count} if count else {})


def of_version(root: Path, version: Version) -> gate.Rule:
    """The rule for a version that stands. One of which it cannot be said what it holds fails."""
    standing = orders.standing(orders.read(root))
    with index.opened(root) as db:
        gone = withdrawn(db, standing)
        traced = trace.of(db, gone)
        ids = [
            row[0]
            for row in db.execute("SELECT DISTINCT asset FROM version_asset WHERE tag = ?", [version.registration])
        ]
    if unknown := next((each.why for each in traced.unknown if each.tag == version.tag), ""):
        return gate.Rule("rights", False, f"it cannot be said what {version.tag} holds: {unknown}")
    held = {asset for holder in traced.holders if holder.tag == version.tag for asset in holder.assets}
    planned = json.loads(git.show(root, version.commit, f"data/plan/rights/{version.name}.json") or "null") or PLAIN
    judged: set[tuple[str, str]] = {(asset, "withdrawn") for asset in held}
    rest = pa.array(sorted(set(ids) - held), pa.string())
    for table in _catalogs(root, version):
        judged |= _barred(table, rest, standing, planned)
    first = dict(sorted(judged, reverse=True))
    return gate.rights(version.name, Counter(first.values()))


def _catalogs(root: Path, version: Version) -> Iterable[pa.Table]:
    """The version's own catalog, and today's of its source."""
    source, assets = str(version.message.get("source", "")), version.message.get("assets")
    present = layout.assets(root, source) / catalog.FILE
    if present.is_file():
        yield _columns(present.read_bytes())
    if assets:
        with dvc.opened(root) as repo:
            cache = dvc.Cache(repo)
            listing = cache.listing(str(assets))
            if catalog.FILE not in listing:
                raise IntegrityError(f"the assets of {version.tag} ({assets}) have no {catalog.FILE}")
            yield _columns(cache.read(listing[catalog.FILE]))


def _columns(data: bytes) -> pa.Table:
    """The columns of rights; those that an old catalog lacks say nothing."""
    import pyarrow.parquet as pq

    found = pq.read_table(pa.BufferReader(data), use_threads=False, pre_buffer=False)
    columns = {
        name: found[name] if name in found.column_names else pa.nulls(len(found), pa.string()) for name in COLUMNS
    }
    return pa.table(columns)


def _judged(table: pa.Table, ids: pa.Array, standing: orders.Standing, planned: Mapping[str, Any]) -> Counter[str]:
    return Counter(reason for _, reason in _barred(table, ids, standing, planned))


def _barred(
    table: pa.Table, ids: pa.Array, standing: orders.Standing, planned: Mapping[str, Any]
) -> set[tuple[str, str]]:
    """(asset, reason) of those `ids` that may not be used now."""
    rows = table.filter(pc.is_in(table["asset_id"], ids))
    taken = rows.filter(
        pc.or_(withdrawal.matched(rows, standing.withdrawn()), pc.equal(rows["status"], catalog.WITHDRAWN))
    )
    now = replace(Asked.of_plan(planned), suspended=tuple(sorted(standing.suspended)), as_of=permission.today())
    held = permission.held_back(rows, now)
    gone = set(taken["asset_id"].to_pylist())
    pairs = zip(held["asset_id"].to_pylist(), held["reason"].to_pylist(), strict=True)
    return {(asset, "withdrawn") for asset in gone} | {(asset, reason) for asset, reason in pairs if asset not in gone}
