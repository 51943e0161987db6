"""A recurrent network: convolutions, then gated recurrent units both ways along the width, which is time in sounds.

Cho et al. 2014, Learning Phrase Representations using RNN Encoder–Decoder, section 2.3.
"""

from collections.abc import Mapping
from typing import Any

from torch import nn

from models import recurrent


def build(settings: Any, facts: Mapping[str, Any]) -> nn.Module:
    """Images (B, C, H, W) → one number a class (B, classes). `settings`: width, dropout."""
    return recurrent.classifier(nn.GRU, settings, facts)
