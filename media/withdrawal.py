"""Withdrawn assets leave the catalog's admitted rows, and with them the buckets; what stays is that they were there."""

from collections.abc import Mapping
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from media import catalog
from media.catalog import WITHDRAWN
from media.orders import named

Withdrawn = Mapping[str, Mapping[str, str]]
"""`assets` and `subjects`: id or name → who and why."""
NOTHING: Withdrawn = {"assets": {}, "subjects": {}}
KEPT = ("asset_id", "paths", "source", "kind", "bytes", "group", "split", "licence", "holder", "subject", "consent")
"""Columns that a withdrawn asset keeps, so that a person can still ask why it is missing; nothing of its content."""
EMPTY: dict[str, Any] = {"labels": [], "conflicts": [], "signals": [], "released": "", "regions": ""}


def matched(table: pa.Table, withdrawn: Withdrawn) -> pa.ChunkedArray:
    """Whether each row is withdrawn."""
    by_id = pc.is_in(table["asset_id"], pa.array(withdrawn["assets"], pa.string()))
    return pc.or_(by_id, of_subjects(table, withdrawn["subjects"]))


def of_subjects(table: pa.Table, subjects: Mapping[str, Any]) -> pa.ChunkedArray:
    """Whether each row shows one of the subjects."""
    column = table["subject"].fill_null("")
    shown = [each for each in pc.unique(column).to_pylist() if not subjects.keys().isdisjoint(named(each))]
    return pc.is_in(column, pa.array(shown, pa.string()))


def withdraw(table: pa.Table, withdrawn: Withdrawn) -> pa.Table:
    """The catalog with those rows emptied, whose status then says so."""
    mask = matched(table, withdrawn)
    if not pc.any(mask).as_py():
        return table
    rows = [
        {name: row[name] for name in KEPT} | EMPTY | {"status": WITHDRAWN, "reason": _reason(row, withdrawn)}
        for row in table.filter(mask).to_pylist()
    ]
    kept = table.filter(pc.invert(mask))
    return pa.concat_tables([kept, catalog.table(rows)]).sort_by("asset_id").combine_chunks()


def _reason(row: Mapping[str, Any], withdrawn: Withdrawn) -> str:
    said = withdrawn["assets"].get(row["asset_id"])
    subject = next((each for each in named(row["subject"] or "") if each in withdrawn["subjects"]), "")
    return f"withdrawn by {said or withdrawn['subjects'][subject]}"


def relevant(table: pa.Table, withdrawn: Withdrawn) -> dict[str, dict[str, str]]:
    """The withdrawals that concern an asset of this catalog."""
    ids = pc.is_in(table["asset_id"], pa.array(withdrawn["assets"], pa.string()))
    found = set(table.filter(ids)["asset_id"].to_pylist())
    shown = {each for row in pc.unique(table["subject"].fill_null("")).to_pylist() for each in named(row)}
    return {
        "assets": {each: said for each, said in withdrawn["assets"].items() if each in found},
        "subjects": {each: said for each, said in withdrawn["subjects"].items() if each in shown},
    }
