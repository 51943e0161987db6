"""A depthwise-separable network: each convolution is one over space, then one over channels.

Howard et al. 2017, MobileNets, section 3.1.
"""

from collections.abc import Mapping
from typing import Any

from torch import nn

from models import layers


def separable(inside: int, outside: int, stride: int = 1) -> list[nn.Module]:
    """A 3×3 convolution of each channel by itself, then a 1×1 convolution of all: about a ninth of the arithmetic."""
    over_space = layers.convolution(inside, inside, stride=stride, groups=inside)
    return [*over_space, *layers.convolution(inside, outside, side=1)]


def build(settings: Any, facts: Mapping[str, Any]) -> nn.Module:
    """Images (B, C, H, W) → one number a class (B, classes). `settings`: width, dropout."""
    channels = settings.width
    parts = layers.stem(facts, channels)
    for wider in layers.widths(facts, channels):
        parts += [*separable(channels, wider), *separable(wider, wider, stride=2)]
        channels = wider
    parts += separable(channels, channels)
    return layers.sequence([*parts, layers.Head(channels, len(facts["classes"]), settings.dropout)])
