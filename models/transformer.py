"""A transformer (Vaswani et al. 2017, Attention Is All You Need) that normalises before each part (Xiong et al. 2020,
On Layer Normalization in the Transformer Architecture, section 3), which needs no long warm-up.

B sequences of T places with C channels; S places of another sequence that is looked at.
"""

import math

import torch
from torch import Tensor, nn
from torch.nn import functional

HEAD_CHANNELS = 32
WIDER = 4  # the hidden layer of a block, in widths


class Attention(nn.Module):
    """Each place takes up what it finds in others, in several heads (section 3.2)."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.heads = max(1, width // HEAD_CHANNELS)
        self.query, self.key_value = nn.Linear(width, width), nn.Linear(width, 2 * width)
        self.out = nn.Linear(width, width)

    def forward(self, asking: Tensor, asked: Tensor, mask: Tensor | None = None, causal: bool = False) -> Tensor:
        """(B, T, C), (B, S, C), where `mask`, bool (B, S), says what may be looked at → (B, T, C)."""
        query = self._heads(self.query(asking))
        key, value = (self._heads(part) for part in self.key_value(asked).chunk(2, -1))
        seen = None if mask is None else mask[:, None, None]
        found = functional.scaled_dot_product_attention(query, key, value, seen, is_causal=causal)
        out: Tensor = self.out(found.transpose(1, 2).flatten(2))
        return out

    def _heads(self, values: Tensor) -> Tensor:
        return values.view(*values.shape[:2], self.heads, -1).transpose(1, 2)  # (B, heads, T, C / heads)


class Block(nn.Module):
    """Attention to the sequence itself, to another one when `across`, and a hidden layer; each is added."""

    def __init__(self, width: int, dropout: float, *, across: bool = False) -> None:
        super().__init__()
        self.norm, self.attention = nn.LayerNorm(width), Attention(width)
        self.across_norm = nn.LayerNorm(width) if across else None
        self.across = Attention(width) if across else None
        self.hidden = nn.Sequential(
            nn.LayerNorm(width),
            nn.Linear(width, WIDER * width),
            nn.ReLU(),
            nn.Dropout(dropout),
            nn.Linear(WIDER * width, width),
        )
        self.dropout = nn.Dropout(dropout)

    def forward(
        self, x: Tensor, mask: Tensor | None = None, other: Tensor | None = None, other_mask: Tensor | None = None
    ) -> Tensor:
        """(B, T, C). Without a `mask`, bool (B, T), no place sees those after it."""
        normal = self.norm(x)
        x = x + self.dropout(self.attention(normal, normal, mask, causal=mask is None))
        if self.across is not None and self.across_norm is not None and other is not None:
            x = x + self.dropout(self.across(self.across_norm(x), other, other_mask))
        out: Tensor = x + self.dropout(self.hidden(x))
        return out


def positions(length: int, width: int) -> Tensor:
    """Sines and cosines that tell places apart, float32 (length, width); section 3.5."""
    angles = torch.arange(length)[:, None] / 10_000 ** (torch.arange(0, width, 2) / width)
    return torch.stack([angles.sin(), angles.cos()], -1).flatten(1)[:, :width]


def placed(vectors: Tensor) -> Tensor:
    """Vectors of words (B, T, C) of length about 1, scaled (section 3.4), with their positions."""
    _, length, width = vectors.shape
    return vectors * math.sqrt(width) + positions(length, width).to(vectors)
