"""Which admitted assets a model may not use today, and why: judged from columns of the catalog, before anything is made."""

import datetime
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from media.catalog import ADMITTED, WITHDRAWN
from media.summary import counts
from media.withdrawal import of_subjects

TRAINING, GENERATIVE = "ai_training", "ai_generative_training"
COLUMNS = ("asset_id", "status", "subject", "consent", "valid_until", TRAINING, GENERATIVE)
"""What of a catalog is looked at."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What a model asks of its assets.

    use        ai_training, or ai_generative_training where its recipe makes new media
    consent    given: an asset of whose consent nothing is known is held back; not_refused: it is not
    suspended  subjects who may not be used for now
    as_of      the day for which it is judged, as 2027-12-31
    """

    use: str
    consent: str
    suspended: tuple[str, ...]
    as_of: str

    @staticmethod
    def of_plan(planned: Mapping[str, Any]) -> "Asked":
        return Asked(planned["use"], planned["consent"], tuple(planned["suspended"]), planned["as_of"])


def today() -> str:
    """The day, in UTC, so that all machines of a studio agree."""
    return datetime.datetime.now(datetime.UTC).date().isoformat()


def held_back(table: pa.Table, asked: Asked) -> pa.Table:
    """asset_id and reason of each asset that is not withdrawn for good but may not be used; others are left out.

    Of several reasons the first of these is told: suspended, consent refused, expired, the use, consent unknown.
    """
    rows = table.filter(pc.equal(table["status"], ADMITTED))
    consent, end = rows["consent"].fill_null("unknown"), rows["valid_until"].fill_null("")
    permission = permitted(rows, asked.use)
    reasons = {
        "suspended": of_subjects(rows, dict.fromkeys(asked.suspended)),
        "consent refused": pc.equal(consent, "refused"),
        "expired": pc.and_(pc.not_equal(end, ""), pc.less(end, asked.as_of)),
        f"{asked.use} notAllowed": pc.equal(permission, "notAllowed"),
        f"{asked.use} constrained": pc.equal(permission, "constrained"),
    }
    if asked.consent == "given":
        reasons["consent unknown"] = pc.not_equal(consent, "given")
    masks = pc.make_struct(*reasons.values(), field_names=list(map(str, range(len(reasons)))))
    reason = pc.case_when(masks, *reasons) if len(rows) else rows["asset_id"]
    found = pa.table({"asset_id": rows["asset_id"], "reason": reason})
    return found.filter(pc.is_valid(found["reason"]))


def everything(table: pa.Table) -> pa.Table:
    """Nothing is held back."""
    return pa.table({"asset_id": pa.array([], pa.string()), "reason": pa.array([], pa.string())})


def admitted(table: pa.Table) -> int:
    """How many rows are admitted."""
    return pc.sum(pc.equal(table["status"], ADMITTED)).as_py() or 0


def permitted(rows: pa.Table, use: str) -> pa.ChunkedArray:
    """What is said of the use, empty where nothing is.

    Who forbids training and says nothing of generative training has not allowed that.
    """
    said = rows[use].fill_null("")
    if use != GENERATIVE:
        return said
    return pc.if_else(pc.equal(said, ""), rows[TRAINING].fill_null(""), said)


def by_reason(table: pa.Table, held: pa.Table) -> dict[str, int]:
    """How many assets are not used, by reason: those withdrawn, and those held back."""
    withdrawn = pc.sum(pc.equal(table["status"], WITHDRAWN)).as_py() or 0
    return ({"withdrawn": withdrawn} if withdrawn else {}) | by_count(held)


def by_count(held: pa.Table) -> dict[str, int]:
    """Reason → assets, by name of the reason."""
    return counts(held["reason"]) if len(held) else {}


def said(reasons: Mapping[str, int]) -> str:
    """In words: 3 suspended, 1 expired."""
    return ", ".join(f"{count:,} {reason}" for reason, count in reasons.items())


def newly(before: pa.Table, now: pa.Table) -> pa.Table:
    """What is held back now and was not before."""
    return now.filter(pc.invert(pc.is_in(now["asset_id"], before["asset_id"].combine_chunks())))


def differ(before: pa.Table, now: pa.Table) -> bool:
    """Whether other assets are held back, for whatever reason."""
    return bool(_ids(before) ^ _ids(now))


def _ids(held: pa.Table) -> set[str]:
    ids: Iterable[str] = held["asset_id"].to_pylist()
    return set(ids)
