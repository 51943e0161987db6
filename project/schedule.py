"""When a model is retrained by itself: an entry `schedule:` of params.yaml, checked before anything uses it."""

import datetime
import re
import zoneinfo
from typing import Annotated

from dateutil.rrule import rrulestr
from pydantic import AfterValidator, Field, model_validator

from project.source import Strict

UNITS = {"s": 1, "min": 60, "h": 3600, "d": 86400}
DURATION = re.compile(r"(\d+) ?(s|min|h|d)")
LEAST_S = 60
"""The shortest time between two runs of a schedule."""

NEW_DATA = "new data"
RULES = ("cron", "every", "rrule")
FIELDS = (("minute", 0, 59), ("hour", 0, 23), ("day", 1, 31), ("month", 1, 12), ("weekday", 0, 7))
MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
DAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")


def seconds(text: str) -> int:
    """`15 min`, `6 h`, `2 d` in seconds. Raises ValueError."""
    match = DURATION.fullmatch(text.strip())
    if not match:
        raise ValueError("write a number and a unit of s, min, h, d, as 15 min")
    return int(match[1]) * UNITS[match[2]]


def _period(text: str) -> str:
    if seconds(text) < LEAST_S:
        raise ValueError(f"it is less than {LEAST_S} s")
    return text


def _timezone(text: str) -> str:
    try:
        zoneinfo.ZoneInfo(text)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError("it is no timezone of the IANA list, as Europe/Paris or UTC") from None
    return text


def _cron(text: str) -> str:
    fields = text.split()
    if len(fields) != len(FIELDS):
        names = " ".join(name for name, _, _ in FIELDS)
        raise ValueError(f"cron has 5 fields ({names}), this has {len(fields)}")
    for field, (name, low, high) in zip(fields, FIELDS, strict=True):
        for part in field.lower().split(","):
            if not _cron_part(part, low, high, MONTHS if name == "month" else DAYS if name == "weekday" else ()):
                raise ValueError(
                    f"its {name} {field!r} is not *, N, N-M or any of these with /STEP, from {low} to {high}"
                )
    return text


def _cron_part(part: str, low: int, high: int, names: tuple[str, ...]) -> bool:
    body, slash, step = part.partition("/")
    if slash and not (step.isdecimal() and int(step)):
        return False
    if body == "*":
        return True
    ends = body.split("-")
    values = [low + names.index(end) if end in names else int(end) if end.isdecimal() else -1 for end in ends]
    return len(ends) <= 2 and all(low <= value <= high for value in values) and values == sorted(values)


def _rrule(text: str) -> str:
    try:
        rrulestr(text, dtstart=datetime.datetime(2026, 1, 1))
    except (ValueError, AttributeError, TypeError, KeyError) as error:
        raise ValueError(f"it is no RFC 5545 recurrence rule, as FREQ=WEEKLY;BYDAY=MO,TH;BYHOUR=3 ({error})") from None
    return text


Period = Annotated[str, AfterValidator(_period)]
Timezone = Annotated[str, AfterValidator(_timezone)]


class Rule(Strict):
    """Moments: exactly one of `cron`, `every`, `rrule`. A timezone goes along, so that a change of clocks moves nothing."""

    cron: Annotated[str, AfterValidator(_cron)] | None = None
    every: Period | None = None
    rrule: Annotated[str, AfterValidator(_rrule)] | None = None
    timezone: Timezone | None = None

    def given(self) -> list[str]:
        return [name for name in RULES if getattr(self, name) is not None]

    def _check_moments(self, others: str = "") -> None:
        known = ", ".join(RULES) + others
        if len(self.given()) != 1:
            raise ValueError(f"give exactly one of {known}; given: {', '.join(self.given()) or 'none'}")
        if self.timezone is None:
            raise ValueError(f"{self.given()[0]} needs a timezone, as timezone: Europe/Paris")

    @property
    def moments(self) -> str:
        """`cron 0 3 * * * Europe/Paris`, for a person."""
        [name] = self.given()
        return f"{name} {getattr(self, name)} {self.timezone}"


class Schedule(Rule):
    """Also `after`: `new data`, looked for every `check`, or the name of a model that has gone live."""

    after: str | None = None
    check: Period | None = None

    @model_validator(mode="after")
    def _one_way(self) -> "Schedule":
        if self.after is None:
            if self.check is not None:
                raise ValueError("check belongs to after: new data")
            self._check_moments(", after")
            return self
        if self.given() or self.timezone is not None:
            also = [*self.given(), *(["timezone"] if self.timezone else [])]
            raise ValueError(f"after stands alone, or with check; given as well: {', '.join(also)}")
        if (self.after == NEW_DATA) != (self.check is not None):
            raise ValueError("after: new data needs check: 15 min or the like, and after: MODEL takes none")
        return self

    @property
    def model(self) -> str:
        """The model after which this one runs; empty for every other kind."""
        return self.after if self.after and self.after != NEW_DATA else ""

    @property
    def said(self) -> str:
        """The schedule in one phrase, for a person."""
        if self.after is None:
            return self.moments
        return f"after {self.after}" + (f", looked for every {self.check}" if self.check else "")


class Refresh(Rule):
    """All sources ingested and all models that changed retrained, `limit` at a time."""

    limit: Annotated[int, Field(ge=1)] = 1

    @model_validator(mode="after")
    def _moments_only(self) -> "Refresh":
        self._check_moments()
        return self
