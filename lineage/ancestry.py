"""Which versions began their training with the weights of others."""

import sqlite3
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Ancestry:
    """`parents`: version → those whose weights it began with; `lost`: version → weights that no version has."""

    parents: Mapping[str, tuple[str, ...]]
    lost: Mapping[str, str]

    def ancestors(self, tag: str) -> list[str]:
        """All versions that one grew from, the nearest first."""
        return [*_reached(tag, self.parents)]

    def descendants(self, tags: Iterable[str]) -> set[str]:
        """All versions that grew from some."""
        children: dict[str, list[str]] = defaultdict(list)
        for child, parents in self.parents.items():
            for parent in parents:
                children[parent].append(child)
        return {found for tag in tags for found in _reached(tag, children)}


def _reached(start: str, ways: Mapping[str, Iterable[str]]) -> Iterator[str]:
    seen, waiting = {start}, [start]
    while waiting:
        for found in ways.get(waiting.pop(0), ()):
            if found not in seen:
                seen.add(found)
                waiting.append(found)
                yield found


def read(db: sqlite3.Connection) -> Ancestry:
    """From the index."""
    rows = db.execute(
        "SELECT child.tag, child.start, parent.tag FROM version AS child"
        " LEFT JOIN version AS parent ON parent.weights = child.start AND parent.tag != child.tag"
        " WHERE child.start IS NOT NULL ORDER BY 1, 3"
    ).fetchall()
    parents: dict[str, tuple[str, ...]] = defaultdict(tuple)
    for child, _, parent in rows:
        if parent:
            parents[child] += (parent,)
    return Ancestry(dict(parents), {child: start for child, start, parent in rows if parent is None})
