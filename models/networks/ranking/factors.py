"""Matrix factorisation in which a person is the sum of what they chose, so that strangers can be served as well.

Paterek 2007, Improving regularized singular value decomposition for collaborative filtering, section 3.6 (NSVD1).
"""

from collections.abc import Mapping
from typing import Any

from torch import Tensor, nn

from models.ranker import Ranker, vectors


def build(settings: Any, facts: Mapping[str, Any]) -> nn.Module:
    """A `Ranker` whose items have one vector as choices and another as candidates. `settings`: width, dropout, window."""
    return Ranker(settings, facts, Sum(settings.dropout), vectors(facts, settings.width))


class Sum(nn.Module):
    """Item vectors (B, L, width) → after each item, the sum so far over the root of how many: (B, L, width)."""

    def __init__(self, dropout: float) -> None:
        super().__init__()
        self.dropout = nn.Dropout(dropout)

    def forward(self, items: Tensor, known: Tensor) -> Tensor:
        count = known.cumsum(1).clamp_min(1)[..., None]
        state: Tensor = self.dropout(items.cumsum(1) / count.sqrt())
        return state
