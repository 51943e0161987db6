"""`dailies lineage trace`: from assets to the versions that hold them."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from sqlite3 import Connection
from typing import Any

from lineage import asked, index, standing
from lineage import trace as tracing
from lineage.trace import Holder, Traced
from project import layout
from project.errors import UsageError
from studio import waiting
from studio.answer import CANNOT_SAY, HELD, Answer, table

SHORT = 12
MOST_ASSETS, MOST_VERSIONS, MOST_SAMPLES = 10, 20, 3
"""How many a person is shown; `--json` tells all."""


def trace(named: Sequence[str], by: Mapping[str, str], at: str) -> Answer:
    """What holds the assets that the arguments name. Raises UsageError."""
    root = layout.find()
    wanted = {column: value for column, value in by.items() if value}
    if not named and not wanted:
        raise UsageError("say which assets: an id, a path or a file, or one of --subject, --licence, --source")
    moment = standing.moment(at) if at else None
    with index.opened(root, waiting.tick) as db:
        assets = {asset for each in named for asset in asked.assets(db, each)}
        assets |= {asset for column, value in wanted.items() for asset in asked.by(db, column, value)}
        traced = tracing.of(db, assets, moment)
        places = asked.paths(db, traced.assets[:MOST_ASSETS])
        said = _predicted(root, db, traced)
    return Answer(_data(traced, said), _text(traced, places, said), _exit_code(traced))


def _predicted(root: Path, db: Connection, traced: Traced) -> dict[str, list[dict[str, Any]]]:
    if not any("test" in holder.splits for holder in traced.holders):
        return {}
    from lineage import predictions  # opens DVC, which takes half a second

    return predictions.made(root, db, traced.holders)


def _exit_code(traced: Traced) -> int:
    if traced.live:
        return HELD
    return CANNOT_SAY if any(each.stages for each in traced.unknown) else 0


def _data(traced: Traced, said: Mapping[str, Any]) -> dict[str, Any]:
    holders = [
        {**asdict(holder), "splits": list(holder.splits), "predicted": said.get(holder.tag)}
        for holder in traced.holders
    ]
    unknown = [asdict(each) for each in traced.unknown]
    live = [holder.tag for holder in traced.live]
    past = [holder.tag for holder in traced.past]
    told = {"assets": list(traced.assets), "held_by_live": live, "holders": holders}
    return told | {"taken_back": past, "cannot_say": unknown}


def _text(traced: Traced, places: Mapping[str, str], said: Mapping[str, Any]) -> str:
    lines = [f"{asset[:SHORT]}  {places.get(asset, 'in no catalog')}" for asset in traced.assets[:MOST_ASSETS]]
    if len(traced.assets) > MOST_ASSETS:
        lines.append(f"… and {len(traced.assets) - MOST_ASSETS:,} more assets")
    shown = sorted(traced.holders, key=lambda holder: (bool(holder.stages), holder.made), reverse=True)[:MOST_VERSIONS]
    if shown:
        rows = [[holder.tag, ", ".join(holder.stages) or "-", _splits(holder), _through(holder)] for holder in shown]
        lines += ["", table(["VERSION", "LIVE IN", "SPLIT", "THROUGH"], rows)]
    if len(traced.holders) > len(shown):
        lines.append(f"… and {len(traced.holders) - len(shown):,} older versions; all: --json")
    lines += [f"{tag} said: {_said(row)}" for tag, rows in said.items() for row in rows[:MOST_SAMPLES]]
    lines += [f"cannot say for {each.tag}{_stages(each.stages)}: {each.why}" for each in traced.unknown[:MOST_VERSIONS]]
    if len(traced.unknown) > MOST_VERSIONS:
        lines.append(f"… and for {len(traced.unknown) - MOST_VERSIONS:,} more versions; all: --json")
    return "\n".join([*lines, "", _verdict(traced)])


def _splits(holder: Holder) -> str:
    counts = Counter(use.split for use in holder.uses)
    if sum(counts.values()) == 1:
        return holder.splits[0]
    return ", ".join(f"{split} {counts[split]:,}" for split in holder.splits) or "-"


def _through(holder: Holder) -> str:
    samples = [sample for use in holder.uses for sample in use.samples]
    shown = ", ".join(sample[:SHORT] for sample in samples[:MOST_SAMPLES])
    said = [f"{len(samples):,} samples" if len(samples) > MOST_SAMPLES else f"sample{'s' * (len(samples) > 1)} {shown}"]
    if not samples:
        said = []
    elif holder.copies and any(use.split == "train" for use in holder.uses):
        said[0] += (
            f", each in train varied {holder.copies} times" if holder.copies > 1 else ", each in train varied once"
        )
    said += [f"the weights of {tag}, which began its training" for tag in list(holder.inherited)[:MOST_SAMPLES]]
    return "; ".join(said)


def _said(row: Mapping[str, Any]) -> str:
    kept = {name: value for name, value in row.items() if name not in ("asset_id", "sample_id")}
    told = ", ".join(
        f"{name} {value:.4g}" if isinstance(value, float) else f"{name} {value}" for name, value in kept.items()
    )
    return f"{told} (of {row['asset_id'][:SHORT]})"


def _stages(stages: Sequence[str]) -> str:
    return f", live in {', '.join(stages)}" if stages else ""


def _verdict(traced: Traced) -> str:
    what = "this asset" if len(traced.assets) == 1 else f"any of these {len(traced.assets):,} assets"
    live = ", ".join(f"{holder.tag} ({', '.join(holder.stages)})" for holder in traced.live[:MOST_VERSIONS])
    count = len(traced.holders)
    hold = f"{count:,} versions hold" if count > 1 else "1 version holds" if count else "no version holds"
    said = f"{hold} {what}" + (f"; live: {live or 'none'}" if count else "")
    past = ", ".join(holder.tag for holder in traced.past[-MOST_VERSIONS:])
    said += (
        f"; {len(traced.past):,} that did {'were' if len(traced.past) > 1 else 'was'} taken back: {past}"
        if past
        else ""
    )
    return said + (f"; of {len(traced.unknown):,} it cannot be said" if traced.unknown else "")
