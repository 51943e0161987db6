"""`dailies lineage diff`: what makes two versions different."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from lineage import asked, diff, index, standing
from lineage.diff import Difference
from project import layout
from registry import tags
from studio import waiting
from studio.answer import CANNOT_SAY, Answer
from studio.tracing import SHORT

MOST = 5
"""How many of each kind a person is shown; `--json` tells all."""


def difference(before: str, after: str, at: str) -> Answer:
    """Two versions side by side. Exit 7 where it cannot be said which assets they hold."""
    root = layout.find()
    with index.opened(root, waiting.tick) as db:
        lines = standing.lines(db, None, standing.moment(at) if at else None)
        found = diff.between(root, db, tags.find_in(lines, before), tags.find_in(lines, after))
        assets = found.assets
        shown = [
            asset
            for kind in (assets.added, assets.removed, assets.moved, assets.relabelled)
            for asset in [*kind][:MOST]
        ]
        places = asked.paths(db, shown)
    return Answer(asdict(found), _text(found, places), CANNOT_SAY if assets.unknown else 0)


def _text(found: Difference, places: Mapping[str, str]) -> str:
    assets = found.assets
    lines = [f"{found.before} → {found.after}", "", f"assets: {assets.unknown or _counts(found)}"]
    lines += _some("+", [f"{_place(a, places)} in {', '.join(s)}" for a, s in assets.added.items()])
    lines += _some("-", [f"{_place(a, places)} in {', '.join(s)}" for a, s in assets.removed.items()])
    lines += _some("~", [f"{_place(a, places)}: {', '.join(b)} → {', '.join(c)}" for a, (b, c) in assets.moved.items()])
    lines += _some("~", [f"{_place(a, places)}: {_changes(changed)}" for a, changed in assets.relabelled.items()])
    for what in ("parameters", "metrics", "libraries"):
        changed = getattr(found, what)
        lines += [
            f"{what}: {'' if changed else 'the same'}".rstrip(),
            *(f"  {_change(*each)}" for each in changed.items()),
        ]
    lines.append(f"code: {f'{len(found.code)} files' if found.code else 'the same'}")
    lines += _some("~", list(found.code))
    return "\n".join([*lines, "", found.explanation])


def _counts(found: Difference) -> str:
    assets = found.assets
    counts = {
        "added": assets.added,
        "removed": assets.removed,
        "moved": assets.moved,
        "described anew": assets.relabelled,
    }
    return ", ".join(f"{len(which):,} {name}" for name, which in counts.items() if which) or "the same"


def _some(mark: str, lines: Sequence[str]) -> list[str]:
    more = [f"  {mark} … and {len(lines) - MOST:,} more"] if len(lines) > MOST else []
    return [f"  {mark} {line}" for line in lines[:MOST]] + more


def _place(asset: str, places: Mapping[str, str]) -> str:
    return f"{asset[:SHORT]} {places.get(asset, '')}".rstrip()


def _changes(changed: Mapping[str, Sequence[Any]]) -> str:
    return "; ".join(_change(name, pair) for name, pair in changed.items())


def _change(name: str, pair: Sequence[Any]) -> str:
    before, after = (_value(value) for value in pair)
    step = f" ({pair[1] - pair[0]:+.4f})" if all(isinstance(value, float) for value in pair) else ""
    return f"{name} {before} → {after}{step}"


def _value(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:.4f}"
    return "nothing" if value in (None, "", []) else str(value)
