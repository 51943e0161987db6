"""A transformer that reads choices in their order.

Kang and McAuley 2018, Self-Attentive Sequential Recommendation, section III, with normalisation before each part.
"""

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from models.ranker import SPREAD, Ranker
from project.errors import UsageError


def build(settings: Any, facts: Mapping[str, Any]) -> nn.Module:
    """A `Ranker` with one vector an item. `settings`: width, dropout, window, layers, heads.

    Raises UsageError when heads do not divide the width.
    """
    if settings.width % settings.heads:
        raise UsageError(f"settings.heads is {settings.heads}: must divide settings.width, which is {settings.width}")
    return Ranker(settings, facts, Reader(settings))


class Reader(nn.Module):
    """Item vectors (B, L, width) → what is known after each of them: (B, L, width). L is at most `settings.window`."""

    def __init__(self, settings: Any) -> None:
        super().__init__()
        self.places = nn.Parameter(SPREAD * torch.randn(settings.window, settings.width))
        self.layers = nn.ModuleList(Layer(settings) for _ in range(settings.layers))
        self.norm = nn.LayerNorm(settings.width)
        self.dropout = nn.Dropout(settings.dropout)

    def forward(self, items: Tensor, known: Tensor) -> Tensor:
        state = self.dropout(items + self.places[: items.shape[1]])
        for layer in self.layers:
            state = layer(state)
        normed: Tensor = self.norm(state)
        return normed


class Layer(nn.Module):
    """Attention to oneself and what came before, then a network at each place; each added to what goes in.

    Padding comes last, so nothing that counts looks at it.
    """

    def __init__(self, settings: Any) -> None:
        super().__init__()
        width = settings.width
        self.heads = settings.heads
        self.before, self.between = nn.LayerNorm(width), nn.LayerNorm(width)
        self.mixed, self.out = nn.Linear(width, 3 * width), nn.Linear(width, width)
        self.each = nn.Sequential(nn.Linear(width, 2 * width), nn.GELU(), nn.Linear(2 * width, width))
        self.dropout = nn.Dropout(settings.dropout)

    def forward(self, state: Tensor) -> Tensor:
        state = state + self.dropout(self.out(self._attend(self.mixed(self.before(state)))))
        added: Tensor = state + self.dropout(self.each(self.between(state)))
        return added

    def _attend(self, mixed: Tensor) -> Tensor:
        batch, length, _ = mixed.shape
        asked, key, value = mixed.view(batch, length, 3, self.heads, -1).permute(2, 0, 3, 1, 4)  # (B, heads, L, …) each
        seen = functional.scaled_dot_product_attention(asked, key, value, is_causal=True)
        return seen.transpose(1, 2).reshape(batch, length, -1)
