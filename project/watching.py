"""What params.yaml says of a model that is registered: who lets it go live, and how it is watched when it has.

None of this decides any result, so a change of it makes no stage stale.
"""

from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from project import schedule
from project.source import Strict

Promote = Literal["gate", "ask", "never"]
"""Who makes a version live that passed: the gate by itself, a person, or nobody but by hand."""


def _some(text: str) -> str:
    if not schedule.seconds(text):
        raise ValueError("it is no time at all")
    return text


Duration = Annotated[str, AfterValidator(_some)]


class Monitor(Strict):
    """When a version that is live is rolled back: see docs/monitoring.md."""

    at_least: Annotated[int, Field(ge=10)] = 50
    """Newly arrived labelled assets before the first look; each later look needs twice those of the one before."""
    worse_by: Annotated[float, Field(ge=0, lt=1)] = 0.0
    """How much worse the mean score of an asset may be."""
    confidence: Annotated[float, Field(ge=0.5, lt=1)] = 0.95
    """Of all looks at one version and its predecessor together."""
    check: schedule.Period | None = None
    """How often `dailies up` has it looked at; by hand only when not given."""
