"""Game agents: learn from reward which move to make, on grid boards and in environments of gymnasium.

source   boards and episodes that media/generators/ makes from seeds (CC0-1.0), others for training than for tests; or
         any folder of board files, or of episode files of an environment whose moves are a choice
network  boards: value propagation, 115 weights. That value spreads from tile to tile is built in; which tiles let it
         through, what a goal is worth and what a wall costs is learnt by double Q-learning. No search when it plays.
         episodes: a table (q_learning), or two hidden layers (dqn, ppo: 9,155 weights on cartpole)
expects  pathfinder: solved 0.998, path_ratio 1.0 on 500 unseen mazes, 34 s; what it loses is farther than `planning` moves
         follower: near 0.988 of all 200 steps, 1.0 once the walker is caught (seeds 7 to 9); 50 s
         cartpole: mean_return 500 over 100 episodes, 36 s; frozen_lake: success 0.881 to 0.897 over 1,000 episodes, 137 s
         (seeds 7 to 9, one thread on 2 busy cores of an AMD EPYC)
paper    Nardelli et al. 2019, Value Propagation Networks; van Hasselt et al. 2016, Double Q-learning; Mnih et al. 2015,
         Human-level control; Schulman et al. 2017, Proximal Policy Optimization; Watkins and Dayan 1992, Q-learning
run      dailies run pathfinder
"""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from media import board, episode
from media.sample import Field
from media.units import Sample
from models.settings import Unclassed, setting
from project.errors import UsageError
from recipes import Recipe


@dataclass(frozen=True, kw_only=True, slots=True)
class Settings(Unclassed):
    task: str = setting("reach", choices=("reach", "follow", "episode"), shapes_data=True)
    method: str = setting("value_propagation", choices=("value_propagation", "q_learning", "dqn", "ppo"))
    side: int = setting(15, low=3, high=255, unit="tiles, side of the square that boards fit into", shapes_data=True)
    best_return: float = setting(1.0, low=1e-9, high=1e9, unit="return of a perfect episode", shapes_data=True)
    hidden: int = setting(16, low=1, high=4096, unit="units of a layer")
    planning: int = setting(80, low=1, high=10_000, unit="moves that value spreads on a board: the longest way")
    discount: float = setting(0.98, low=0, high=1)
    target_every: int = setting(10, low=1, high=1_000_000, unit="updates between copies of the target network")
    environments: int = setting(16, low=1, high=4096, unit="played at once")
    steps: int = setting(4096, low=1, high=10_000_000, unit="steps an epoch, of all environments together")
    exploration: float = setting(0.05, low=0, high=1, unit="share of moves drawn by lot in the end")
    optimism: float = setting(1.0, low=-1e9, high=1e9, unit="worth of a move never tried, q_learning")
    replay: int = setting(50_000, low=1, high=100_000_000, unit="steps kept, dqn")
    passes: int = setting(10, low=1, high=1000, unit="over the steps of an epoch, ppo")
    clip_range: float = setting(0.2, low=0, high=1, unit="change of a move's likelihood, ppo")
    gae_lambda: float = setting(0.95, low=0, high=1, unit="decay of later surprises, ppo")
    entropy_weight: float = setting(0.0, low=0, high=10, unit="ppo")
    epochs: int = setting(3, low=1, high=100_000)
    batch: int = setting(8, low=1, high=65_536, unit="boards, or steps")
    optimizer: str = setting("adam", choices=("sgd", "rmsprop", "adam", "adamw"))
    rate: float = setting(0.02, low=0, high=10)
    clip: float = setting(1.0, low=0, high=1e6, unit="gradient norm, 0 = off")
    weight_decay: float = setting(0.0, low=0, high=1)


def fields(settings: Settings) -> Mapping[str, Field]:
    seed = {"seed": Field("int64")}
    if settings.task == "episode":
        return seed
    return {"board": board.field(settings.side, settings.side), "shortest": Field("int64"), **seed}


def read(data: bytes, row: Mapping[str, Any], settings: Settings) -> Sample:
    """A board with what its walker's chance follows from: its own bytes; or an episode."""
    if settings.task == "episode":
        asked = episode.episode(data)
        return {"seed": np.int64(asked.seed), "environment": asked.environment, "options": asked.options}
    tiles = board.grid(data)
    return {
        "board": board.planes(tiles, settings.side, settings.side),
        "shortest": np.int64(board.shortest(tiles)),
        "seed": np.int64(int.from_bytes(hashlib.blake2b(data, digest_size=4).digest())),
    }


def learn(samples: Iterable[Sample], settings: Settings) -> Mapping[str, Any]:
    """The task, and the one environment that all training episodes are played in."""
    if settings.task != "episode":
        return {"task": settings.task}
    found = [{name: sample[name] for name in ("environment", "options")} for sample in samples]
    if other := next((each for each in found if each != found[0]), None):
        raise UsageError(f"episodes are of {found[0]} and of {other}; a model learns one environment")
    return {"task": settings.task, "best_return": settings.best_return, **(found[0] if found else {})}


def encode(sample: Sample, settings: Settings, learnt: Mapping[str, Any]) -> Sample:
    for name in ("environment", "options") if settings.task == "episode" else ():
        if sample[name] != learnt[name]:
            raise UsageError(f"{name} is {sample[name]!r}, the model has learnt {learnt[name]!r}")
    return sample


def network(settings: Settings, facts: Mapping[str, Any]) -> Any:
    from models import methods

    return methods.build(settings, facts)


def fit(job: Any) -> Any:
    from models import games, reinforcement

    return reinforcement.fit(job, games.score(job.facts))


def evaluate(net: Any, samples: Any, facts: Mapping[str, Any]) -> Any:
    from models import games

    return games.evaluate(net, samples, facts)


def show(outcome: Any, facts: Mapping[str, Any]) -> Mapping[str, bytes]:
    from models import game_pictures

    return game_pictures.show(outcome, facts)


def predict(net: Any, sample: Mapping[str, Any], facts: Mapping[str, Any]) -> Mapping[str, Any]:
    from models import games

    return games.answer(net, sample, facts)


recipe = Recipe(
    kind=lambda s: "episode" if s.task == "episode" else "board",
    settings=Settings,
    fields=fields,
    read=read,
    augment=(),
    net=network,
    fit=fit,
    evaluate=evaluate,
    show=show,
    predict=predict,
    parts=lambda s: (f"models.methods.{s.method}",),
    learn=learn,
    encode=encode,
    inputs=lambda s: () if s.task == "episode" else ("board",),
    search=("rate", "batch"),
)
