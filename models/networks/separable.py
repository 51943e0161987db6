"""A depthwise-separable network: each convolution is one over space, then one over channels (Howard et al. 2017, MobileNets,
section 3.1)."""

from collections.abc import Mapping
from typing import Any

import torch
from torch import nn

from models.layers import Head, Normalise, convolution

SMALLEST_PX = 8  # the picture is halved while it is larger than this


def separable(inside: int, outside: int, stride: int = 1) -> list[nn.Module]:
    """A 3×3 convolution of each channel by itself, then a 1×1 convolution of all: about a ninth of the arithmetic."""
    return [*convolution(inside, inside, stride=stride, groups=inside), *convolution(inside, outside, 1)]


def build(settings: Any, facts: Mapping[str, Any]) -> nn.Module:
    """Images (B, C, H, W) → one number a class (B, classes). `settings`: width, dropout."""
    channels, *sides = facts["fields"]["image"]["shape"]
    side, width = max(sides), settings.width
    layers: list[nn.Module] = [Normalise(facts), *convolution(channels, width)]
    while side > SMALLEST_PX:
        wider = min(2 * width, 8 * settings.width)
        layers += [*separable(width, wider, 2), *separable(wider, wider)]
        side, width = -(-side // 2), wider
    layers += [*separable(width, width), Head(width, len(facts["classes"]), settings.dropout)]
    return nn.Sequential(*layers).to(memory_format=torch.channels_last)
