"""Deep Q-learning: Mnih et al. 2015, Human-level control through deep reinforcement learning, with double estimates:
van Hasselt et al. 2016, Deep Reinforcement Learning with Double Q-learning, equation 4."""

import copy
from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from models import episodes, exploration, order
from models.descent import Descent
from models.job import Job

TARGET, REPLAY = "target/", "replay/"


def build(settings: Any, facts: Mapping[str, Any]) -> nn.Module:
    """Observations (B, …) → the worth of each move (B, moves). `settings`: hidden."""
    seen = episodes.spaces(facts["learnt"])
    return nn.Sequential(
        episodes.Inputs(seen),
        *(nn.Linear(seen.numbers, settings.hidden), nn.ReLU()),
        *(nn.Linear(settings.hidden, settings.hidden), nn.ReLU()),
        nn.Linear(settings.hidden, seen.moves),
    )


class Replay:
    """The last steps, in a ring; `held` counts all that were ever put in."""

    def __init__(self, room: int) -> None:
        self._room = room
        self._columns: dict[str, np.ndarray] = {}
        self.held = 0

    def put(self, step: episodes.Step) -> None:
        """Keep a step of B environments."""
        rows = {"seen": step.seen, "moves": step.moves, "reward": step.reward, "then": step.then, "over": step.over}
        places = (self.held + np.arange(len(step.moves))) % self._room
        for name, values in rows.items():
            if name not in self._columns:
                self._columns[name] = np.zeros((self._room, *values.shape[1:]), values.dtype)
            self._columns[name][places] = values
        self.held += len(step.moves)

    def drawn(self, draws: np.ndarray) -> dict[str, Tensor]:
        """The steps that draws in [0, 1) (B,) fall on."""
        places = np.floor(draws * min(self.held, self._room)).astype(np.int64)
        return {name: torch.from_numpy(column[places]) for name, column in self._columns.items()}

    def tensors(self) -> dict[str, Tensor]:
        """All of it, by name."""
        columns = {name: torch.from_numpy(column.copy()) for name, column in self._columns.items()}
        return columns | {"held": torch.tensor(self.held)}

    def load(self, tensors: Mapping[str, Tensor]) -> None:
        """Put back what `tensors` returned."""
        self._columns = {name: value.numpy().copy() for name, value in tensors.items() if name != "held"}
        self.held = int(tensors["held"])


def learner(job: Job) -> "DeepQLearning":
    return DeepQLearning(job)


class DeepQLearning:
    """An epoch is `steps` steps of all environments together, with an update after each step of theirs."""

    def __init__(self, job: Job) -> None:
        self._job = job
        settings: Any = job.settings
        self._settings = settings
        self._environments = episodes.make(job.facts["learnt"], settings.environments)
        self._updates = max(1, settings.steps // settings.environments)
        self._descent = Descent(job, self._updates)
        self._target = copy.deepcopy(job.net).requires_grad_(False)
        self._replay = Replay(settings.replay)

    def epoch(self, epoch: int) -> dict[str, float]:
        tally, losses = exploration.Tally(), []
        decide = exploration.greedy(self._worth, self._job, epoch, self._updates)
        seeds = exploration.seeds(self._job, epoch)
        for number, step in enumerate(episodes.steps(self._environments, seeds, decide, self._updates)):
            self._replay.put(step)
            tally.add(step)
            if self._replay.held >= self._settings.batch:
                losses.append(self._update(epoch, number))
        return {"loss": float(np.mean(losses or [0.0])), **tally.measures()}

    def _worth(self, seen: np.ndarray) -> np.ndarray:
        with torch.inference_mode():
            return self._job.net(torch.from_numpy(np.asarray(seen))).numpy()

    def _update(self, epoch: int, number: int) -> float:
        settings = self._settings
        if (epoch * self._updates + number) % settings.target_every == 0:
            self._target.load_state_dict(self._job.net.state_dict())
        source = order.stream(order.PLAY, settings.seed, epoch, number + 1)  # step 0 is what the epoch explores by
        batch = self._replay.drawn(order.uniform(source, (settings.batch,)))
        with torch.no_grad():
            best = self._job.net(batch["then"]).argmax(1, keepdim=True)
            after = self._target(batch["then"]).gather(1, best)[:, 0] * ~batch["over"]
        worth = self._job.net(batch["seen"]).gather(1, batch["moves"][:, None])[:, 0]
        wanted = batch["reward"].float() + settings.discount * after
        return self._descent.update(functional.smooth_l1_loss(worth, wanted), epoch, number)

    def tensors(self) -> dict[str, Tensor]:
        kept = self._descent.tensors()
        kept |= {f"{TARGET}{name}": value for name, value in self._target.state_dict().items()}
        return kept | {f"{REPLAY}{name}": value for name, value in self._replay.tensors().items()}

    def load(self, tensors: Mapping[str, Tensor]) -> None:
        self._descent.load(tensors)
        for prefix, load in ((TARGET, self._target.load_state_dict), (REPLAY, self._replay.load)):
            load({name.removeprefix(prefix): value for name, value in tensors.items() if name.startswith(prefix)})
