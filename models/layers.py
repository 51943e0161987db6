"""Pieces that networks for images share."""

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn


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


def convolution(inside: int, outside: int, side: int = 3, stride: int = 1, groups: int = 1) -> list[nn.Module]:
    """Convolution without bias, batch normalisation (which has one) and ReLU; `stride` 1 keeps the size."""
    return [
        nn.Conv2d(inside, outside, side, stride, padding=(side - 1) // 2, groups=groups, bias=False),
        nn.BatchNorm2d(outside),
        nn.ReLU(inplace=True),
    ]


class Head(nn.Module):
    """Global average pooling (B, C, H, W) → (B, C), dropout, and one number a class."""

    def __init__(self, channels: int, classes: int, dropout: float) -> None:
        super().__init__()
        self.dropout = nn.Dropout(dropout)
        self.linear = nn.Linear(channels, classes)

    def forward(self, features: Tensor) -> Tensor:
        scores: Tensor = self.linear(self.dropout(features.mean((2, 3))))
        return scores
