"""Pieces that networks for images share."""

import math
from collections.abc import Iterable, Mapping
from typing import Any

import torch
from torch import Tensor, nn

SMALLEST_PX = 4  # of the picture that is pooled: its corners still tell left from right


class Normalise(nn.Module):
    """Images (B, C, H, W), uint8 or float in 0..255, to float of mean 0 and spread 1 in each channel.

    Mean and spread are buffers: they travel with the weights, and predicting needs nothing else.
    """

    mean: Tensor
    spread: Tensor

    def __init__(self, facts: Mapping[str, Any]) -> None:
        super().__init__()
        self.register_buffer("mean", torch.tensor(facts["mean"], dtype=torch.float32).view(1, -1, 1, 1))
        spread = torch.tensor(facts["std"], dtype=torch.float32).clamp_min(1.0)  # a blank channel has no spread
        self.register_buffer("spread", spread.view(1, -1, 1, 1))

    def forward(self, images: Tensor) -> Tensor:
        return (images.float() - self.mean) / self.spread


class Head(nn.Module):
    """Global average pooling (B, C, H, W) → (B, C), dropout, and one number a class."""

    def __init__(self, channels: int, classes: int, dropout: float) -> None:
        super().__init__()
        self.dropout = nn.Dropout(dropout)
        self.linear = nn.Linear(channels, classes)

    def forward(self, features: Tensor) -> Tensor:
        scores: Tensor = self.linear(self.dropout(features.mean((2, 3))))
        return scores


def convolution(inside: int, outside: int, side: int = 3, stride: int = 1, groups: int = 1) -> list[nn.Module]:
    """Convolution without bias, batch normalisation (which has one) and ReLU; the picture shrinks by `stride`."""
    return [
        nn.Conv2d(inside, outside, side, stride, padding=side // 2, groups=groups, bias=False),
        nn.BatchNorm2d(outside),
        nn.ReLU(inplace=True),
    ]


def stem(facts: Mapping[str, Any], width: int) -> list[nn.Module]:
    """The first convolution, to `width` channels; it shrinks larger pictures at once, where arithmetic is dearest."""
    channels, *sides = facts["fields"]["image"]["shape"]
    stride = _stem_stride(max(sides))
    return [Normalise(facts), *convolution(channels, width, side=7 if stride == 4 else 3, stride=stride)]


def widths(facts: Mapping[str, Any], width: int) -> list[int]:
    """The channels after each halving that is left until a picture is 4 px or smaller: twice as many each time, up to
    8 × `width`."""
    longest = max(facts["fields"]["image"]["shape"][1:])
    halvings = max(1, math.ceil(math.log2(longest / _stem_stride(longest) / SMALLEST_PX)))
    return [width * min(2**halving, 8) for halving in range(1, halvings + 1)]


def _stem_stride(longest_px: int) -> int:
    return 4 if longest_px > 64 else 2 if longest_px > 16 else 1


def sequence(layers: Iterable[nn.Module]) -> nn.Sequential:
    """The layers one after another, with kernels laid out channels last: convolutions are 1.2 to 3 times as fast."""
    net: nn.Sequential = nn.Sequential(*layers).to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    return net
