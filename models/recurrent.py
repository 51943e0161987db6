"""Recurrent layers over the columns of a picture."""

import math
from collections.abc import Mapping
from typing import Any

from torch import Tensor, nn

from models import layers


class BothWays(nn.Module):
    """One recurrent layer in each direction along the width: (B, C, H, W) → (B, 2 × hidden, 1, W)."""

    def __init__(self, cell: type[nn.GRU] | type[nn.LSTM], inside: int, hidden: int) -> None:
        super().__init__()
        self.cell = cell(inside, hidden, batch_first=True, bidirectional=True)

    def forward(self, features: Tensor) -> Tensor:
        columns = features.flatten(1, 2).transpose(1, 2)  # (B, W, C × H)
        outputs, _ = self.cell(columns)
        turned: Tensor = outputs.transpose(1, 2)[:, :, None]
        return turned


def classifier(cell: type[nn.GRU] | type[nn.LSTM], settings: Any, facts: Mapping[str, Any]) -> nn.Module:
    """Two convolutions that halve height and width, `cell` both ways along the width, and the mean over it.

    `settings`: width, the channels of the first layer; there are four times as many units each way.
    """
    channels, height, _ = facts["fields"]["image"]["shape"]
    width = settings.width
    parts = [layers.Normalise(facts), *layers.convolution(channels, width, stride=2)]
    parts += layers.convolution(width, width, stride=2)
    parts += [BothWays(cell, width * math.ceil(height / 4), 4 * width)]
    return layers.sequence([*parts, layers.Head(8 * width, len(facts["classes"]), settings.dropout)])
