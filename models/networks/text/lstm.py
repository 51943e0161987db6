"""Long short-term memory both ways over the words, the greatest value of each unit, and one linear layer.

Hochreiter and Schmidhuber 1997, Long Short-Term Memory; both ways as in Graves and Schmidhuber 2005.
"""

from collections.abc import Mapping
from typing import Any

from torch import Tensor, nn
from torch.nn.utils import rnn

from models import reading


class BothWays(nn.Module):
    def __init__(self, settings: Any, facts: Mapping[str, Any]) -> None:
        super().__init__()
        width = settings.width
        self.vectors = reading.Vectors(reading.words(facts), width, settings.dropout, settings.word_dropout)
        self.memory = nn.LSTM(width, width, batch_first=True, bidirectional=True)
        self.dropout = nn.Dropout(settings.dropout)
        self.linear = nn.Linear(2 * width, len(facts["classes"]))

    def forward(self, numbers: Tensor) -> Tensor:
        there = numbers != reading.NOTHING
        packed = rnn.pack_padded_sequence(
            self.vectors(numbers), there.sum(1).cpu(), batch_first=True, enforce_sorted=False
        )
        states, _ = rnn.pad_packed_sequence(self.memory(packed)[0], batch_first=True, total_length=numbers.shape[1])
        scores: Tensor = self.linear(self.dropout(reading.greatest(states, there)))
        return scores


def build(settings: Any, facts: Mapping[str, Any]) -> nn.Module:
    """Words (B, T) → one number a class (B, classes). `settings`: width, dropout, word_dropout."""
    return BothWays(settings, facts)
