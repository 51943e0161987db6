"""Everything that one training step leaves for the next, as named tensors and a JSON position, and back."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import torch
from torch import Tensor, nn
from torch.optim import Optimizer

from models.average import MovingAverage


@dataclass(kw_only=True)
class Position:
    """How far a training is. `sums` are of the epoch under way: loss and measures, each times its samples. `used_s` is the
    time of a training by time."""

    epoch: int = 0
    step: int = 0
    seen: int = 0
    sums: dict[str, float] = field(default_factory=dict)
    history: list[dict[str, float]] = field(default_factory=list)
    best_epoch: int = 0
    best_loss: float | None = None
    used_s: float = 0.0


def pack(
    net: nn.Module, optimizer: Optimizer, average: MovingAverage | None, best: Mapping[str, Tensor]
) -> dict[str, Tensor]:
    """All tensors of a training by name: net/…, average/…, best/…, optimizer/<parameter>/…"""
    tensors = {f"net/{name}": value for name, value in net.state_dict().items()}
    tensors |= {f"best/{name}": value for name, value in best.items()}
    tensors |= {f"average/{name}": value for name, value in (average.values if average else {}).items()}
    for index, values in optimizer.state_dict()["state"].items():
        tensors |= {f"optimizer/{index}/{name}": value for name, value in values.items() if value is not None}
    return tensors


def unpack(
    tensors: Mapping[str, Tensor], net: nn.Module, optimizer: Optimizer, average: MovingAverage | None
) -> dict[str, Tensor]:
    """Put what `pack` returned back in its places; returns the best weights."""
    net.load_state_dict(below("net/", tensors))
    for name, value in below("average/", tensors).items():
        if average:
            average.values[name].copy_(value)
    _restore(optimizer, below("optimizer/", tensors))
    return below("best/", tensors)


def below(prefix: str, tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The tensors whose name starts with `prefix`, without it."""
    return {name.removeprefix(prefix): value for name, value in tensors.items() if name.startswith(prefix)}


def _restore(optimizer: Optimizer, tensors: Mapping[str, Tensor]) -> None:
    parameters = [parameter for group in optimizer.param_groups for parameter in group["params"]]
    values: dict[int, dict[str, Tensor]] = {}
    for key, value in tensors.items():
        index, name = key.split("/")
        values.setdefault(int(index), {})[name] = _laid_out_like(parameters[int(index)], value)
    optimizer.load_state_dict({"state": values, "param_groups": optimizer.state_dict()["param_groups"]})


def _laid_out_like(parameter: Tensor, value: Tensor) -> Tensor:
    """`value` with the strides of `parameter` where it has its shape: kernels then sum in the order they did before."""
    return torch.empty_like(parameter).copy_(value).detach() if value.shape == parameter.shape else value
