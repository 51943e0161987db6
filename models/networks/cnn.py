"""A plain convolutional network: pairs of 3×3 convolutions, halving the picture and doubling the channels."""

from collections.abc import Mapping
from typing import Any

import torch
from torch import nn

from models.layers import Head, Normalise, convolution

SMALLEST_PX = 8  # the picture is halved while it is larger than this


def build(settings: Any, facts: Mapping[str, Any]) -> nn.Module:
    """Images (B, C, H, W) → one number a class (B, classes). `settings`: width, dropout."""
    channels, *sides = facts["fields"]["image"]["shape"]
    side, width = max(sides), settings.width
    layers: list[nn.Module] = [Normalise(facts), *convolution(channels, width)]
    while side > SMALLEST_PX:
        wider = min(2 * width, 8 * settings.width)
        layers += [*convolution(width, width), *convolution(width, wider, stride=2)]
        side, width = -(-side // 2), wider
    layers += [*convolution(width, width), Head(width, len(facts["classes"]), settings.dropout)]
    return nn.Sequential(*layers).to(memory_format=torch.channels_last)
