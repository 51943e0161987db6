"""Optimizers by name, with weight decay on matrices and kernels only."""

from collections.abc import Callable
from typing import Any

from torch import nn
from torch.optim import SGD, Adam, AdamW, Optimizer, RMSprop

from models.settings import Training

_BUILD: dict[str, Callable[[Any, Training, tuple[float, float]], Optimizer]] = {
    "sgd": lambda groups, s, betas: SGD(groups, lr=s.rate, momentum=s.momentum, nesterov=s.momentum > 0, fused=True),
    "rmsprop": lambda groups, s, betas: RMSprop(groups, lr=s.rate, momentum=s.momentum),
    "adam": lambda groups, s, betas: Adam(groups, lr=s.rate, betas=betas, fused=True),
    "adamw": lambda groups, s, betas: AdamW(groups, lr=s.rate, betas=betas, fused=True),
}


def build(net: nn.Module, settings: Training, betas: tuple[float, float] = (0.9, 0.999)) -> Optimizer:
    """The optimizer of `settings.optimizer` over the parameters of `net` that learn; `betas` are those of Adam.

    Biases and the scales of normalisation are not decayed: pulling those to zero regularises nothing
    (Jia et al. 2018, Highly Scalable Deep Learning Training System, section 3.2).
    """
    learning = [parameter for parameter in net.parameters() if parameter.requires_grad]
    groups = [
        {"params": [p for p in learning if p.ndim > 1], "weight_decay": settings.weight_decay},
        {"params": [p for p in learning if p.ndim <= 1], "weight_decay": 0.0},
    ]
    return _BUILD[settings.optimizer]([group for group in groups if group["params"]], settings, betas)
