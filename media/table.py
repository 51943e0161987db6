"""Tables as samples: what one person did with items, as CSV, becomes a sorted array.

    item,rating,time
    318,4.5,1217895807

`item` is any name, `rating` a number, `time` a number in s, since 1970 as a rule. One file holds the interactions of one
subject.
"""

import csv
import io
import math
from collections.abc import Iterator

import numpy as np

COLUMNS = ("item", "rating", "time")
MOST_EVENTS = 1_000_000
LONGEST_ITEM = 64
LONGEST_CELL = 1 << 17
"""Characters."""
EVENT = [("item", "U1"), ("rating", "float64"), ("time", "float64")]
"""The fields of an interaction; `item` is as wide as the longest name."""


class Unreadable(ValueError):
    """A file that cannot be used as a table; the message is the reason for a catalog."""


def interactions(data: bytes) -> np.ndarray:
    """The interactions of a file, sorted by time, then by item: (events,), with the fields item, rating and time.

    Raises Unreadable for a file that ingest would not admit.
    """
    rows = list(_rows(data))
    if not rows:
        raise Unreadable("holds no interaction, only its header")
    widest = max(len(item) for item, _, _ in rows)
    events = np.array(rows, [("item", f"U{widest}"), *EVENT[1:]])
    return events[np.argsort(events, order=("time", "item", "rating"))]


def written(events: np.ndarray) -> bytes:
    """Interactions as a file: the same bytes for the same interactions in any order."""
    ordered = events[np.argsort(events, order=("time", "item", "rating"))]
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    writer.writerows((item, _plain(rating), _plain(time)) for item, rating, time in ordered.tolist())
    return text.getvalue().encode()


def _plain(number: float) -> str:
    """As short as it can be: 4 and 4.5, not 4.0."""
    return f"{number:.15g}"


def _rows(data: bytes) -> Iterator[tuple[str, float, float]]:
    csv.field_size_limit(LONGEST_CELL)  # one for the whole process, which other readers raise
    try:
        lines = csv.reader(io.StringIO(data.decode("utf-8-sig"), newline=""), strict=True)
        header = tuple(next(lines, ()))
        if header != COLUMNS:
            raise Unreadable(f"its first line is {','.join(header)[:80]!r}; it must be {','.join(COLUMNS)!r}")
        for number, cells in enumerate(lines, 1):
            if number > MOST_EVENTS:
                raise Unreadable(f"more than {MOST_EVENTS:,} interactions of one subject")
            yield _event(cells, lines.line_num)
    except UnicodeDecodeError as error:
        raise Unreadable(f"not a text: byte {error.start:,} is not UTF-8") from None
    except csv.Error as error:
        raise Unreadable(f"damaged: {error}") from None


def _event(cells: list[str], line: int) -> tuple[str, float, float]:
    if len(cells) != len(COLUMNS):
        raise Unreadable(f"line {line} has {len(cells)} cells; it must have {len(COLUMNS)}")
    item = cells[0].strip()
    if not item or len(item) > LONGEST_ITEM:
        raise Unreadable(f"line {line} names no item, or one of more than {LONGEST_ITEM} characters")
    rating, time = (_number(cell, name, line) for cell, name in zip(cells[1:], COLUMNS[1:], strict=True))
    return item, rating, time


def _number(cell: str, name: str, line: int) -> float:
    try:
        number = float(cell)
    except ValueError:
        number = float("nan")
    if not math.isfinite(number):
        raise Unreadable(f"the {name} in line {line} is {cell[:40]!r}; it must be a number")
    return number
