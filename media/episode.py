"""Episodes as samples: which environment of gymnasium is played, with what options, and from which seed.

    {"environment": "FrozenLake-v1", "options": {"map_name": "8x8"}, "seed": 7}

The seed decides where the episode starts and all its chance, so an episode can be played again.
"""

import json
import re
from dataclasses import dataclass
from typing import Any

HIGHEST_SEED = 2**31 - 1
LARGEST_BYTES = 64 << 10
NAME = re.compile(r"([\w-]+/)?[\w.-]+-v\d+")
"""Names that gymnasium registers: an optional namespace, a name and a version. It would import what stands before a colon,
so there is none."""
KEYS = {"environment", "options", "seed"}


class Unreadable(ValueError):
    """A file that cannot be used as an episode; the message is the reason for a catalog."""


@dataclass(frozen=True, slots=True)
class Episode:
    """`options` are what `gymnasium.make` is told besides the name."""

    environment: str
    options: dict[str, Any]
    seed: int


def episode(data: bytes) -> Episode:
    """The episode that a file describes. Raises Unreadable."""
    told = _told(data)
    if unknown := sorted(told.keys() - KEYS):
        raise Unreadable(f"has the key {unknown[0]!r}; known are {', '.join(sorted(KEYS))}")
    if missing := sorted({"environment", "seed"} - told.keys()):
        raise Unreadable(f"lacks the key {missing[0]!r}")
    name, options, seed = told["environment"], told.get("options", {}), told["seed"]
    if not isinstance(name, str) or not NAME.fullmatch(name):
        raise Unreadable(f"environment is {name!r}, not a name with a version, such as CartPole-v1")
    if not isinstance(options, dict):
        raise Unreadable("options are no object")
    if not isinstance(seed, int) or isinstance(seed, bool) or not 0 <= seed <= HIGHEST_SEED:
        raise Unreadable(f"seed is {seed!r}; it is a whole number from 0 to {HIGHEST_SEED}")
    return Episode(name, options, seed)


def text(asked: Episode) -> str:
    """An episode as the file that `episode` reads."""
    return json.dumps({"environment": asked.environment, "options": asked.options, "seed": asked.seed}) + "\n"


def _told(data: bytes) -> dict[str, Any]:
    if len(data) > LARGEST_BYTES:
        raise Unreadable(f"larger than {LARGEST_BYTES >> 10} KiB")
    try:
        told = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise Unreadable(f"not JSON: {error}") from None
    if not isinstance(told, dict):
        raise Unreadable("not a JSON object with environment, options and seed")
    return told
