"""Factors with a memory that fades: what was chosen last counts most, and how much each place back counts is learnt.

He and McAuley 2016, Fusing Similarity Models with Markov Chains for Sparse Sequential Recommendation, section IV, without
weights of each person's own. With few people it ranks far better than attention, which has to learn first what is near.
"""

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn

from models.ranker import Ranker, vectors


def build(settings: Any, facts: Mapping[str, Any]) -> nn.Module:
    """A `Ranker` whose items have one vector as choices and another as candidates. `settings`: width, dropout, window."""
    return Ranker(settings, facts, Fading(settings), vectors(facts, settings.width))


class Fading(nn.Module):
    """Item vectors (B, L, width) → after each item, a weighted sum so far: (B, L, width). L is at most the window.

    Weights start at 1 / (1 + places back) and stay positive; their squares sum to 1 at every place.
    """

    def __init__(self, settings: Any) -> None:
        super().__init__()
        self.logarithms = nn.Parameter(-torch.arange(1.0, settings.window + 1).log())
        self.dropout = nn.Dropout(settings.dropout)

    def forward(self, items: Tensor, known: Tensor) -> Tensor:
        place = torch.arange(items.shape[1], device=items.device)
        back = place[:, None] - place  # (L, L), below 0 for what comes later
        weights = torch.where(back >= 0, self.logarithms.exp()[back.clamp_min(0)], 0.0)
        state: Tensor = self.dropout(weights / weights.norm(dim=1, keepdim=True) @ items)
        return state
