"""What a source says about one asset, when its bytes may lie under several paths."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Any

from media.catalog import ADMITTED, PROBED, QUARANTINED, Row
from media.regions import in_px
from media.sources import Item

SPLITS_BY_WEIGHT = ("test", "validation", "train")
"""An asset in two official splits belongs to the first of these: what is measured on must not be trained on."""
CONFLICTS = ("two_labels", "two_groups", "two_splits")
"""In what the paths of an asset may disagree."""
MISNAMED = "named "
"""How the reason begins that an asset has for its wrong suffix."""


@dataclass(slots=True)
class Found:
    """One asset: its items that may be used, those that may not, and what its probe says."""

    asset_id: str
    bytes: int = 0
    accepted: list[Item] = field(default_factory=list)
    refused: list[tuple[str, str]] = field(default_factory=list)
    probed: Mapping[str, Any] = field(default_factory=dict)

    def add(self, item: Item, refused: str) -> None:
        if refused:
            self.refused.append((item.path, refused))
        else:
            self.accepted.append(item)

    def paths(self) -> list[str]:
        return sorted([item.path for item in self.accepted] + [path for path, _ in self.refused])


def describe(asset: Found, suffixes: Mapping[str, Sequence[str]], released: str = "") -> dict[str, Any]:
    """The catalog columns that follow from the files: all but those of source and rights.

    `suffixes` says what a file of each format may be called. `released`, when it is not empty, says who admits the asset
    against a rule, and why; one that cannot be read stays refused.
    """
    labels, conflict = _labels(asset.accepted)
    unusable, ruled = _reason(asset), _misnamed(asset, suffixes) or conflict
    admitted_by = released if ruled and not unusable else ""
    reason = unusable or ("" if admitted_by else ruled)
    return {
        "asset_id": asset.asset_id,
        "paths": asset.paths(),
        "bytes": asset.bytes,
        **{name: asset.probed.get(name) for name in PROBED},
        "labels": list(_all_labels(asset.accepted) if admitted_by and conflict else labels),
        "regions": in_px(
            _first(item.regions for item in asset.accepted), asset.probed.get("width"), asset.probed.get("height")
        ),
        "group": _first(item.group for item in asset.accepted),
        "split": _split(asset.accepted),
        "conflicts": _conflicts(asset.accepted),
        "status": QUARANTINED if reason else ADMITTED,
        "reason": reason,
        "released": admitted_by,
    }


def by_rule(row: Row) -> bool:
    """Whether it was a rule that refused the asset of a row, so that a person may admit it; its probe could read it."""
    return row["status"] == QUARANTINED and row["format"] is not None


def _reason(asset: Found) -> str:
    if not asset.accepted:
        return asset.refused[0][1]
    reason: str = asset.probed.get("reason") or ""
    return reason


def _misnamed(asset: Found, suffixes: Mapping[str, Sequence[str]]) -> str:
    """The reason when every name that the asset has is that of another format."""
    right = suffixes.get(asset.probed.get("format") or "")
    if right is None:
        return ""
    wrong = {suffix for each in suffixes.values() for suffix in each} - set(right)
    named = [PurePosixPath(item.path).suffix.lower() for item in asset.accepted]
    if not wrong.issuperset(named):
        return ""
    return f"{MISNAMED}{min(named)}, but its content is {asset.probed['format']}; rename it to {right[0]}"


def _labels(items: Sequence[Item]) -> tuple[tuple[str, ...], str]:
    """The labels of most of the paths, or the reason why there are none: two labels with equally many paths."""
    if len(items) <= 1:  # nearly always, and counting is slow
        return (items[0].labels if items else ()), ""
    votes = Counter(item.labels for item in items)
    (labels, count), *others = votes.most_common()
    if not others or 2 * count > len(items):
        return labels, ""
    named = {item.labels: item.path for item in sorted(items, key=lambda item: item.path, reverse=True)}
    told = " and ".join(f"{', '.join(each)!r} ({path})" for each, path in sorted(named.items()))
    return (), f"the same bytes are labelled {told}; delete or relabel all but one"


def _all_labels(items: Sequence[Item]) -> tuple[str, ...]:
    return tuple(sorted({label for item in items for label in item.labels}))


def _split(items: Sequence[Item]) -> str:
    said = {item.split for item in items}
    return next((split for split in SPLITS_BY_WEIGHT if split in said), "")


def _conflicts(items: Sequence[Item]) -> list[str]:
    if len(items) <= 1:
        return []
    different = (
        len({item.labels for item in items}),
        len({item.group for item in items}),
        len({item.split for item in items}),
    )
    return [name for name, values in zip(CONFLICTS, different, strict=True) if values > 1]


def _first(names: Iterable[str]) -> str:
    return min(filter(None, names), default="")
