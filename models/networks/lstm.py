"""A recurrent network: convolutions, then long short-term memory both ways along the width, which is time in sounds.

Hochreiter and Schmidhuber 1997, Long Short-Term Memory; both ways as in Graves and Schmidhuber 2005.
"""

from collections.abc import Mapping
from typing import Any

from torch import nn

from models import recurrent


def build(settings: Any, facts: Mapping[str, Any]) -> nn.Module:
    """Images (B, C, H, W) → one number a class (B, classes). `settings`: width, dropout."""
    return recurrent.classifier(nn.LSTM, settings, facts)
