"""Withdrawing assets: what that touches, the order of retraining, giving the order, and taking back what holds them."""

import datetime
import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from lineage import asked, index, rights, trace
from lineage.trace import Traced
from media import orders
from media.orders import NAMES, Order
from project import layout, params
from project.errors import UsageError
from registry import git, origin, promotion, tags

SUBJECT = "subject:"
TRAILER = "Ordered-By"


@dataclass(frozen=True, slots=True)
class Named:
    """What is to be withdrawn: assets by id, and subjects with all of their assets, also those that come later."""

    assets: tuple[str, ...]
    subjects: tuple[str, ...]


def from_file(path: Path) -> tuple[list[str], list[str]]:
    """Assets and subjects of a list: one a line, an asset as `trace` takes it or `subject: NAME`, # for remarks.

    `data/rights/orders.csv` itself may be given: all that is withdrawn. Raises UsageError.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{path} cannot be read as a list: {error}") from None
    if text.startswith(",".join(NAMES)):
        standing = orders.standing(orders.parse(text, path))
        return list(standing.assets), list(standing.subjects)
    lines = [line.strip() for line in text.splitlines() if line.strip() and not line.strip().startswith("#")]
    subjects = [line.removeprefix(SUBJECT).strip() for line in lines if line.startswith(SUBJECT)]
    return [line for line in lines if not line.startswith(SUBJECT)], subjects


def resolve(db: sqlite3.Connection, assets: Iterable[str], subjects: Iterable[str]) -> tuple[Named, list[str]]:
    """What the words name, and the ids of all assets that this comes to. Raises UsageError for a word that names none."""
    by_word = sorted({each for word in assets for each in asked.assets(db, word)})
    named = Named(tuple(by_word), tuple(dict.fromkeys(subjects)))
    for subject in named.subjects:
        if "\n" in subject or not subject.strip():
            raise UsageError(f"subject {subject!r} is not a name")
    shown = {each for subject in named.subjects for each in asked.by(db, "subject", subject)}
    return named, sorted({*by_word, *shown})


@dataclass(frozen=True, slots=True)
class Retraining:
    """A model to train again. `seconds` is what its last runs took, stage by stage; None where it was never run."""

    model: str
    live: str
    seconds: float | None
    start: str


@dataclass(frozen=True, slots=True)
class Touched:
    """What holds the assets now: sources with how many, versions, and the models to train again, in their order."""

    sources: Mapping[str, int]
    traced: Traced
    retraining: Sequence[Retraining] = field(default=())


def touched(root: Path, db: sqlite3.Connection, ids: Sequence[str]) -> Touched:
    """Look in the present catalogs and in every version."""
    traced = trace.of(db, ids)
    db.execute("CREATE TEMP TABLE IF NOT EXISTS touched (asset TEXT PRIMARY KEY)")
    db.execute("DELETE FROM touched")
    db.executemany("INSERT OR IGNORE INTO touched VALUES (?)", ((each,) for each in ids))
    rows = db.execute(
        "SELECT present.source, count(DISTINCT source_asset.asset) FROM present JOIN source_asset"
        " ON source_asset.assets = present.assets JOIN touched ON touched.asset = source_asset.asset"
        " WHERE source_asset.status = 'admitted' GROUP BY present.source ORDER BY 1"
    )
    sources = {str(source): int(count) for source, count in rows}
    return Touched(sources, traced, _order(root, sources, traced))


def _order(root: Path, sources: Mapping[str, int], traced: Traced) -> list[Retraining]:
    """Live models first, of these the quickest first, so that as few as possible stay tainted for long."""
    read = params.read(root / "params.yaml")
    live = {holder.model: holder.tag for holder in traced.live}
    known = tags.versions(root)
    wanted = [name for name, model in read.models.items() if model.source in sources or name in live]
    found = [
        Retraining(
            name, live.get(name, ""), _seconds(known, name), str(read.models[name].settings.get("start_from", ""))
        )
        for name in wanted
        if name in live or any(version.name == name for version in known)
    ]
    return sorted(found, key=lambda each: (not each.live, each.seconds is None, each.seconds or 0, each.model))


def _seconds(known: Sequence[tags.Version], model: str) -> float | None:
    """The time of a run of all stages: of each, what it took when it last ran."""
    last: dict[str, float] = {}
    for version in (version for version in known if version.name == model):
        last |= version.message.get("seconds", {})
    return sum(last.values()) if last else None


def order(root: Path, named: Named, why: str) -> list[Order]:
    """The lines for what is named and not withdrawn yet. Raises UsageError without a reason or an identity."""
    standing = orders.standing(orders.read(root))
    return [
        *(made(root, "withdraw", "subject", each, why) for each in named.subjects if each not in standing.subjects),
        *(made(root, "withdraw", "asset", each, why) for each in named.assets if each not in standing.assets),
    ]


def made(root: Path, kind: str, what: str, value: str, why: str) -> Order:
    """An order as of now. Raises UsageError."""
    if not why.strip():
        raise UsageError(f"an order to {kind} needs a reason, which is kept in git; write: --why TEXT")
    who = git.identity(root)
    if not who:
        raise UsageError("git does not know who orders this; run: dailies doctor --fix")
    when = datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")
    return Order(when, who, kind, what, value, " ".join(why.split()))


def give(root: Path, given: Sequence[Order]) -> bool:
    """Write orders to git, as a commit of their own on the branch that is checked out. Whether it was also sent to the
    shared repository, where there is one. No version becomes live meanwhile."""
    branch = git.branch(root)
    path = str(layout.orders(root).relative_to(root))
    with origin.held(root):
        orders.append(root, given)
        values = list(dict.fromkeys(each.value if each.what == "subject" else each.value[:12] for each in given))
        more = f" and {len(values) - 3} more" if len(values) > 3 else ""
        subject = f"{given[0].order.capitalize()} {', '.join(values[:3])}{more}: {given[0].why}"
        git.commit_only(root, [path], subject, {TRAILER: given[0].who})
        return origin.publish(root, "", branch)


def retire(root: Path, model: str, *, now: bool = False) -> list[str]:
    """Take back the versions of a model that hold withdrawn assets; their tags.

    Those in a stage only `now`: without it a version stays live until a clean one takes its place.
    """
    standing = orders.standing(orders.read(root))
    if not standing.assets and not standing.subjects:
        return []
    with index.opened(root) as db:
        holders = [each for each in trace.of(db, rights.withdrawn(db, standing)).holders if each.model == model]
    gone = [each for each in holders if now or not each.stages]
    for each in sorted(gone, key=lambda each: bool(each.stages)):
        why = f"holds {len(each.assets):,} withdrawn assets, see data/rights/orders.csv"
        promotion.retire(root, model, each.version, even_live=now, why=why)
    return [each.tag for each in gone]


def as_dict(found: Touched) -> dict[str, Any]:
    return {
        "sources": dict(found.sources),
        "versions": [
            {"tag": each.tag, "stages": list(each.stages), "assets": len(each.assets)} for each in found.traced.holders
        ],
        "cannot_say": [{"tag": each.tag, "why": each.why} for each in found.traced.unknown],
        "retrain": [
            {"model": each.model, "live": each.live, "seconds": each.seconds, "start_from": each.start}
            for each in found.retraining
        ],
    }
