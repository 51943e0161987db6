"""Orders of people about assets, kept in git: `data/rights/orders.csv`, to which lines are only ever added.

    when,who,order,what,value,why
    2026-11-21T16:05:00+00:00,Ada <ada@studio.example>,withdraw,subject,jackson,consent revoked by letter of 20 November

`withdraw` takes assets out for good: their bytes leave the assets of the source. `suspend` holds a subject's assets back
until `resume`. The last line about a thing counts, so the file is the whole history; a withdrawal stays one whatever else
is ordered. `value` is an asset id of 64 digits, or a subject as the catalog names it.
"""

import csv
import io
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import astuple, dataclass, field, fields
from pathlib import Path

from media.rights import SEVERAL
from project import layout
from project.errors import IntegrityError

ORDERS = ("withdraw", "suspend", "resume")
WHAT = ("asset", "subject")
ASSET_ID = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class Order:
    """One line. `when` is UTC in ISO 8601."""

    when: str
    who: str
    order: str
    what: str
    value: str
    why: str

    @property
    def said(self) -> str:
        """Who and why, as catalog and plan keep it."""
        return f"{self.who}: {self.why}"


@dataclass(frozen=True, slots=True)
class Standing:
    """What holds now: id or subject → the order."""

    assets: Mapping[str, Order] = field(default_factory=dict)
    subjects: Mapping[str, Order] = field(default_factory=dict)
    suspended: Mapping[str, Order] = field(default_factory=dict)

    def withdrawn(self) -> dict[str, dict[str, str]]:
        """What a plan of ingest keeps. The times are left out: they decide nothing."""
        return {
            "assets": {value: self.assets[value].said for value in sorted(self.assets)},
            "subjects": {value: self.subjects[value].said for value in sorted(self.subjects)},
        }


NAMES = tuple(each.name for each in fields(Order))


def read(root: Path) -> list[Order]:
    """Every order, the first given first. Raises IntegrityError that names the line which cannot be understood."""
    path = layout.orders(root)
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return []
    except UnicodeDecodeError as error:
        raise _damaged(path, f"byte {error.start} is not UTF-8") from None
    return parse(text, path)


def parse(text: str, path: Path) -> list[Order]:
    """The orders in a text; `path` is named in errors."""
    rows = list(csv.reader(io.StringIO(text), strict=False))
    if not rows or tuple(rows[0]) != NAMES:
        raise _damaged(path, f"its first line is not {','.join(NAMES)}")
    made = []
    for number, row in enumerate(rows[1:], 2):
        if problem := _wrong(row):
            raise _damaged(path, f"line {number}: {problem}")
        made.append(Order(*row))
    return made


def _wrong(row: Sequence[str]) -> str:
    if len(row) != len(NAMES):
        return f"it has {len(row)} cells instead of {len(NAMES)}"
    order = Order(*row)
    if order.order not in ORDERS or order.what not in WHAT:
        return f"{order.order!r} of {order.what!r} is no order; known: {', '.join(ORDERS)} of {' or '.join(WHAT)}"
    if order.what == "asset" and not (order.order == "withdraw" and ASSET_ID.fullmatch(order.value)):
        return f"{order.order} of {order.value!r} is not a withdrawal of an asset id of 64 digits"
    if not order.value.strip() or not order.why.strip() or not order.who.strip():
        return "who, value and why must say something"
    return ""


def _damaged(path: Path, problem: str) -> IntegrityError:
    return IntegrityError(f"{path} cannot be trusted: {problem}; mend it, or take it back: git checkout {path}")


def append(root: Path, orders: Iterable[Order]) -> None:
    """Add lines at the end; the file is written whole or not at all."""
    path, text = layout.orders(root), io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    known = read(root)
    writer.writerow(NAMES)
    writer.writerows(astuple(order) for order in [*known, *orders])
    layout.write_bytes(path, text.getvalue().encode())


def standing(orders: Iterable[Order]) -> Standing:
    """What the orders come to."""
    assets: dict[str, Order] = {}
    subjects: dict[str, Order] = {}
    suspended: dict[str, Order] = {}
    for order in orders:
        if order.order == "withdraw":
            (assets if order.what == "asset" else subjects)[order.value] = order
        elif order.order == "suspend":
            suspended[order.value] = order
        else:
            suspended.pop(order.value, None)
    return Standing(assets, subjects, suspended)


def named(subject: str) -> list[str]:
    """The subjects of one asset."""
    return subject.split(SEVERAL) if subject else []
