"""Proving that assets are gone, or saying what still holds them: catalogs, samples, versions, cache and remote.

Cache and remote are searched object by object, not by what git knows: a listing of a folder with a catalog or a
derivation tells which of its files hold an asset, whichever run left it there.
"""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from lineage.trace import Traced
from media import buckets, catalog, derivation, splits
from project import layout, params
from project.errors import RemoteUnreachable
from registry import dvc, store
from registry.store import Place


@dataclass(frozen=True, slots=True)
class Holding:
    """One place that still holds assets: how many, in what, who needs it, and how it is emptied."""

    where: str
    what: str
    assets: int
    needed_by: tuple[str, ...] = ()
    purge: str = ""
    objects: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Proof:
    """`holding` is empty when nothing holds the assets; `unknown` says what could not be looked at."""

    assets: int
    holding: tuple[Holding, ...]
    unknown: tuple[str, ...] = field(default=())
    outside: Mapping[str, int] = field(default_factory=dict)
    searched: Mapping[str, int] = field(default_factory=dict)


def prove(root: Path, ids: Collection[str], traced: Traced) -> Proof:
    """Look everywhere that Dailies writes to. `outside` counts files in the sources themselves, which are never written to."""
    wanted = pa.array(sorted(ids), pa.string())
    holding = [*_in_data(root, wanted), *_in_versions(traced)]
    unknown = [f"{each.tag}: {each.why}" for each in traced.unknown]
    searched = {}
    with dvc.opened(root) as repo:
        places = [each for each in (store.cache(repo), store.remote(repo)) if each]
        needs, _ = store.needed(root, places[:1], retired=False)
        for place in places:
            try:
                found, count = _in_place(place, wanted, needs)
            except RemoteUnreachable as error:
                unknown.append(str(error))
                continue
            holding += found
            searched[place.name] = count
        if len(places) < 2:
            unknown.append("there is no DVC remote to look at")
    return Proof(len(ids), tuple(holding), tuple(unknown), _outside(root, ids), searched)


def _in_data(root: Path, wanted: pa.Array) -> Iterator[Holding]:
    """The folders of the workspace: what the next run starts from."""
    read = params.read(root / "params.yaml")
    for source in read.sources:
        path = layout.assets(root, source) / catalog.FILE
        if path.is_file() and (count := len(_admitted(path.read_bytes(), wanted))):
            advice = f"dailies data check {source}, or a run"
            yield Holding("workspace", f"data/assets/{source}", count, purge=advice)
    for model in read.models:
        path = layout.shards(root, model) / derivation.FILE
        if path.is_file() and (count := len(_parents(path.read_bytes(), wanted))):
            yield Holding("workspace", f"data/shards/{model}", count, purge=f"dailies run {model}")


def _in_versions(traced: Traced) -> Iterator[Holding]:
    """Versions that stand. The weights of those that inherit hold no bytes of an asset, but have learnt from it."""
    for each in traced.holders:
        live = f", live in {', '.join(each.stages)}" if each.stages else ""
        flag = " --even-live" if each.stages else ""
        advice = f'dailies model retire {each.model} {each.version}{flag} --why "…"'
        yield Holding("version", f"{each.tag}{live}", len(each.assets), purge=advice)


def _in_place(place: Place, wanted: pa.Array, needs: store.Needs) -> tuple[list[Holding], int]:
    """The folders of a cache or remote that hold assets, and how many objects there are."""
    names = place.names()
    holding = []
    for md5 in (name for name in names if name.endswith(".dir")):
        listing = place.listing(md5)
        held, files = _held(place, listing or {}, wanted)
        present = tuple(sorted({each for each in files if place.size(each) is not None}))
        if held and present:
            owners = tuple(store.owners(needs, md5))
            what = "samples" if derivation.FILE in (listing or {}) else "assets"
            holding.append(Holding(place.name, f"{what} {md5}", held, owners, _purge(place, owners), present))
    holding.sort(key=lambda each: (each.what.startswith("assets "), each.needed_by, each.what))
    return holding, len(names)


def _purge(place: Place, owners: tuple[str, ...]) -> str:
    remote = " --remote" if place.name != "cache" else ""
    versions = [owner for owner in owners if "@" in owner]
    if versions:
        return f"retire {', '.join(versions)}, then: dailies gc --retired{remote}"
    return f"dailies gc --retired{remote}" + (", once nothing of it is in use" if owners else "")


def _held(place: Place, listing: Mapping[str, str], wanted: pa.Array) -> tuple[int, list[str]]:
    """How many of the assets a folder holds, and the objects of its files in which they are."""
    if catalog.FILE in listing and (data := place.read(listing[catalog.FILE])):
        ids = _admitted(data, wanted)
        return len(ids), [md5 for path, md5 in listing.items() if _covers(path, "blobs-", ids)]
    if derivation.FILE in listing and (data := place.read(listing[derivation.FILE])):
        ids = _parents(data, wanted)
        return len(ids), [md5 for path, md5 in listing.items() if ids and path.startswith(splits.NAMES)]
    return 0, []


def _covers(path: str, start: str, ids: Collection[str]) -> bool:
    """Whether a bucket of that name may hold one of the assets."""
    if not path.startswith(start):
        return False
    name = path.removeprefix(start).removesuffix(".arrow")
    return name == buckets.WHOLE or any(buckets.bits(each, len(name)) == name for each in ids)


def _admitted(data: bytes, wanted: pa.Array) -> list[str]:
    table = _read(data, ["asset_id", "status"])
    rows = table.filter(pc.and_(pc.equal(table["status"], catalog.ADMITTED), pc.is_in(table["asset_id"], wanted)))
    ids: list[str] = rows["asset_id"].to_pylist()
    return ids


def _parents(data: bytes, wanted: pa.Array) -> list[str]:
    parents = pc.unique(pc.list_flatten(_read(data, ["parent_ids"])["parent_ids"]))
    ids: list[str] = parents.filter(pc.is_in(parents, wanted)).to_pylist()
    return ids


def _read(data: bytes, columns: list[str]) -> pa.Table:
    return pq.read_table(pa.BufferReader(data), columns=columns, use_threads=False, pre_buffer=False)


def _outside(root: Path, ids: Collection[str]) -> dict[str, int]:
    """Source → how many withdrawn files it still lists, by the last ingest."""
    found = {}
    for source in params.read(root / "params.yaml").sources:
        path = layout.assets(root, source) / catalog.FILE
        if path.is_file():
            table = _read(path.read_bytes(), ["asset_id", "status"])
            gone = table.filter(pc.equal(table["status"], catalog.WITHDRAWN))["asset_id"].to_pylist()
            if count := len(set(gone) & set(ids)):
                found[source] = count
    return found
