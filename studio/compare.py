"""`dailies model compare`: two versions side by side."""

from typing import Any

from project import layout
from registry import comparison, tags
from registry.comparison import Side, differing
from studio.answer import Answer, table

MOST_FILES = 8
"""How many changed files of code are named."""


def compare(first: str, second: str) -> Answer:
    """Settings, data, code, libraries and metrics of two versions, and their answers to the same test assets."""
    root = layout.find()
    left, right = (comparison.side(root, tags.find(root, reference)) for reference in (first, second))
    paired = comparison.paired(root, left.version, right.version)
    changed = {part: differing(getattr(left, part), getattr(right, part)) for part in ("settings", "code", "libraries")}
    data = {
        "first": left.version.tag,
        "second": right.version.tag,
        "commits": [left.version.commit, right.version.commit],
        **{part: {key: list(pair) for key, pair in found.items()} for part, found in changed.items()},
        "data": {key: [left.data.get(key), right.data.get(key)] for key in left.data | right.data},
        "metrics": {key: [left.metrics.get(key), right.metrics.get(key)] for key in left.metrics | right.metrics},
        "paired": paired,
    }
    return Answer(data, _text(left, right, changed, paired))


def _text(left: Side, right: Side, changed: dict[str, dict[str, tuple[Any, Any]]], paired: dict[str, Any]) -> str:
    rows: list[tuple[str, Any, Any]] = [
        ("stages", ", ".join(left.version.stages), ", ".join(right.version.stages)),
        ("made", left.version.made[:16].replace("T", " "), right.version.made[:16].replace("T", " ")),
        ("commit", left.version.commit[:12], right.version.commit[:12]),
        ("run by", left.version.message.get("who"), right.version.message.get("who")),
        *((key, *pair) for key, pair in changed["settings"].items()),
        (_alike(left.settings, changed["settings"], "settings"), "alike", "alike"),
        *((key, _short(left.data.get(key)), _short(right.data.get(key))) for key in left.data | right.data),
        *((key, *pair) for key, pair in changed["libraries"].items()),
        *(
            (key, _measured(left.metrics.get(key)), _measured(right.metrics.get(key)))
            for key in left.metrics | right.metrics
        ),
    ]
    cells = [[key, *("-" if value in (None, "") else value for value in pair)] for key, *pair in rows]
    return "\n".join(
        [table(["", left.version.tag, right.version.tag], cells), _code(changed["code"]), _verdict(left, right, paired)]
    )


def _alike(settings: dict[str, Any], changed: dict[str, Any], what: str) -> str:
    count = len(settings.keys() - changed.keys())
    return f"{count} {'other ' if changed else ''}{what}"


def _short(value: Any) -> Any:
    """A hash as far as people read it."""
    return value[:12] if isinstance(value, str) and value.endswith(".dir") else value


def _measured(metric: dict[str, Any] | None) -> str | None:
    if metric is None:
        return None
    interval = metric["interval"]
    return f"{metric['value']:.4f}" + (f" ({interval[0]:.4f} to {interval[1]:.4f})" if interval else "")


def _code(changed: dict[str, tuple[Any, Any]]) -> str:
    if not changed:
        return "code: every file that decides the results is the same"
    more = f" and {len(changed) - MOST_FILES} more" if len(changed) > MOST_FILES else ""
    return f"code: {', '.join(sorted(changed)[:MOST_FILES])}{more} differ"


def _verdict(left: Side, right: Side, paired: dict[str, Any]) -> str:
    if not paired["assets"]:
        return f"answers: {paired['verdict']}"
    low, high = paired["interval"]
    others = max(paired["assets_of_first"], paired["assets_of_second"]) - paired["assets"]
    said = f"answers: {right.version.version} is {paired['verdict']}" if paired["verdict"] != "not told apart" else ""
    said = said or f"answers: {left.version.version} and {right.version.version} are not told apart"
    return (
        f"{said}: {paired['difference']:+.4f}, 95% interval {low:+.4f} to {high:+.4f}, on {paired['assets']:,} test assets"
        + (f" that both answered ({others:,} others not)" if others else "")
    )
