"""What is different between two versions, down to single assets, and which of it can explain that their figures differ."""

import json
import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lineage import commits, standing
from media.splits import NAMES
from registry.tags import Version

IN_ONE = (
    "SELECT lower(hex(asset.id)), split FROM collection_part JOIN part_use USING (part) JOIN asset ON asset.key = asset"
    " WHERE collection = ?1 AND part NOT IN (SELECT part FROM collection_part WHERE collection = ?2)"
)
SAID_IN_ONE = (
    "SELECT lower(hex(asset.id)), paths, labels, status, licence, holder, subject, consent, valid_until FROM collection_part"
    " JOIN part_entry USING (part) JOIN entry ON entry.id = part_entry.entry JOIN terms ON terms.id = entry.terms"
    " JOIN asset ON asset.key = entry.asset"
    " WHERE collection = ?1 AND part NOT IN (SELECT part FROM collection_part WHERE collection = ?2)"
)
SAID = ("paths", "labels", "status", "licence", "holder", "subject", "consent", "valid_until")


@dataclass(frozen=True, slots=True)
class Assets:
    """Between the samples of two versions: ids that came, that went, that changed their split (before, after), and that
    their catalogs say something else of: id → column → (before, after)."""

    added: Mapping[str, tuple[str, ...]]
    removed: Mapping[str, tuple[str, ...]]
    moved: Mapping[str, tuple[tuple[str, ...], tuple[str, ...]]]
    relabelled: Mapping[str, dict[str, tuple[Any, Any]]]
    unknown: str = ""

    @property
    def any(self) -> bool:
        return bool(self.added or self.removed or self.moved or self.relabelled)

    @property
    def of_test(self) -> bool:
        """Whether both were measured with other assets."""
        return any(
            ("test" in before) != ("test" in after)
            for before, after in (
                *(((), splits) for splits in self.added.values()),
                *((splits, ()) for splits in self.removed.values()),
                *self.moved.values(),
            )
        )


Changed = Mapping[str, tuple[Any, Any]]
"""Name → (before, after); None where it was not there."""


@dataclass(frozen=True, slots=True)
class Difference:
    """Everything recorded in which two versions differ."""

    before: str
    after: str
    assets: Assets
    parameters: Changed
    code: Changed
    libraries: Changed
    metrics: Changed
    same_weights: bool
    explanation: str


def between(root: Path, db: sqlite3.Connection, before: Version, after: Version) -> Difference:
    """Compare two versions, of one model or of two."""
    sides = [_side(root, db, version) for version in (before, after)]
    (shards, assets, weights, recorded, metrics), (shards_2, assets_2, weights_2, recorded_2, metrics_2) = sides
    changed = _assets(db, (shards, shards_2), (assets, assets_2))
    parameters = differing(commits.settings(recorded), commits.settings(recorded_2))
    code = differing(commits.code(recorded), commits.code(recorded_2))
    libraries = differing(commits.libraries(recorded), commits.libraries(recorded_2))
    same = weights is not None and weights == weights_2
    causes = {"assets": changed.any, "parameters": parameters, "code": code, "libraries": libraries}
    return Difference(
        before=before.tag,
        after=after.tag,
        assets=changed,
        parameters=parameters,
        code=code,
        libraries=libraries,
        metrics=differing(metrics, metrics_2),
        same_weights=same,
        explanation=_explanation([name for name, differs in causes.items() if differs], changed, same),
    )


def differing(before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, tuple[Any, Any]]:
    names = [*before, *(name for name in after if name not in before)]
    return {name: (before.get(name), after.get(name)) for name in names if before.get(name) != after.get(name)}


def _side(
    root: Path, db: sqlite3.Connection, version: Version
) -> tuple[str | None, str | None, str | None, commits.Recorded, dict[str, Any]]:
    row = "SELECT source, assets, shards, weights FROM version WHERE tag = ?"
    source, assets, shards, weights = db.execute(row, (version.registration,)).fetchone()
    recorded = commits.read(root, version.commit, version.name, source)
    return shards, assets, weights, recorded, standing.message(db, version).get("metrics", {})


def _assets(
    db: sqlite3.Connection, shards: tuple[str | None, str | None], catalogs: tuple[str | None, str | None]
) -> Assets:
    of_shards = [_collection(db, md5) for md5 in shards]
    of_catalogs = [_collection(db, md5) for md5 in catalogs]
    missing = "; ".join(found for found in (*of_shards, *of_catalogs) if isinstance(found, str))
    if missing:
        return Assets({}, {}, {}, {}, missing)
    before, after = (_splits(db, *pair) for pair in (of_shards, of_shards[::-1]))
    told, told_2 = (_said(db, *pair) for pair in (of_catalogs, of_catalogs[::-1]))
    return Assets(
        added={asset: splits for asset, splits in after.items() if asset not in before},
        removed={asset: splits for asset, splits in before.items() if asset not in after},
        moved={
            asset: (splits, after[asset])
            for asset, splits in before.items()
            if asset in after and after[asset] != splits
        },
        relabelled={
            asset: changed
            for asset, row in told.items()
            if asset in told_2 and (changed := differing(row, told_2[asset]))
        },
    )


def _collection(db: sqlite3.Connection, md5: str | None) -> int | str:
    """The number of a data set in the index, or why it is not there."""
    if md5 is None:
        return "a commit's dvc.lock does not name its data"
    number, missing = db.execute("SELECT collection, missing FROM object WHERE md5 = ?", (md5,)).fetchone()
    return missing or int(number)


def _splits(db: sqlite3.Connection, one: Any, other: Any) -> dict[str, tuple[str, ...]]:
    """Assets in parts that only `one` has → their splits."""
    found: dict[str, set[int]] = {}
    for asset, split in db.execute(IN_ONE, (one, other)):
        found.setdefault(asset, set()).add(split)
    return {asset: tuple(NAMES[split] for split in sorted(found[asset])) for asset in sorted(found)}


def _said(db: sqlite3.Connection, one: Any, other: Any) -> dict[str, dict[str, Any]]:
    rows = db.execute(SAID_IN_ONE, (one, other))
    return {
        asset: dict(zip(SAID, (json.loads(paths), json.loads(labels), *rest), strict=True))
        for asset, paths, labels, *rest in rows
    }


def _explanation(causes: list[str], assets: Assets, same: bool) -> str:
    """Which recorded differences can explain other weights and other figures."""
    if assets.unknown:
        return f"it cannot be said whether the assets differ: {assets.unknown}"
    measured = "; both were measured with other test assets, so their figures do not compare" if assets.of_test else ""
    if same:
        return f"the weights are the same{measured}"
    if not causes:
        return "nothing that is recorded differs: chance, or the machine" + measured
    if len(causes) == 1:
        return f"only {causes[0]} differ, so they explain it{measured}"
    return f"{', '.join(causes[:-1])} and {causes[-1]} differ; each may explain it{measured}"
