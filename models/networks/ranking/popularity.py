"""What most people chose, whatever this person did: the ranking that every other has to beat. Nothing is learnt."""

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn


def build(settings: Any, facts: Mapping[str, Any]) -> nn.Module:
    """Histories → the logarithm of how often each item was chosen in training, the same for all: (B, 1 + items)."""
    return Popularity(facts["learnt"]["counts"])


class Popularity(nn.Module):
    logarithms: Tensor

    def __init__(self, counts: list[int]) -> None:
        super().__init__()
        self.register_buffer("logarithms", torch.tensor([0.0, *counts]).clamp_min(1e-9).log())

    def forward(self, history: Tensor, length: Tensor) -> Tensor:
        return self.logarithms.expand(len(history), -1)
