"""Environments of gymnasium, several at once, and episodes that are played in them.

`learnt` says which environment: {"environment": name, "options": what `gymnasium.make` is told besides}.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import gymnasium
import numpy as np
import torch
from gymnasium.vector import AutoresetMode, VectorEnv
from torch import Tensor, nn

from project.errors import UsageError

AT_ONCE = 100
Decide = Callable[[np.ndarray], np.ndarray]
"""Observations (B, …) → moves, int64 (B,)."""


@dataclass(frozen=True, slots=True)
class Spaces:
    """`states` is how many observations there are, 0 when they are vectors; `numbers` is the size of one observation, or
    `states`; `moves` is how many there are to choose from."""

    states: int
    numbers: int
    moves: int


def make(learnt: Mapping[str, Any], count: int) -> VectorEnv:
    """`count` environments; one whose episode ends begins the next in the same step. Raises UsageError."""
    try:
        return gymnasium.make_vec(
            learnt["environment"],
            num_envs=count,
            vectorization_mode="sync",
            vector_kwargs={"autoreset_mode": AutoresetMode.SAME_STEP},
            **learnt["options"],
        )
    except (gymnasium.error.Error, TypeError, ImportError) as error:
        raise UsageError(
            f"environment {learnt['environment']!r} with options {learnt['options']} cannot be made: {error}"
        ) from None


def spaces(learnt: Mapping[str, Any]) -> Spaces:
    """What is seen in an environment and done. Raises UsageError for an environment that is not learnt here."""
    made = make(learnt, 1)
    _limit(made, learnt)
    seen, done = made.single_observation_space, made.single_action_space
    made.close()
    if not isinstance(done, gymnasium.spaces.Discrete):
        raise UsageError(
            f"environment {learnt['environment']!r} is acted on by {done}; a choice of moves is learnt here"
        )
    if isinstance(seen, gymnasium.spaces.Discrete):
        return Spaces(int(seen.n), int(seen.n), int(done.n))
    if isinstance(seen, gymnasium.spaces.Box):
        return Spaces(0, int(np.prod(seen.shape)), int(done.n))
    raise UsageError(f"environment {learnt['environment']!r} shows {seen}; numbers or a state are learnt here")


class Inputs(nn.Module):
    """Observations (B, …) → float (B, numbers): states as one of many, all else flat."""

    def __init__(self, seen: Spaces) -> None:
        super().__init__()
        self._states = seen.states

    def forward(self, observations: Tensor) -> Tensor:
        if self._states:
            return nn.functional.one_hot(observations.long(), self._states).float()
        return observations.float().flatten(1)


@dataclass(frozen=True, slots=True)
class Step:
    """One step of B environments.

    seen, then   observations before and after, (B, …); `then` is that of the episode's end where it ended
    moves        int64 (B,)
    reward       float64 (B,)
    over         bool (B,): the episode has come to its end, nothing can follow
    cut          bool (B,): it was cut off by the environment's limit of time, more could have followed
    """

    seen: np.ndarray
    moves: np.ndarray
    reward: np.ndarray
    then: np.ndarray
    over: np.ndarray
    cut: np.ndarray


def steps(environments: VectorEnv, seeds: Sequence[int], decide: Decide, count: int) -> Iterator[Step]:
    """`count` steps of new episodes that begin from `seeds`. The next is decided when it is asked for."""
    each: Any = [int(seed) for seed in seeds]
    seen, _ = environments.reset(seed=each)
    for _ in range(count):
        before, moves = np.array(seen), decide(seen)
        seen, reward, over, cut, told = environments.step(moves)
        then = np.array(seen)
        for place in np.flatnonzero(over | cut):
            then[place] = told["final_obs"][place]
        yield Step(before, moves, np.array(reward), then, np.array(over), np.array(cut))


def play(net: nn.Module, learnt: Mapping[str, Any], seeds: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return and number of steps of the episodes of `seeds` (N,), with the best move always: two arrays (N,)."""
    net.eval()
    blocks = [seeds[start : start + AT_ONCE] for start in range(0, len(seeds), AT_ONCE)]
    played = [_play(net, learnt, block) for block in blocks]
    return np.concatenate([one for one, _ in played]), np.concatenate([one for _, one in played])


def best(net: nn.Module) -> Decide:
    """The move that `net` holds for the best."""

    def decide(observations: np.ndarray) -> np.ndarray:
        with torch.inference_mode():
            return net(torch.from_numpy(np.asarray(observations))).argmax(1).numpy()

    return decide


def _play(net: nn.Module, learnt: Mapping[str, Any], seeds: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    environments = make(learnt, len(seeds))
    limit = _limit(environments, learnt)
    returns, length, playing = np.zeros(len(seeds)), np.zeros(len(seeds), np.int64), np.ones(len(seeds), bool)
    for step in steps(environments, seeds.tolist(), best(net), limit):
        returns += step.reward * playing
        length += playing
        playing &= ~(step.over | step.cut)
        if not playing.any():
            break
    environments.close()
    return returns, length


def _limit(environments: VectorEnv, learnt: Mapping[str, Any]) -> int:
    """The steps after which an episode is cut off. Raises UsageError where it may go on for ever."""
    one = environments.envs[0].spec  # type: ignore[attr-defined]  # that of all of them tells nothing of options
    limit = one.max_episode_steps if one else None
    if not limit:
        raise UsageError(f"environment {learnt['environment']!r} has no limit of time; set options: max_episode_steps")
    return int(limit)
