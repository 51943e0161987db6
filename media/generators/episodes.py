"""Episodes of one environment of gymnasium, each from a seed of its own. They have no label."""

from typing import Annotated, Any

import numpy as np
from pydantic import Field

from media import episode
from project.source import Strict

KIND, SUFFIX = "episode", ".json"


class Settings(Strict):
    """The environment's name, and what `gymnasium.make` is told besides."""

    environment: Annotated[str, Field(pattern=episode.NAME.pattern)] = "CartPole-v1"
    options: Annotated[dict[str, Any], Field(default_factory=dict)]


def labels(settings: Settings) -> tuple[str, ...]:
    return ()


def make(draws: np.random.Generator, settings: Settings, label: str) -> bytes:
    """The JSON of one episode."""
    seed = int(draws.integers(episode.HIGHEST_SEED + 1))
    return episode.text(episode.Episode(settings.environment, settings.options, seed)).encode()
