"""A residual network: each block adds to what it was given (He et al. 2015, Deep Residual Learning, section 3)."""

from collections.abc import Mapping
from typing import Any

from torch import Tensor, nn
from torch.nn import functional

from models import layers


class Block(nn.Module):
    """Two 3×3 convolutions beside a shortcut.

    The shortcut is a 1×1 convolution where the shape changes (section 3.3, option B).
    """

    def __init__(self, inside: int, outside: int, stride: int) -> None:
        super().__init__()
        *second, _ = layers.convolution(outside, outside)  # the last ReLU comes after the sum
        self.branch = nn.Sequential(*layers.convolution(inside, outside, stride=stride), *second)
        *projection, _ = layers.convolution(inside, outside, side=1, stride=stride)
        self.shortcut = nn.Sequential(*projection) if inside != outside or stride > 1 else nn.Identity()

    def forward(self, features: Tensor) -> Tensor:
        return functional.relu(self.branch(features) + self.shortcut(features), inplace=True)


def build(settings: Any, facts: Mapping[str, Any]) -> nn.Module:
    """Images (B, C, H, W) → one number a class (B, classes). `settings`: width, dropout."""
    channels = settings.width
    parts = layers.stem(facts, channels)
    for wider in layers.widths(facts, channels):
        parts.append(Block(channels, wider, stride=2))
        channels = wider
    parts.append(Block(channels, channels, stride=1))
    return layers.sequence([*parts, layers.Head(channels, len(facts["classes"]), settings.dropout)])
