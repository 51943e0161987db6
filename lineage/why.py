"""Why an asset is in use or not: what each catalog said of it, which check refused it, who overrode that."""

import csv
import datetime
import json
import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from lineage import standing
from media.catalog import QUARANTINED
from media.releases import Release
from project import layout
from registry import git

SAID = (
    "SELECT entry.id, source, entry.paths, labels, entry.split, status, reason, released, format, licence, subject, consent,"
    " valid_until, object.md5 FROM asset JOIN entry ON entry.asset = asset.key JOIN terms ON terms.id = entry.terms"
    " JOIN part_entry ON part_entry.entry = entry.id JOIN collection_part USING (part)"
    " JOIN object USING (collection) WHERE asset.id = ? ORDER BY entry.id, object.md5"
)


@dataclass(frozen=True, slots=True)
class Said:
    """What one or several catalogs said of an asset, in the same words.

    by        what refused it: `reading`, as its bytes could not be used, or `a rule`; empty when it is not quarantined
    versions  those made from such a catalog
    now       the workspace has such a catalog now
    release   who admitted it against a rule, why and when, as data/released/ has it
    """

    source: str
    paths: tuple[str, ...]
    labels: tuple[str, ...]
    split: str
    status: str
    reason: str
    by: str
    released: str
    release: Release | None
    rights: Mapping[str, str]
    versions: tuple[str, ...]
    first: str
    now: bool


def why(root: Path, db: sqlite3.Connection, asset: str, at: datetime.datetime | None = None) -> list[Said]:
    """Everything said of an asset, what holds now first, then the newest. With `at`, by catalogs of versions until then."""
    catalogs: dict[int, list[str]] = {}
    rows = {}
    for entry, *row, md5 in db.execute(SAID, (bytes.fromhex(asset),)):
        rows[entry] = row
        catalogs.setdefault(entry, []).append(md5)
    made = _versions(db, [md5 for found in catalogs.values() for md5 in found], at)
    present = {md5 for (md5,) in db.execute("SELECT assets FROM present")} if at is None else set()
    found = []
    for entry, row in rows.items():
        versions = sorted((when, tag) for md5 in catalogs[entry] for when, tag in made.get(md5, ()))
        now = not present.isdisjoint(catalogs[entry])
        if versions or now:
            found.append(_said(root, asset, row, versions, now))
    return sorted(found, key=lambda said: (said.now, said.first), reverse=True)


def _said(root: Path, asset: str, row: list[str], versions: list[tuple[str, str]], now: bool) -> Said:
    source, paths, labels, split, status, reason, released, format, licence, subject, consent, valid_until = row
    return Said(
        source=source,
        paths=tuple(json.loads(paths)),
        labels=tuple(json.loads(labels)),
        split=split,
        status=status,
        reason=reason,
        by="" if status != QUARANTINED else "a rule" if format else "reading",
        released=released,
        release=_release(root, source, asset, versions) if released else None,
        rights={"licence": licence, "subject": subject, "consent": consent, "valid_until": valid_until},
        versions=tuple(tag for _, tag in versions),
        first=versions[0][0] if versions else "",
        now=now,
    )


def _release(root: Path, source: str, asset: str, versions: list[tuple[str, str]]) -> Release | None:
    """The record of the release: of today, else as the last of the versions had it."""
    path = layout.released(Path(), source)
    texts = [(root / path).read_text(encoding="utf-8")] if (root / path).is_file() else []
    texts += [git.show(root, tag, str(path)) or "{}" for _, tag in versions[-1:]]
    for text in texts:
        if made := json.loads(text).get(asset):
            return Release(**made)
    return None


def _versions(
    db: sqlite3.Connection, catalogs: list[str], at: datetime.datetime | None
) -> dict[str, list[tuple[str, str]]]:
    """Catalog → versions that stood, as (when made, tag)."""
    wanted = dict.fromkeys(catalogs)
    tags = [(tag, md5) for md5 in wanted for (tag,) in db.execute("SELECT tag FROM version WHERE assets = ?", (md5,))]
    stood = {
        version.registration: version for version in standing.versions(db, {tag.split("@")[0] for tag, _ in tags}, at)
    }
    found: dict[str, list[tuple[str, str]]] = {}
    for tag, md5 in tags:
        if tag in stood:
            found.setdefault(md5, []).append((stood[tag].made, tag))
    return found


@dataclass(frozen=True, slots=True)
class Refused:
    """What the last ingest of a source said of an asset, also an ingest that failed and left no catalog."""

    source: str
    path: str
    reason: str
    when: str


def last_ingest(root: Path, asset: str) -> list[Refused]:
    """From the tables that ingests leave in the workspace."""
    found = []
    for table in sorted(layout.refusals(root, "any").parent.glob("*.csv")):
        when = datetime.datetime.fromtimestamp(table.stat().st_mtime, datetime.UTC).isoformat(timespec="seconds")
        with table.open(encoding="utf-8", newline="") as file:
            rows = [row for row in csv.DictReader(file) if row["asset_id"] == asset]
        found += [Refused(table.stem, row["path"], row["reason"], when) for row in rows]
    return found
