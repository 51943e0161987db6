"""A plain convolutional network: pairs of 3×3 convolutions, the second of each halving the picture."""

from collections.abc import Mapping
from typing import Any

from torch import nn

from models import layers


def build(settings: Any, facts: Mapping[str, Any]) -> nn.Module:
    """Images (B, C, H, W) → one number a class (B, classes). `settings`: width, dropout."""
    channels = settings.width
    parts = layers.stem(facts, channels)
    for wider in layers.widths(facts, channels):
        parts += [*layers.convolution(channels, channels), *layers.convolution(channels, wider, stride=2)]
        channels = wider
    return layers.sequence([*parts, layers.Head(channels, len(facts["classes"]), settings.dropout)])
