"""What params.yaml says of a model that is registered: who lets it go live, and how it is watched when it has.

None of this decides any result, so a change of it makes no stage stale.
"""

import re
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from project.source import Strict

UNITS = {"s": 1, "min": 60, "h": 3600, "d": 86400}

Promote = Literal["gate", "ask", "never"]
"""Who makes a version live that passed: the gate by itself, a person, or nobody but by hand."""


def seconds(text: str) -> int:
    """`15 min`, `6 h`, `7 d` in seconds. Raises ValueError."""
    match = re.fullmatch(r"(\d+) ?(s|min|h|d)", text.strip())
    if not match or not int(match[1]):
        raise ValueError("write a number and a unit of s, min, h, d, as 7 d")
    return int(match[1]) * UNITS[match[2]]


def _duration(text: str) -> str:
    seconds(text)
    return text


Duration = Annotated[str, AfterValidator(_duration)]


class Monitor(Strict):
    """When a version that is live is rolled back: see docs/monitoring.md."""

    at_least: Annotated[int, Field(ge=10)] = 50
    """Newly arrived labelled assets before the first look; each later look needs twice those of the one before."""
    worse_by: Annotated[float, Field(ge=0, lt=1)] = 0.0
    """How much worse the mean score of an asset may be."""
    confidence: Annotated[float, Field(ge=0.5, lt=1)] = 0.95
    """Of all looks at one version and its predecessor together."""
