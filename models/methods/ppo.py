"""Policy gradient with clipped steps: Schulman et al. 2017, Proximal Policy Optimization Algorithms, equation 7, with
advantages of Schulman et al. 2016, High-Dimensional Continuous Control Using Generalized Advantage Estimation,
equation 16."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from models import episodes, exploration, order
from models.descent import Descent
from models.job import Job

VALUE_WEIGHT = 0.5


def build(settings: Any, facts: Mapping[str, Any]) -> nn.Module:
    """Observations (B, …) → the logarithm of how likely each move is, (B, moves). `settings`: hidden."""
    return ActorCritic(episodes.spaces(facts["learnt"]), settings.hidden)


class ActorCritic(nn.Module):
    """Two networks: `actor` chooses, `critic` says how much reward will follow."""

    def __init__(self, seen: episodes.Spaces, hidden: int) -> None:
        super().__init__()
        self.inputs = episodes.Inputs(seen)
        self.actor = _layers(seen.numbers, hidden, seen.moves, gain=0.01)
        self.critic = _layers(seen.numbers, hidden, 1, gain=1.0)

    def forward(self, observations: Tensor) -> Tensor:
        return functional.log_softmax(self.actor(self.inputs(observations)), 1)

    def value(self, observations: Tensor) -> Tensor:
        """How much discounted reward will follow, (B,)."""
        expected: Tensor = self.critic(self.inputs(observations))[:, 0]
        return expected


def _layers(inside: int, hidden: int, outside: int, gain: float) -> nn.Sequential:
    """Orthogonal first weights (Saxe et al. 2014), and small ones at the end: every move is as likely as any."""
    linear = [nn.Linear(inside, hidden), nn.Linear(hidden, hidden), nn.Linear(hidden, outside)]
    for layer, scale in zip(linear, (2**0.5, 2**0.5, gain), strict=True):
        nn.init.orthogonal_(layer.weight, scale)
        nn.init.zeros_(layer.bias)
    return nn.Sequential(linear[0], nn.Tanh(), linear[1], nn.Tanh(), linear[2])


def learner(job: Job) -> "ProximalPolicy":
    return ProximalPolicy(job)


class ProximalPolicy:
    """An epoch is `steps` steps of all environments together, then `passes` over them."""

    def __init__(self, job: Job) -> None:
        self._job = job
        self._net: Any = job.net
        settings: Any = job.settings
        self._settings = settings
        self._environments = episodes.make(job.facts["learnt"], settings.environments)
        self._length = max(1, settings.steps // settings.environments)
        self._batches = order.steps(self._length * settings.environments, settings.batch)
        self._descent = Descent(job, settings.passes * self._batches)

    def epoch(self, epoch: int) -> dict[str, float]:
        tally = exploration.Tally()
        seeds = exploration.seeds(self._job, epoch)
        walked = list(episodes.steps(self._environments, seeds, self._drawn(epoch), self._length))
        for step in walked:
            tally.add(step)
        losses = self._improve(epoch, self._experience(walked))
        return {"loss": float(np.mean(losses)), **tally.measures()}

    def _drawn(self, epoch: int) -> episodes.Decide:
        """Moves drawn by how likely the network makes them."""
        each = iter(exploration.draws(self._settings, epoch, (self._length, self._settings.environments)))

        def decide(seen: np.ndarray) -> np.ndarray:
            with torch.inference_mode():
                likely = self._net(torch.from_numpy(np.asarray(seen))).double().exp().numpy()
            below = np.cumsum(likely, 1)[:, :-1]
            return (below <= next(each)[:, None]).sum(1)

        return decide

    def _experience(self, walked: list[episodes.Step]) -> dict[str, Tensor]:
        """Every step as one row: seen, moves, how likely the move was, its advantage, and the return to expect."""
        seen, then = (torch.from_numpy(np.stack([getattr(step, name) for step in walked])) for name in ("seen", "then"))
        length, count = seen.shape[:2]
        with torch.no_grad():
            value, after = (self._net.value(each.flatten(0, 1)).view(length, count) for each in (seen, then))
            likely = self._net(seen.flatten(0, 1))
        moves = torch.from_numpy(np.stack([step.moves for step in walked])).flatten()
        gained = self._advantages(walked, value.numpy(), after.numpy())
        return {
            "seen": seen.flatten(0, 1),
            "moves": moves,
            "likely": likely.gather(1, moves[:, None])[:, 0],
            "advantage": torch.from_numpy(gained).float().flatten(),
            "return": torch.from_numpy(gained).float().flatten() + value.flatten(),
        }

    def _advantages(self, walked: list[episodes.Step], value: np.ndarray, after: np.ndarray) -> np.ndarray:
        """float64 (T, B). What could have followed an episode that was cut off, counts by its expected value."""
        settings = self._settings
        gained, later = np.zeros(value.shape), np.zeros(value.shape[1])
        for number in reversed(range(len(walked))):
            step = walked[number]
            surprise = step.reward + settings.discount * after[number] * ~step.over - value[number]
            later = surprise + settings.discount * settings.gae_lambda * later * ~(step.over | step.cut)
            gained[number] = later
        return gained

    def _improve(self, epoch: int, rows: Mapping[str, Tensor]) -> list[float]:
        losses = []
        for done in range(self._settings.passes):
            source = order.stream(order.PLAY, self._settings.seed, epoch, done + 1)  # 0 is what the epoch explores by
            visits = np.argsort(order.uniform(source, (len(rows["moves"]),)), kind="stable")
            for number, indices in enumerate(np.array_split(visits, self._batches)):
                batch = {name: column[torch.from_numpy(indices)] for name, column in rows.items()}
                losses.append(self._descent.update(self._loss(batch), epoch, done * self._batches + number))
        return losses

    def _loss(self, batch: Mapping[str, Tensor]) -> Tensor:
        settings = self._settings
        likely = self._net(batch["seen"])
        ratio = (likely.gather(1, batch["moves"][:, None])[:, 0] - batch["likely"]).exp()
        advantage = batch["advantage"]
        advantage = (advantage - advantage.mean()) / (advantage.std(correction=0) + 1e-8)
        near = ratio.clamp(1 - settings.clip_range, 1 + settings.clip_range)
        gain = torch.minimum(ratio * advantage, near * advantage).mean()
        entropy = -(likely.exp() * likely).sum(1).mean()
        mistaken = functional.mse_loss(self._net.value(batch["seen"]), batch["return"])
        return VALUE_WEIGHT * mistaken - gain - settings.entropy_weight * entropy

    def tensors(self) -> dict[str, Tensor]:
        return self._descent.tensors()

    def load(self, tensors: Mapping[str, Tensor]) -> None:
        self._descent.load(tensors)
