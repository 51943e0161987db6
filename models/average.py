"""The moving average of a network's weights, which generalises better than the last ones (Polyak and Juditsky 1992)."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, nn


class MovingAverage:
    """Averages every floating-point entry of a state dict, the statistics of batch normalisation among them."""

    def __init__(self, net: nn.Module, decay: float) -> None:
        self.decay = decay
        self._live = floating(net)
        self.values = {name: value.clone() for name, value in self._live.items()}

    def update(self, step: int) -> None:
        """Take in the weights after `step` steps. The decay grows with `step`: the random start is soon forgotten."""
        decay = min(self.decay, step / (step + 10))
        torch._foreach_lerp_(list(self.values.values()), list(self._live.values()), 1 - decay)

    @contextmanager
    def worn(self) -> Iterator[None]:
        """The network with the averaged weights; its own come back at the end."""
        own = {name: value.clone() for name, value in self._live.items()}
        self.wear()
        try:
            yield
        finally:
            _copy(own, self._live)

    def wear(self) -> None:
        """Give the network the averaged weights for good."""
        _copy(self.values, self._live)


def floating(net: nn.Module) -> dict[str, Tensor]:
    """The floating-point entries of the state dict, sharing memory with the network."""
    return {name: value.detach() for name, value in net.state_dict().items() if value.is_floating_point()}


def _copy(source: dict[str, Tensor], target: dict[str, Tensor]) -> None:
    for name, value in target.items():
        value.copy_(source[name])
