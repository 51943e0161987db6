"""From assets to every version that holds them, and in which way.

A version holds an asset when any sample that it was trained, chosen or measured with was made of it; what a vocabulary,
a tokenizer or a mean was learnt from are the training samples, so those are among them. It also holds what went into the
weights that its training began with: the training and validation samples of an earlier version.
"""

import datetime
import sqlite3
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from lineage import ancestry, index, standing
from media.shard import sample_id
from media.splits import NAMES
from registry import tags
from registry.tags import Version


@dataclass(frozen=True, slots=True)
class Use:
    """One asset in one data set: its split, and the samples that were made of it, without their varied copies."""

    asset: str
    split: str
    samples: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Holder:
    """A version that holds some of the assets.

    uses       what its own samples were made of, sorted by asset
    copies     varied copies of each training sample
    inherited  versions whose weights its training began with, directly or through others, and the assets in those
    """

    tag: str
    model: str
    version: str
    stages: tuple[str, ...]
    commit: str
    made: str
    uses: tuple[Use, ...]
    copies: int = 0
    inherited: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    @property
    def assets(self) -> tuple[str, ...]:
        """All of them, sorted."""
        own = {use.asset for use in self.uses}
        return tuple(sorted(own.union(*self.inherited.values())))

    @property
    def splits(self) -> tuple[str, ...]:
        """Those of its own samples, in the order of their names in `media.splits`."""
        found = {use.split for use in self.uses}
        return tuple(name for name in NAMES if name in found)


@dataclass(frozen=True, slots=True)
class Unknown:
    """A version of which it cannot be said what it holds, and why."""

    tag: str
    stages: tuple[str, ...]
    why: str


@dataclass(frozen=True, slots=True)
class Traced:
    """What became of `assets`; `unknown` are the versions that cannot be spoken of, never silently left out.

    `past` are holders that were taken back.
    """

    assets: tuple[str, ...]
    holders: tuple[Holder, ...]
    unknown: tuple[Unknown, ...]
    past: tuple[Holder, ...] = ()

    @property
    def live(self) -> tuple[Holder, ...]:
        """The holders that are in a stage."""
        return tuple(holder for holder in self.holders if holder.stages)


def trace(root: Path, asset_ids: Iterable[str], at: datetime.datetime | None = None) -> Traced:
    """Every version that holds any of the assets (64 hexadecimal digits each), among those that stood `at` a moment."""
    with index.opened(root) as db:
        return of(db, asset_ids, at)


def of(db: sqlite3.Connection, asset_ids: Iterable[str], at: datetime.datetime | None = None) -> Traced:
    """The same with an index that is open."""
    asked = tuple(sorted({asset.lower() for asset in asset_ids}))
    db.execute("CREATE TEMP TABLE IF NOT EXISTS asked (asset INTEGER PRIMARY KEY)")
    db.execute("DELETE FROM asked")
    db.executemany("INSERT INTO asked SELECT key FROM asset WHERE id = ?", ((bytes.fromhex(asset),) for asset in asked))
    by_data = _uses(db)
    made = _versions_of(db, list(by_data))
    grown = ancestry.read(db)
    concerned = grown.descendants(made) | made.keys()
    found = standing.lines(db, {tag.partition("@")[0] for tag in concerned}, at)

    def holders(versions: Iterable[Version]) -> tuple[Holder, ...]:
        told = (_holder(version, by_data, made, grown) for version in versions if version.registration in concerned)
        return tuple(holder for holder in told if holder)

    return Traced(asked, holders(tags.standing(found)), tuple(unknown(db, grown, at)), holders(tags.taken_back(found)))


def _uses(db: sqlite3.Connection) -> dict[int, tuple[Use, ...]]:
    """Collection of samples → the uses of the asked assets in it."""
    of_part: dict[int, list[Use]] = defaultdict(list)
    rows = db.execute(
        "SELECT part, lower(hex(id)), split, group_concat(lower(hex(sample))) FROM asked"
        " JOIN part_use USING (asset) JOIN asset ON asset.key = asked.asset GROUP BY part, asked.asset, split"
        " ORDER BY part, id, split"
    )
    for part, asset, split, samples in rows:
        names = (sample or sample_id(asset, 0, "") for sample in samples.split(","))
        of_part[part].append(Use(asset, NAMES[split], tuple(sorted(names))))
    found: dict[int, list[Use]] = defaultdict(list)
    for collection, part in db.execute(
        "SELECT collection, part FROM collection_part WHERE part IN"
        " (SELECT part FROM asked JOIN part_use USING (asset)) ORDER BY collection, part"
    ):
        found[collection] += of_part[part]
    return {
        collection: tuple(sorted(uses, key=lambda use: (use.asset, NAMES.index(use.split))))
        for collection, uses in found.items()
    }


@dataclass(frozen=True, slots=True)
class _Data:
    collection: int
    copies: int


def _versions_of(db: sqlite3.Connection, collections: Sequence[int]) -> dict[str, _Data]:
    """Version → the data that its samples are, for those made of some collections."""
    db.execute("CREATE TEMP TABLE IF NOT EXISTS held (collection INTEGER PRIMARY KEY)")
    db.execute("DELETE FROM held")
    db.executemany("INSERT INTO held VALUES (?)", ((collection,) for collection in collections))
    rows = db.execute(
        "SELECT tag, collection, json_extract(summary, '$.copies') FROM held JOIN object USING (collection)"
        " JOIN version ON version.shards = object.md5"
    )
    return {tag: _Data(collection, copies) for tag, collection, copies in rows}


def _holder(
    version: Version, by_data: Mapping[int, tuple[Use, ...]], made: Mapping[str, _Data], grown: ancestry.Ancestry
) -> Holder | None:
    """What a version holds; None when it has neither samples of the assets nor weights that saw them."""
    inherited = {}
    for ancestor in grown.ancestors(version.registration):
        data = made.get(ancestor)
        learnt = {use.asset for use in by_data[data.collection] if use.split != "test"} if data else None
        if learnt:
            inherited[ancestor] = tuple(sorted(learnt))
    own = made.get(version.registration)
    if not own and not inherited:
        return None
    return Holder(
        tag=version.tag,
        model=version.name,
        version=version.version,
        stages=version.stages,
        commit=version.commit,
        made=version.made,
        uses=by_data[own.collection] if own else (),
        copies=own.copies if own else 0,
        inherited=inherited,
    )


def unknown(db: sqlite3.Connection, grown: ancestry.Ancestry, at: datetime.datetime | None = None) -> Iterable[Unknown]:
    """The versions that stood, of which it cannot be said what their samples were made of."""
    whys = dict(
        db.execute(
            "SELECT tag, coalesce(missing, 'its commit has no augment@' || model || ' in dvc.lock') FROM version"
            " LEFT JOIN object ON object.md5 = version.shards WHERE missing IS NULL OR missing != ''"
        )
    )
    whys |= {tag: f"its training began with weights {start}, which no version has" for tag, start in grown.lost.items()}
    for tag in grown.descendants(list(whys)):
        whys.setdefault(tag, "its training began with weights of a version of which it cannot be said")
    for version in standing.versions(db, {tag.partition("@")[0] for tag in whys}, at):
        if version.registration in whys:
            yield Unknown(version.tag, version.stages, whys[version.registration])
