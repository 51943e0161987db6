"""Pieces that networks for words share. Words are numbers, int (B, T); 0 is none, 1 is unknown."""

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn

NOTHING, UNKNOWN, RESERVED = 0, 1, 2


def words(facts: Mapping[str, Any]) -> int:
    """How many numbers a word may have, with those of none and of the unknown."""
    return RESERVED + len(facts["learnt"]["words"])


class Vectors(nn.Module):
    """A vector for each word, learnt here: (B, T) → (B, T, width). While training, words become unknown at random, so
    that the vector of the unknown is learnt as well, and no single word decides (Iyyer et al. 2015, section 4)."""

    def __init__(self, count: int, width: int, dropout: float, word_dropout: float) -> None:
        super().__init__()
        self.table = nn.Embedding(count, width, padding_idx=NOTHING)
        nn.init.normal_(self.table.weight, std=width**-0.5)
        self.table.weight.data[NOTHING] = 0
        self.dropout = nn.Dropout(dropout)
        self.word_dropout = word_dropout

    def forward(self, numbers: Tensor) -> Tensor:
        return self.dropout(self.table(self.hidden(numbers)))

    def hidden(self, numbers: Tensor) -> Tensor:
        """The numbers, some of them unknown while training."""
        if not (self.training and self.word_dropout):
            return numbers.long()
        lost = (torch.rand(numbers.shape, device=numbers.device) < self.word_dropout) & (numbers != NOTHING)
        return numbers.long().masked_fill(lost, UNKNOWN)


def mean(vectors: Tensor, there: Tensor) -> Tensor:
    """The mean of the vectors (B, T, C) where `there` (B, T) is something: (B, C)."""
    weights = there.to(vectors.dtype)[..., None]
    return (vectors * weights).sum(1) / weights.sum(1).clamp_min(1)


def greatest(vectors: Tensor, there: Tensor) -> Tensor:
    """The greatest value of each channel where there is something: (B, T, C), (B, T) → (B, C)."""
    return vectors.masked_fill(~there[..., None], float("-inf")).amax(1)
