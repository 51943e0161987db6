"""Texts as samples: their bytes in UTF-8, each text as long as it is."""

import numpy as np

from media.sample import Field


def field() -> Field:
    """The field that `to_bytes` fills: uint8, (bytes,)."""
    return Field("uint8", (None,))


def to_bytes(text: str) -> np.ndarray:
    """A text as a sample holds it: uint8 (bytes,)."""
    return np.frombuffer(text.encode(), np.uint8)


def from_bytes(values: np.ndarray) -> str:
    """The text of `to_bytes`. Raises UnicodeDecodeError, a ValueError, when it is none."""
    return values.tobytes().decode()
