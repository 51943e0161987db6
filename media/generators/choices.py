"""What one person chose, as CSV: they have a taste, start somewhere in its items, and mostly go on to the next one.

So the last choice tells more than all before it, the taste is a matter of them all, and some items are chosen by many.
Which person has which taste is drawn; items are called by taste and place, `2-07`.
"""

from typing import Annotated

import numpy as np
from pydantic import Field, model_validator

from media import table
from project.source import Strict

KIND, SUFFIX = "table", ".csv"
STARTED_S, DAY_S = 1_500_000_000, 86_400


class Settings(Strict):
    """A person chooses from `fewest` to `most` of the `tastes` × `items` there are, `follows` of them being the next."""

    tastes: Annotated[int, Field(ge=1, le=1000)] = 4
    items: Annotated[int, Field(ge=2, le=1000)] = 20
    fewest: Annotated[int, Field(ge=1)] = 6
    most: Annotated[int, Field(ge=1)] = 14
    follows: Annotated[float, Field(ge=0, le=1)] = 0.8

    @model_validator(mode="after")
    def _enough(self) -> "Settings":
        if not self.fewest <= self.most <= self.items:
            raise ValueError(
                f"fewest {self.fewest} and most {self.most} must rise, and not exceed items {self.items}: nobody chooses twice"
            )
        return self


def labels(settings: Settings) -> tuple[str, ...]:
    return ()


def make(draws: np.random.Generator, settings: Settings, label: str) -> bytes:
    """The choices of one person, a day apart."""
    taste = int(settings.tastes * draws.random() ** 2)  # the first ones are shared by more people
    left = list(range(settings.items))
    here = int(draws.integers(settings.items))
    chosen = []
    for _ in range(int(draws.integers(settings.fewest, settings.most + 1))):
        at = here % len(left) if draws.random() < settings.follows else int(draws.integers(len(left)))
        chosen.append(left.pop(at))
        here = at  # what stood after it stands there now
    ratings = 1 + draws.integers(9, size=len(chosen)) / 2
    rows = [
        (f"{taste}-{item:02}", rating, STARTED_S + DAY_S * day)
        for day, (item, rating) in enumerate(zip(chosen, ratings, strict=True))
    ]
    return table.written(np.array(rows, [("item", f"U{max(len(row[0]) for row in rows)}"), *table.EVENT[1:]]))
