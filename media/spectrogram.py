"""Log-mel spectrograms as grey levels: a level is LEVEL_DB, and 0 is QUIETEST_DB of a band's energy.

Levels take a quarter of the space of floats, their sums are exact in any order, and a level is well below what is heard.
"""

import numpy as np

from media.audio import log_mel, samples
from media.sample import Field

QUIETEST_DB, LEVEL_DB = -100.0, 0.6
"""From silence (`media.audio.FAINTEST`) to 53 dB, above which no window of up to 1,024 samples comes in one band."""


def levels(wave: np.ndarray, rate_hz: int, *, mels: int, window_ms: float, hop_ms: float) -> np.ndarray:
    """Of a sound (samples,), float32: uint8 (mels, T), the lowest band first, T = 1 + samples // hop.

    Raises ValueError for a window that is too short for so many bands (`media.audio.log_mel`).
    """
    decibels = 10 / np.log(10) * log_mel(wave, rate_hz, mels=mels, window_ms=window_ms, hop_ms=hop_ms)
    return np.clip(np.round((decibels - QUIETEST_DB) / LEVEL_DB), 0, 255).astype(np.uint8)


def picture(wave: np.ndarray, rate_hz: int, *, mels: int, window_ms: float, hop_ms: float) -> np.ndarray:
    """The levels as a picture of one channel: uint8 (1, mels, T), the highest band on top."""
    return levels(wave, rate_hz, mels=mels, window_ms=window_ms, hop_ms=hop_ms)[None, ::-1]


def picture_field(rate_hz: int, seconds: float, mels: int, hop_ms: float) -> Field:
    """The field that `picture` fills with a sound of that duration."""
    hop = max(1, round(rate_hz * hop_ms / 1000))
    return Field("uint8", (1, mels, 1 + samples(rate_hz, seconds) // hop))
