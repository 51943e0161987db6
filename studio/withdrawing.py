"""`dailies lineage withdraw` and `dailies lineage prove`: assets that must go, and whether they are gone."""

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from lineage import absence, asked, index, trace, withdrawal
from lineage.absence import Holding, Proof
from lineage.withdrawal import Named, Retraining, Touched
from media.orders import Order
from project import layout, params
from project.errors import UsageError
from registry import dvc, store
from studio.answer import CANNOT_SAY, HELD, Answer, table
from studio.assets import size_of
from studio.planning import planned
from studio.tracing import SHORT

MOST_ASSETS = 3


def withdraw(words: Sequence[str], subject: str, listed: Path | None, why: str, *, apply: bool, now: bool) -> Answer:
    """Show what is touched; with `apply` give the order. Raises UsageError."""
    root = layout.find()
    if now and not apply:
        raise UsageError("--now takes versions back at once, which needs --apply as well")
    assets, subjects = withdrawal.from_file(listed) if listed else ([], [])
    with index.opened(root) as db:
        named, ids = withdrawal.resolve(db, [*assets, *words], [*subjects, *([subject] if subject else [])])
        if not ids:
            raise UsageError("say which assets: ids or paths, --subject NAME, or --list FILE")
        found = withdrawal.touched(root, db, ids)
        places = asked.paths(db, ids[:MOST_ASSETS])
    given = withdrawal.order(root, named, why) if apply or why else []
    proof = absence.prove(root, ids, found.traced)
    lines = [_what(named, ids, places), *_touched(found, proof), *_stored(root, proof), *_retraining(found.retraining)]
    data = {"assets": ids, "subjects": list(named.subjects), **withdrawal.as_dict(found), "applied": apply}
    data |= {"holding": [asdict(each) for each in proof.holding]}
    if not apply:
        return Answer(data, "\n".join([*lines, "nothing is changed yet; to order it, add: --why TEXT --apply"]))
    return Answer(data | {"why": why}, "\n".join([*lines, *_apply(root, given, found, now=now)]))


def _apply(root: Path, given: Sequence[Order], found: Touched, *, now: bool) -> list[str]:
    sent = withdrawal.give(root, given) if given else True
    lines = [
        f"ordered by {given[0].who} and committed: {layout.orders(root).relative_to(root)}"
        if given
        else "all of this was withdrawn already"
    ]
    if not sent:
        lines.append("the shared repository has moved on and does not know of it yet; run: git pull && git push")
    lines.append(planned(root))
    for model in sorted({holder.model for holder in found.traced.holders}) if now else ():
        lines += [f"{tag} is taken back" for tag in withdrawal.retire(root, model, now=True)]
    return lines


def _what(named: Named, ids: Sequence[str], places: dict[str, str]) -> str:
    whom = f" of subject {', '.join(named.subjects)}" if named.subjects else ""
    shown = ", ".join(places.get(each, each[:SHORT]) for each in ids[:MOST_ASSETS])
    more = f" and {len(ids) - MOST_ASSETS:,} more" if len(ids) > MOST_ASSETS else ""
    return f"{len(ids):,} asset{'s' * (len(ids) > 1)}{whom}: {shown}{more}"


def _touched(found: Touched, proof: Proof) -> list[str]:
    rows = [["source", name, f"{count:,}", ""] for name, count in found.sources.items()]
    rows += [
        ["samples", each.what, f"{each.assets:,}", ""]
        for each in proof.holding
        if each.where == "workspace" and "/shards/" in each.what
    ]
    rows += [
        ["version", each.tag, f"{len(each.assets):,}", ", ".join(each.stages) or "-"] for each in found.traced.holders
    ]
    lines = table(["TOUCHED", "NAME", "ASSETS", "LIVE IN"], rows).splitlines() if rows else ["nothing holds them"]
    return lines + [f"cannot say for {each.tag}: {each.why}" for each in found.traced.unknown]


def _stored(root: Path, proof: Proof) -> list[str]:
    """How much of cache and remote is concerned: one line a place."""
    lines = []
    with dvc.opened(root) as repo:
        for place in (each for each in (store.cache(repo), store.remote(repo)) if each):
            objects = {md5 for each in proof.holding if each.where == place.name for md5 in each.objects}
            size = sum(place.size(md5) or 0 for md5 in objects)
            lines.append(f"{place.name}: {len(objects):,} objects hold them, {size_of(size)}")
    return lines + [f"cannot say: {each}" for each in proof.unknown]


def _retraining(wanted: Sequence[Retraining]) -> list[str]:
    if not wanted:
        return ["no model has to be trained again"]
    lines = ["to train again, in this order, with what their last runs took:"]
    for number, each in enumerate(wanted, 1):
        live = f"{each.live} is live" if each.live else "not live"
        lines.append(f"  {number}. dailies run {each.model}  ({_time(each.seconds)}; {live})")
    return lines


def _time(seconds: float | None) -> str:
    if seconds is None:
        return "never timed"
    return f"{seconds:.0f} s" if seconds < 120 else f"{seconds / 60:.0f} min"


def prove(listed: Path) -> Answer:
    """Exit code 0: nothing holds the assets; 6: something does; 7: that cannot be said."""
    root = layout.find()
    params.read(root / "params.yaml")
    assets, subjects = withdrawal.from_file(listed)
    with index.opened(root) as db:
        _, ids = withdrawal.resolve(db, assets, subjects)
        traced = trace.of(db, ids)
    if not ids:
        raise UsageError(f"{listed} names no asset")
    proof = absence.prove(root, ids, traced)
    code = HELD if proof.holding else CANNOT_SAY if proof.unknown else 0
    return Answer({**asdict(proof), "absent": code == 0}, _proof(proof), code)


def _proof(proof: Proof) -> str:
    searched = ", ".join(f"{place} ({count:,} objects)" for place, count in proof.searched.items())
    lines = [f"looked for {proof.assets:,} assets in catalogs, samples, versions, {searched or 'no store'}"]
    lines += [line for each in proof.holding for line in _holding(each)]
    lines += [f"cannot say: {each}" for each in proof.unknown]
    lines += [
        f"{source} itself still lists {count:,} of them; a source is never written to, delete them there"
        for source, count in proof.outside.items()
    ]
    verdict = "absent: nothing of them is left" if not proof.unknown else "not found, but not everything could be asked"
    return "\n".join([*lines, "still held, see above" if proof.holding else verdict])


def _holding(each: Holding) -> list[str]:
    objects = f" in {len(each.objects):,} objects" if each.objects else ""
    needed = f", needed by {', '.join(each.needed_by)}" if each.needed_by else ""
    return [f"  {each.where}: {each.what} holds {each.assets:,}{objects}{needed}", f"    to purge it: {each.purge}"]
