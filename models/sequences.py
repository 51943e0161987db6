"""Padded sequences: which places of a batch hold something."""

import torch
from torch import Tensor


def mask(lengths: Tensor, longest: int) -> Tensor:
    """True where a sequence goes on, bool (B, longest), for lengths (B,)."""
    return torch.arange(longest, device=lengths.device) < lengths[:, None]
