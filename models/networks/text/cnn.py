"""Convolutions over three, four and five words, the greatest value of each, and one linear layer.

Kim 2014, Convolutional Neural Networks for Sentence Classification, section 2, with random vectors.
"""

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from models import reading

SIDES = (3, 4, 5)  # words


class Convolutions(nn.Module):
    def __init__(self, settings: Any, facts: Mapping[str, Any]) -> None:
        super().__init__()
        width = settings.width
        self.vectors = reading.Vectors(reading.words(facts), width, settings.dropout, settings.word_dropout)
        self.kernels = nn.ModuleList(nn.Conv1d(width, width, side, padding=side // 2) for side in SIDES)
        self.dropout = nn.Dropout(settings.dropout)
        self.linear = nn.Linear(len(SIDES) * width, len(facts["classes"]))

    def forward(self, numbers: Tensor) -> Tensor:
        there = numbers != reading.NOTHING
        vectors = self.vectors(numbers).transpose(1, 2)  # (B, width, T)
        found = [functional.relu(kernel(vectors))[..., : numbers.shape[1]].transpose(1, 2) for kernel in self.kernels]
        scores: Tensor = self.linear(self.dropout(torch.cat([reading.greatest(each, there) for each in found], 1)))
        return scores


def build(settings: Any, facts: Mapping[str, Any]) -> nn.Module:
    """Words (B, T) → one number a class (B, classes). `settings`: width, dropout, word_dropout."""
    return Convolutions(settings, facts)
