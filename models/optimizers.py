"""Optimizers by name, with weight decay on matrices and kernels only."""

from collections.abc import Callable
from typing import Any

from torch import nn
from torch.optim import SGD, Adam, AdamW, Optimizer, RMSprop

from models.settings import Training

_BUILD: dict[str, Callable[[Any, Training], Optimizer]] = {
    "sgd": lambda groups, s: SGD(groups, lr=s.rate, momentum=s.momentum, nesterov=s.momentum > 0, fused=True),
    "rmsprop": lambda groups, s: RMSprop(groups, lr=s.rate, momentum=s.momentum),
    "adam": lambda groups, s: Adam(groups, lr=s.rate, fused=True),
    "adamw": lambda groups, s: AdamW(groups, lr=s.rate, fused=True),
}


def build(net: nn.Module, settings: Training) -> Optimizer:
    """The optimizer of `settings.optimizer` over the parameters of `net` that learn.

    Biases and the scales of normalisation are not decayed: pulling those to zero regularises nothing
    (Jia et al. 2018, Highly Scalable Deep Learning Training System, section 3.2).
    """
    learning = [parameter for parameter in net.parameters() if parameter.requires_grad]
    groups = [
        {"params": [p for p in learning if p.ndim > 1], "weight_decay": settings.weight_decay},
        {"params": [p for p in learning if p.ndim <= 1], "weight_decay": 0.0},
    ]
    return _BUILD[settings.optimizer]([group for group in groups if group["params"]], settings)
