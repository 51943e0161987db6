"""The work of `dailies rights`."""

from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path

import pyarrow.compute as pc

from lineage import asked, index, withdrawal
from media import catalog, orders, parquet_file, permission
from media import withdrawal as withdrawn
from media.orders import Order
from media.permission import COLUMNS, Asked
from project import layout, params
from project.errors import UsageError
from studio.answer import Answer, table
from studio.planning import planned


def suspend(subject: str, why: str) -> Answer:
    """Raises UsageError for a subject that no asset names, and without a reason."""
    root = layout.find()
    standing = orders.standing(orders.read(root))
    if known := standing.suspended.get(subject):
        raise UsageError(f"{subject!r} is suspended already, by {known.said}; see: dailies rights ls")
    with index.opened(root) as db:
        count = len(asked.by(db, "subject", subject))
    given = withdrawal.made(root, "suspend", "subject", subject, why)
    return _given(root, given, f"{subject!r} is suspended, {count:,} assets")


def resume(subject: str, why: str) -> Answer:
    """Raises UsageError for a subject that is not suspended, and without a reason."""
    root = layout.find()
    standing = orders.standing(orders.read(root))
    if subject not in standing.suspended:
        gone = "; it is withdrawn, which stays" if subject in standing.subjects else ""
        raise UsageError(f"{subject!r} is not suspended{gone}; {params.listing(subject, standing.suspended)}")
    given = withdrawal.made(root, "resume", "subject", subject, why)
    return _given(root, given, f"{subject!r} may be used again")


def _given(root: Path, given: Order, said: str) -> Answer:
    sent = withdrawal.give(root, [given])
    later = (
        "" if sent else "\nthe shared repository has moved on and does not know of it yet; run: git pull && git push"
    )
    return Answer(asdict(given) | {"sent": sent}, f"{said}; {planned(root)}{later}")


def ls() -> Answer:
    """Orders, and by model what is held back today of the assets that are here."""
    root = layout.find()
    standing = orders.standing(orders.read(root))
    now = [*standing.subjects.values(), *standing.assets.values(), *standing.suspended.values()]
    held = {
        name: reasons for name in params.read(root / "params.yaml").models if (reasons := _held(root, name, standing))
    }
    data = {"orders": [asdict(each) for each in now], "held_back": held}
    return Answer(data, "\n".join([*_orders(now), *_models(held)]))


def _orders(now: Sequence[Order]) -> list[str]:
    rows = [[each.order, each.value[:40], each.when[:10], each.who, each.why] for each in now]
    return table(["ORDER", "OF", "SINCE", "BY", "WHY"], rows).splitlines() if rows else ["nothing is ordered"]


def _models(held: dict[str, dict[str, int]]) -> list[str]:
    rows = [[model, permission.said(reasons)] for model, reasons in held.items()]
    return ["", *table(["MODEL", "HELD BACK TODAY"], rows).splitlines()] if rows else ["no model has assets held back"]


def _held(root: Path, model: str, standing: orders.Standing) -> dict[str, int]:
    """Nothing for a model that was not planned, or whose source was not ingested here."""
    try:
        asks = layout.read_plan(root, "rights", model)
    except UsageError:
        return {}
    path = layout.assets(root, params.read(root / "params.yaml").models[model].source) / catalog.FILE
    if not path.is_file() or not set(COLUMNS) <= set(parquet_file.columns(path)):
        return {}
    found = parquet_file.read(path, COLUMNS)
    gone = withdrawn.matched(found, standing.withdrawn())
    taken = pc.sum(pc.or_(gone, pc.equal(found["status"], catalog.WITHDRAWN))).as_py() or 0
    found = found.filter(pc.invert(gone))
    now = replace(Asked.of_plan(asks), suspended=tuple(sorted(standing.suspended)), as_of=permission.today())
    held = permission.by_count(permission.held_back(found, now))
    return ({"withdrawn": taken} if taken else {}) | held
