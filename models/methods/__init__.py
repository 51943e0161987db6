"""Ways to learn from reward: every file here is one, and is found by being here."""

import importlib
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, cast

from project.errors import UsageError
from project.params import listing

if TYPE_CHECKING:
    from torch import Tensor, nn

    from models.job import Job


class Learner(Protocol):
    """One training under way. What it leaves for its next epoch is in the network, the optimizer and `tensors`."""

    def epoch(self, epoch: int) -> dict[str, float]:
        """Train for one epoch, counted from 0: measures for the history. A pure function of what is kept and `epoch`."""
        ...

    def tensors(self) -> "dict[str, Tensor]":
        """All that the next epoch reads, by name."""
        ...

    def load(self, tensors: "Mapping[str, Tensor]") -> None:
        """Put what `tensors` returned back in its places."""
        ...


class Method(Protocol):
    """What a file of this folder has."""

    def build(self, settings: Any, facts: Mapping[str, Any]) -> "nn.Module":
        """The network that it trains; its answer is the worth of each move."""
        ...

    def learner(self, job: "Job") -> Learner:
        """A training of `job.net`."""
        ...


def names() -> list[str]:
    """All methods: the files of this folder."""
    return sorted(path.stem for path in Path(__file__).parent.glob("[a-z]*.py"))


def load(name: str) -> Method:
    """The method of `models/methods/<name>.py`. Raises UsageError that lists those there are."""
    if name not in names():
        raise UsageError(f"method {name!r} is not a file in models/methods/; {listing(name, names())}")
    return cast(Method, importlib.import_module(f"models.methods.{name}"))


def build(settings: Any, facts: Mapping[str, Any]) -> "nn.Module":
    """The network of `settings.method`, with weights of `settings.seed`."""
    import torch

    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(settings.seed)
        return load(settings.method).build(settings, facts)
