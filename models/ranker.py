"""What rankings that learn share: each item has a vector, and what a person did so far becomes one of the same width.

An item's score is the product of both, and a bias that starts at how popular it is.
"""

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn

SPREAD = 0.05
"""Of first vectors: products then say little, and the first ranking is the one by popularity."""
NEVER = -30.0
"""The score of no item."""


def vectors(facts: Mapping[str, Any], width: int) -> nn.Embedding:
    """A vector for each item, (1 + items, width); that of no item is 0, and stays so."""
    items = nn.Embedding(1 + len(facts["learnt"]["items"]), width, padding_idx=0)
    with torch.no_grad():
        items.weight[1:].normal_(std=SPREAD)
    return items


class Ranker(nn.Module):
    """Histories → scores. `reader` makes of vectors (B, L, width), and where they are known (B, L), a state after each
    item: (B, L, width). Items have the same vectors as candidates unless they are given others."""

    def __init__(
        self, settings: Any, facts: Mapping[str, Any], reader: nn.Module, candidates: nn.Embedding | None = None
    ) -> None:
        super().__init__()
        self.window = settings.window
        self.chosen = vectors(facts, settings.width)
        self.own = candidates
        self.reader = reader
        counts = torch.tensor([0.0, *facts["learnt"]["counts"]])
        prior = settings.popularity * (counts / counts.sum().clamp_min(1)).clamp_min(1e-9).log()
        self.bias = nn.Parameter(torch.cat([torch.tensor([NEVER]), prior[1:]]))

    @property
    def candidates(self) -> nn.Embedding:
        """The vectors of items as candidates."""
        return self.chosen if self.own is None else self.own

    def forward(self, history: Tensor, length: Tensor) -> Tensor:
        """The score of every item after all of a history: (B, 1 + items)."""
        scores: Tensor = self.last(history, length) @ self.candidates.weight.T + self.bias
        return scores

    def last(self, history: Tensor, length: Tensor) -> Tensor:
        """What is known after all of a history, (B, width); 0 after none, so that popularity decides."""
        recent = window(history, length, self.window)
        end = length.clamp_max(self.window).sub(1).clamp_min(0)
        state = self.states(recent)[torch.arange(len(recent), device=recent.device), end]
        return state * (length > 0)[:, None]

    def states(self, history: Tensor) -> Tensor:
        """What is known after each item of (B, L), L being at most the window."""
        state: Tensor = self.reader(self.chosen(history), history > 0)
        return state

    def scores_of(self, states: Tensor, items: Tensor) -> Tensor:
        """The scores (N, K) after states (N, width) of items: K for all (K,), or for each its own (N, K)."""
        products = "nw,kw->nk" if items.ndim == 1 else "nw,nkw->nk"
        return torch.einsum(products, states, self.candidates(items)) + self.bias[items]


def window(values: Tensor, length: Tensor, size: int, back: Tensor | int = 0) -> Tensor:
    """The `size` values of each row of (B, L) that end `back` places before its end; zeros after them, (B, size)."""
    end = (length - back)[:, None]
    place = (end - size).clamp_min(0) + torch.arange(size, device=values.device)
    if values.shape[1] == 0:
        return values.new_zeros((len(values), size)).long()
    taken = values.long().gather(1, place.clamp_max(values.shape[1] - 1))
    return taken * (place < end)
