"""A transformer whose both halves, and its scores, share one table of vectors.

Vaswani et al. 2017, Attention Is All You Need, section 3.
"""

from collections.abc import Mapping
from typing import Any

from torch import nn

from models.translator import Translator


def build(settings: Any, facts: Mapping[str, Any]) -> nn.Module:
    """Pieces (B, S) and those written (B, T) → a score for each next piece (B, T, pieces).

    `settings`: width, layers, dropout, beams.
    """
    return Translator(facts["learnt"]["pieces"], settings)
