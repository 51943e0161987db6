"""One step down a gradient, with the rate of the schedule: what methods that learn from reward share."""

import math
from collections.abc import Mapping

import torch
from torch import Tensor, nn

from models import optimizers, state
from models.job import Job
from project.errors import DailiesError


class Descent:
    """Takes `updates` steps an epoch on the weights of `job.net`, by the job's optimizer, schedule and clip."""

    def __init__(self, job: Job, updates: int) -> None:
        self._job = job
        self._updates = updates
        self._optimizer = optimizers.build(job.net, job.settings)

    def update(self, loss: Tensor, epoch: int, number: int) -> float:
        """The loss as a number, after the step. Raises DailiesError when it is not finite."""
        settings = self._job.settings
        if not math.isfinite(loss.item()):
            raise DailiesError(
                f"the loss is {loss.item()} in epoch {epoch + 1}, update {number + 1} of {self._updates}: it must be "
                f"finite; lower rate (={settings.rate:g}) or set clip (={settings.clip:g})"
            )
        self._optimizer.zero_grad()
        torch.autograd.backward(loss)
        if settings.clip:
            nn.utils.clip_grad_norm_(self._job.net.parameters(), settings.clip)
        for group in self._optimizer.param_groups:
            group["lr"] = self._job.pace.rate(epoch, number, self._updates)
        self._optimizer.step()
        return loss.item()

    def tensors(self) -> dict[str, Tensor]:
        """Weights and what the optimizer keeps of them."""
        return state.pack(self._job.net, self._optimizer, None, {})

    def load(self, tensors: Mapping[str, Tensor]) -> None:
        """Put both back."""
        state.unpack(tensors, self._job.net, self._optimizer, None)
