"""Log-mel spectrograms as grey levels: white is the loudest place of a sound, and a level is LEVEL_DB.

How loud a recording is says little of what it is, so that is left out. Levels take a quarter of the space of floats,
their sums are exact in any order, and a level is well below what is heard.
"""

import numpy as np

from media.audio import FAINTEST, log_mel, samples
from media.sample import Field

LOUDEST, LEVEL_DB = 255, 0.3
"""Black is 76.5 dB below the loudest place, and less: most of that is noise of microphones."""


def levels(wave: np.ndarray, rate_hz: int, *, mels: int, window_ms: float, hop_ms: float) -> np.ndarray:
    """Of a sound (samples,), float32: uint8 (mels, T), the lowest band first, T = 1 + samples // hop; silence is black.

    Raises ValueError for a window that is too short for so many bands (`media.audio.log_mel`).
    """
    energies = log_mel(wave, rate_hz, mels=mels, window_ms=window_ms, hop_ms=hop_ms)
    faintest = np.log(np.float32(FAINTEST))
    loudest = energies.max(initial=faintest)
    below = 10 / np.log(10) / LEVEL_DB * (loudest - energies)
    steps = np.clip(LOUDEST - np.round(below), 0, LOUDEST)
    return np.where(loudest > faintest + 1e-3, steps, 0).astype(np.uint8)  # a float32 above the logarithm of silence


def picture(wave: np.ndarray, rate_hz: int, *, mels: int, window_ms: float, hop_ms: float) -> np.ndarray:
    """The levels as a picture of one channel: uint8 (1, mels, T), the highest band on top."""
    return levels(wave, rate_hz, mels=mels, window_ms=window_ms, hop_ms=hop_ms)[None, ::-1]


def picture_field(rate_hz: int, seconds: float, mels: int, hop_ms: float) -> Field:
    """The field that `picture` fills with a sound of that duration."""
    hop = max(1, round(rate_hz * hop_ms / 1000))
    return Field("uint8", (1, mels, 1 + samples(rate_hz, seconds) // hop))
