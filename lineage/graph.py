"""A version and what it is connected with: the assets and samples below it, stages above it, versions beside it."""

import json
import sqlite3
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from typing import Any

from lineage import ancestry
from lineage.ancestry import Ancestry
from registry.tags import Version

MOST_BESIDE = 6
"""Versions of the same samples that are drawn; the others are counted."""


@dataclass(frozen=True, slots=True)
class Node:
    """`kind` is assets, samples, version, more or stage; `said` is a second line."""

    id: str
    kind: str
    name: str
    said: str = ""


@dataclass
class Graph:
    """Edges lead from what something was made of to what was made, as (from, to, verb)."""

    nodes: dict[str, Node] = field(default_factory=dict)
    edges: set[tuple[str, str, str]] = field(default_factory=set)

    def ordered(self) -> list[tuple[str, str, str]]:
        """The edges in the order of their nodes."""
        place = {each: number for number, each in enumerate(self.nodes)}
        return sorted(self.edges, key=lambda edge: (place[edge[0]], place[edge[1]], edge[2]))

    def as_dict(self) -> dict[str, Any]:
        edges = [{"from": start, "to": end, "verb": verb} for start, end, verb in self.ordered()]
        return {"nodes": [asdict(node) for node in self.nodes.values()], "edges": edges}


@dataclass(frozen=True)
class _Asked:
    db: sqlite3.Connection
    versions: dict[str, Version]
    grown: Ancestry


Step = tuple[Node, tuple[str, str, str]]
"""A neighbour and the edge to it."""


def around(db: sqlite3.Connection, versions: list[Version], centre: Version, hops: int) -> Graph:
    """Everything up to `hops` edges away from a version, among the versions that stand."""
    asked = _Asked(db, {version.registration: version for version in versions}, ancestry.read(db))
    graph, waiting = Graph(), [_version(centre)]
    graph.nodes[waiting[0].id] = waiting[0]
    for _ in range(hops):
        found = [step for node in waiting for step in _neighbours(asked, node)]
        waiting = [node for node, _ in found if node.id not in graph.nodes]
        graph.nodes |= {node.id: node for node in waiting}
        graph.edges |= {edge for _, edge in found}
    return graph


def _neighbours(asked: _Asked, node: Node) -> Iterator[Step]:
    kinds = {"version": _of_version, "samples": _of_samples, "assets": _of_assets}
    yield from kinds[node.kind](asked, node) if node.kind in kinds else ()


def _version(version: Version) -> Node:
    return Node(version.registration, "version", version.tag, version.made[:10])


def _of_version(asked: _Asked, node: Node) -> Iterator[Step]:
    version = asked.versions[node.id]
    for stage in version.stages:
        name = f"{version.name}#{stage}"
        yield Node(name, "stage", name, "live"), (node.id, name, "promote")
    for parent in asked.grown.parents.get(node.id, ()):
        if parent in asked.versions:
            yield _version(asked.versions[parent]), (parent, node.id, "begin with")
    for child, parents in asked.grown.parents.items():
        if node.id in parents and child in asked.versions:
            yield _version(asked.versions[child]), (node.id, child, "begin with")
    [shards] = asked.db.execute("SELECT shards FROM version WHERE tag = ?", (node.id,)).fetchone()
    if shards:
        yield _samples(asked, shards, version.name), (shards, node.id, "train")


def _samples(asked: _Asked, md5: str, model: str) -> Node:
    summary, missing = asked.db.execute("SELECT summary, missing FROM object WHERE md5 = ?", (md5,)).fetchone()
    counts = json.loads(summary).get("samples", {})
    said = ", ".join(f"{split} {count:,}" for split, count in counts.items())
    return Node(md5, "samples", f"samples of {model}", "not at hand" if missing else said)


def _of_samples(asked: _Asked, node: Node) -> Iterator[Step]:
    tags = [tag for (tag,) in asked.db.execute("SELECT tag FROM version WHERE shards = ? ORDER BY tag", (node.id,))]
    standing_tags = sorted((tag for tag in tags if tag in asked.versions), key=lambda tag: asked.versions[tag].made)
    live = [tag for tag in standing_tags if asked.versions[tag].stages]
    shown = dict.fromkeys([*live, *reversed(standing_tags)])
    for tag in list(shown)[:MOST_BESIDE]:
        yield _version(asked.versions[tag]), (node.id, tag, "train")
    if len(shown) > MOST_BESIDE:
        more = f"{node.id} more"
        yield Node(more, "more", f"{len(shown) - MOST_BESIDE:,} more versions"), (node.id, more, "train")
    for source, assets in asked.db.execute("SELECT DISTINCT source, assets FROM version WHERE shards = ?", (node.id,)):
        if assets:
            yield _assets(asked, source, assets), (assets, node.id, "augment")


def _assets(asked: _Asked, source: str, md5: str) -> Node:
    summary, missing = asked.db.execute("SELECT summary, missing FROM object WHERE md5 = ?", (md5,)).fetchone()
    said = ", ".join(f"{count:,} {status}" for status, count in json.loads(summary).get("status", {}).items())
    return Node(md5, "assets", source, "not at hand" if missing else said)


def _of_assets(asked: _Asked, node: Node) -> Iterator[Step]:
    rows = asked.db.execute(
        "SELECT DISTINCT shards, model FROM version WHERE assets = ? AND shards IS NOT NULL", (node.id,)
    )
    for shards, model in rows.fetchall():
        yield _samples(asked, shards, model), (node.id, shards, "augment")
