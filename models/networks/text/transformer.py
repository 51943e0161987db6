"""A transformer over the words, the mean of what it finds, and one linear layer.

Vaswani et al. 2017, Attention Is All You Need, section 3.1.
"""

from collections.abc import Mapping
from typing import Any

from torch import Tensor, nn

from models import reading, transformer

LAYERS = 2


class Encoder(nn.Module):
    def __init__(self, settings: Any, facts: Mapping[str, Any]) -> None:
        super().__init__()
        width, dropout = settings.width, settings.dropout
        self.vectors = reading.Vectors(reading.words(facts), width, dropout, settings.word_dropout)
        self.blocks = nn.ModuleList(transformer.Block(width, dropout) for _ in range(LAYERS))
        self.norm, self.dropout = nn.LayerNorm(width), nn.Dropout(dropout)
        self.linear = nn.Linear(width, len(facts["classes"]))

    def forward(self, numbers: Tensor) -> Tensor:
        there = numbers != reading.NOTHING
        found = transformer.placed(self.vectors(numbers))
        for block in self.blocks:
            found = block(found, there)
        scores: Tensor = self.linear(self.dropout(reading.mean(self.norm(found), there)))
        return scores


def build(settings: Any, facts: Mapping[str, Any]) -> nn.Module:
    """Words (B, T) → one number a class (B, classes). `settings`: width, dropout, word_dropout."""
    return Encoder(settings, facts)
