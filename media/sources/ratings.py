"""A table of interactions: who rated what, how, and when. All that one person did is an asset, so that they can withdraw.

`columns` names `user`, `item`, `rating` and `time`. An asset, named `<file>#<user>`, holds its rows as `media.table` reads
them, sorted by time, then by item; the person is its group and its subject. What items are called stands in the table
that `titles` names, if any; an item that it lacks has no title, and of two titles the first one counts.
"""

import math
import sys
from array import array
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from media import table_file, tree
from media.named_file import NamedFile, state
from media.printable import printable
from media.rows import RowRule, plain
from media.sources import Item, Place
from project.errors import UsageError
from project.params import listing
from project.source import Columns, Source

DEFAULT_ENCODING = "utf-8-sig"


def reader(source: Source, place: Place) -> "RatingsReader":
    """Raises UsageError when no table is named, or columns other than the four, or the table does not exist."""
    if source.file is None or source.columns is None or source.columns.user is None:
        raise UsageError(
            f"source {place.name!r} has format ratings; name its file, and in columns its user, item, rating and time"
        )
    named = NamedFile(source, place, source.titles.file) if source.titles else None
    return RatingsReader(source, source.columns, NamedFile(source, place, source.file), named)


@dataclass(slots=True)
class Person:
    """What one person did, in the order of the table, and why it is refused; kept small, for tables of millions."""

    items: list[str] = field(default_factory=list)
    ratings: "array[float]" = field(default_factory=lambda: array("d"))
    times: "array[float]" = field(default_factory=lambda: array("d"))
    refused: str = ""

    def add(self, item: str, rating: float, time: float) -> None:
        self.items.append(sys.intern(item))
        self.ratings.append(rating)
        self.times.append(time)

    def written(self) -> bytes:
        """The bytes of the asset, the same for the same interactions in any order."""
        import numpy as np

        from media import table

        rows = list(zip(self.items, self.ratings, self.times, strict=True))
        return table.written(np.array(rows, [("item", f"U{max(map(len, self.items))}"), *table.EVENT[1:]]))


class RatingsReader:
    """Each person is an asset, in the order of their names."""

    def __init__(self, source: Source, columns: Columns, file: NamedFile, titles: NamedFile | None = None) -> None:
        self._source = source
        self._columns = columns
        self._file = file
        self._titles = titles

    def fingerprint(self) -> str:
        return state([self._file, self._titles]) if self._titles else self._file.state()

    def items(self) -> Iterator[Item]:
        people = self._people()
        for user in sorted(people):
            yield _item(f"{self._file.name}#{user}", user, people[user])

    def titles(self) -> dict[str, str]:
        """Raises UsageError when the table lacks a column that `titles` names."""
        said, found = self._source.titles, self._titles
        if said is None or found is None:
            return {}
        called: dict[str, str] = {}
        rows = table_file.rows(found.fetch(), self._source.encoding or DEFAULT_ENCODING, said.dialect)
        for number, row in enumerate(rows, 1):
            missing = [column for column in (said.item, said.title) if column not in row]
            if number == 1 and missing:
                known = listing(missing[0], filter(None, row))
                raise UsageError(f"{found.name} has no column {missing[0]!r}, which titles names; {known}")
            item, title = (printable(" ".join(plain(row.get(column)).split())) for column in (said.item, said.title))
            if item and title:
                called.setdefault(item, title)
        return called

    def _people(self) -> dict[str, Person]:
        """What each person did. Rows that name nobody are those of a person without a name, who is refused."""
        path, columns, said = self._file.fetch(), self._columns, self._source
        people: dict[str, Person] = {}
        for number, row in enumerate(table_file.rows(path, said.encoding or DEFAULT_ENCODING, said.dialect), 1):
            if number == 1:
                RowRule(columns, path.parent, "utf-8").check(row, self._file.name)
            user = plain(row.get(columns.user))
            person = people.setdefault(user, Person())
            item = plain(row.get(columns.item))
            rating, time = (_number(row.get(column)) for column in (columns.rating, columns.time))
            person.refused = person.refused or _fault(number, row, user, item, rating, time)
            if not person.refused:
                person.add(item, rating, time)
        return people


def _item(name: str, user: str, person: Person) -> Item:
    load = partial(tree.unreadable, person.refused) if person.refused else person.written
    return Item(name, (), user, "", load, person.refused, {"subject": user})


def _number(value: Any) -> float:
    """A finite number, else NaN."""
    try:
        number = float(value)
    except (TypeError, ValueError):
        return math.nan
    return number if math.isfinite(number) else math.nan


def _fault(number: int, row: Mapping[str | None, Any], user: str, item: str, rating: float, time: float) -> str:
    if None in row:
        return f"row {number:,} has more cells than the table has columns"
    if not user or not item:
        return f"row {number:,} has no {'item' if user else 'user'}"
    if math.isnan(rating) or math.isnan(time):
        return f"row {number:,} has no {'time' if math.isnan(time) else 'rating'} that is a number"
    return ""
