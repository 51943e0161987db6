"""The mean of the vectors of all words, pairs and triples of words, and one linear layer.

Joulin et al. 2016, Bag of Tricks for Efficient Text Classification, section 2: n-grams share vectors by their hash.
"""

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn

from models import reading

LONGEST = 3  # words of an n-gram
HASHES = 1 << 16
FACTOR = 1_000_003  # a prime: sums of its powers spread well over a power of two


class Ngrams(nn.Module):
    def __init__(self, settings: Any, facts: Mapping[str, Any]) -> None:
        super().__init__()
        words = reading.words(facts)
        self.words = words
        self.vectors = reading.Vectors(words + HASHES, settings.width, settings.dropout, settings.word_dropout)
        self.linear = nn.Linear(settings.width, len(facts["classes"]))

    def forward(self, numbers: Tensor) -> Tensor:
        seen = self.vectors.hidden(numbers)
        every = torch.cat([seen, *(self.words + hashes(seen, length) for length in range(2, LONGEST + 1))], 1)
        there = torch.cat([seen != 0, *(seen[:, length - 1 :] != 0 for length in range(2, LONGEST + 1))], 1)
        vectors = self.vectors.dropout(self.vectors.table(every * there))
        scores: Tensor = self.linear(reading.mean(vectors, there))
        return scores


def hashes(numbers: Tensor, length: int) -> Tensor:
    """The hash of each run of `length` words, int64 (B, T - length + 1), from 0 to HASHES - 1."""
    count = max(0, numbers.shape[1] - length + 1)
    total = torch.zeros_like(numbers[:, :count])
    for place in range(length):
        total = total * FACTOR + numbers[:, place : place + count]
    return (total ^ (total >> 16)) % HASHES


def build(settings: Any, facts: Mapping[str, Any]) -> nn.Module:
    """Words (B, T) → one number a class (B, classes). `settings`: width, dropout, word_dropout."""
    return Ngrams(settings, facts)
