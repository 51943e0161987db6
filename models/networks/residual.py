"""A residual network: each block adds to what it was given (He et al. 2015, Deep Residual Learning, section 3)."""

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from models.layers import Head, Normalise, convolution

SMALLEST_PX = 8  # the picture is halved while it is larger than this


class Block(nn.Module):
    """Two 3×3 convolutions beside a shortcut, which is a 1×1 convolution where the shape changes (figure 2, option B)."""

    def __init__(self, inside: int, outside: int, stride: int) -> None:
        super().__init__()
        self.branch = nn.Sequential(*convolution(inside, outside, stride=stride), *convolution(outside, outside)[:-1])
        changes = inside != outside or stride > 1
        self.shortcut = nn.Sequential(*convolution(inside, outside, 1, stride)[:-1]) if changes else nn.Identity()

    def forward(self, features: Tensor) -> Tensor:
        return functional.relu(self.branch(features) + self.shortcut(features), inplace=True)


def build(settings: Any, facts: Mapping[str, Any]) -> nn.Module:
    """Images (B, C, H, W) → one number a class (B, classes). `settings`: width, dropout."""
    channels, *sides = facts["fields"]["image"]["shape"]
    side, width = max(sides), settings.width
    layers: list[nn.Module] = [Normalise(facts), *convolution(channels, width)]
    while side > SMALLEST_PX:
        wider = min(2 * width, 8 * settings.width)
        layers += [Block(width, wider, 2)]
        side, width = -(-side // 2), wider
    layers += [Block(width, width, 1), Head(width, len(facts["classes"]), settings.dropout)]
    return nn.Sequential(*layers).to(memory_format=torch.channels_last)
