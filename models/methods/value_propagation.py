"""Double Q-learning of a value propagation network, on boards.

Nardelli et al. 2019, Value Propagation Networks, section 3; van Hasselt et al. 2016, Deep Reinforcement Learning with
Double Q-learning, equation 4. Experience is every move from every tile of the boards of a batch, each with its goal
on a tile drawn anew ("exploring starts"): arriving pays 1, running into a wall costs 1.
"""

import copy
from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from models import board_game, device, order
from models.board_game import FLOOR, GOAL, MOVES, START, WALL
from models.descent import Descent
from models.job import Job

BUMP = -1.0


def build(settings: Any, facts: Mapping[str, Any]) -> nn.Module:
    """Boards (B, 4, H, W) → the worth of each move on each tile, (B, 4, H, W). `settings`: hidden, planning."""
    return Propagation(settings.hidden, settings.planning)


class Propagation(nn.Module):
    """Learns for each kind of tile how much of its neighbours' value it lets through, what it pays to enter it and what
    it costs to leave it; values then spread `planning` times, a tile at a time. Outside a board there are walls."""

    def __init__(self, hidden: int, planning: int) -> None:
        super().__init__()
        self.planning = planning
        self.seen = nn.Conv2d(3, hidden, 1)
        self.said = nn.Conv2d(hidden, 3, 1)
        with torch.no_grad():
            self.said.weight.mul_(0.1)
            self.said.bias.copy_(torch.tensor([2.0, 0.0, 0.0]))  # type: ignore[union-attr]  # lets 0.88 through

    def forward(self, boards: Tensor) -> Tensor:
        tiles = functional.pad(boards.float(), (1, 1, 1, 1))
        tiles[:, WALL] = functional.pad(boards[:, WALL].float(), (1, 1, 1, 1), value=1.0)
        tiles[:, FLOOR] += tiles[:, START]
        told = self.said(torch.relu(self.seen(tiles[:, [FLOOR, WALL, GOAL]])))  # (B, 3, H + 2, W + 2)
        through, enter, leave = torch.sigmoid(told[:, 0]), told[:, 1], told[:, 2]
        through, leave = through[:, 1:-1, 1:-1], leave[:, 1:-1, 1:-1]
        pays = _beside(enter) - leave[:, None]  # (B, 4, H, W)
        value = torch.zeros_like(through)
        for _ in range(self.planning):
            worth = through[:, None] * _beside(functional.pad(value, (1, 1, 1, 1))) + pays
            value = torch.maximum(value, worth.amax(1))
        return through[:, None] * _beside(functional.pad(value, (1, 1, 1, 1))) + pays


def _beside(edged: Tensor) -> Tensor:
    """What lies above, right of, below and left of each tile: (B, H + 2, W + 2) → (B, 4, H, W)."""
    height, width = edged.shape[1] - 2, edged.shape[2] - 2
    sides = [edged[:, 1 + down : 1 + down + height, 1 + right : 1 + right + width] for down, right in MOVES]
    return torch.stack(sides, 1)


def learner(job: Job) -> "Sweeps":
    return Sweeps(job)


class Sweeps:
    """An epoch visits every board once."""

    def __init__(self, job: Job) -> None:
        self._job = job
        self._updates = order.steps(len(job.train), job.settings.batch)
        self._descent = Descent(job, self._updates)
        self._target = copy.deepcopy(job.net).requires_grad_(False)

    def epoch(self, epoch: int) -> dict[str, float]:
        visits = order.shuffled(len(self._job.train), self._job.settings.seed, epoch)
        losses = [
            self._update(epoch, number, indices) for number, indices in enumerate(np.array_split(visits, self._updates))
        ]
        return {"loss": float(np.mean(losses))}

    def _update(self, epoch: int, number: int, indices: np.ndarray) -> float:
        settings: Any = self._job.settings
        if (epoch * self._updates + number) % settings.target_every == 0:
            self._target.load_state_dict(self._job.net.state_dict())
        draws = order.uniform(order.stream(order.PLAY, settings.seed, epoch, number), (len(indices), 2))
        now, then = self._boards(indices, draws)
        worth = self._job.net(device.tensor(now)).flatten(2)  # (B, 4, H · W)
        wanted, counts = self._wanted(now, then, worth.detach() if then is now else self._worth(then))
        error = functional.smooth_l1_loss(worth, wanted, reduction="none")
        return self._descent.update((error * counts).sum() / counts.sum() / len(MOVES), epoch, number)

    def _boards(self, indices: np.ndarray, draws: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Boards with their goal on a drawn tile, and the same boards one step later: the goal may have walked."""
        boards = self._job.train.take(indices)["board"]
        open_tiles = boards[:, WALL].reshape(len(boards), -1) == 0
        nth = np.floor(draws[:, 0] * open_tiles.sum(1)).astype(np.int64)
        goals = (np.cumsum(open_tiles, 1) > nth[:, None]).argmax(1)
        now = board_game.with_goals(boards, goals)
        if self._job.facts["learnt"]["task"] != "follow":
            return now, now
        seeds = np.floor(draws[:, 1] * 2**32).astype(np.int64)
        return now, board_game.with_goals(now, board_game.Walkers(boards, seeds, 1).walk(0, goals))

    def _worth(self, boards: np.ndarray) -> Tensor:
        with torch.no_grad():
            worth: Tensor = self._job.net(device.tensor(boards)).flatten(2)
        return worth

    def _wanted(self, now: np.ndarray, then: np.ndarray, worth: Tensor) -> tuple[Tensor, Tensor]:
        """What each move from each tile should be worth, (B, 4, H · W), and the tiles that count, (B, 1, H · W).

        `worth` is what the network says of the boards one step later. No value lies outside 0 to 1: nobody needs to run
        into a wall, and one arrives once.
        """
        reached = board_game.destinations(now)
        stays = torch.from_numpy(reached == np.arange(reached.shape[2]))
        goals = np.stack([board_game.places(now, GOAL), board_game.places(then, GOAL)])[:, :, None, None]
        arrives = torch.from_numpy(((reached == goals[0]) | (reached == goals[1])) & ~stays.numpy())
        with torch.no_grad():
            told = self._target(device.tensor(then)).flatten(2)
        value = told.gather(1, worth.argmax(1, keepdim=True))[:, 0].clamp(0, 1)  # (B, H · W)
        reward = arrives.float() + BUMP * stays.float()
        settings: Any = self._job.settings
        after = value.gather(1, torch.from_numpy(reached).flatten(1)).view(reward.shape)
        counts = torch.from_numpy((now[:, WALL] + now[:, GOAL] == 0).reshape(len(now), 1, -1)).float()
        return reward + settings.discount * after * ~arrives, counts

    def tensors(self) -> dict[str, Tensor]:
        return self._descent.tensors() | {f"target/{name}": value for name, value in self._target.state_dict().items()}

    def load(self, tensors: Mapping[str, Tensor]) -> None:
        self._descent.load(tensors)
        kept = {name.removeprefix("target/"): value for name, value in tensors.items() if name.startswith("target/")}
        self._target.load_state_dict(kept)
