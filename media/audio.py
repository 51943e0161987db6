"""Sounds as samples: any sound file becomes float32 in -1 to 1, at one rate.

channels     their mean
rate         changed by soxr (`media.waveform`) without a delay
length       the middle of a longer sound; silence on both sides of a shorter one
float files  divided by their peak when that is beyond full scale
"""

import numpy as np

from media.operations import audio as audio_operations
from media.sample import Field
from media.waveform import fitted, resample, within_scale

OPERATIONS = audio_operations.OPERATIONS


def field(rate_hz: int, seconds: float) -> Field:
    """The field that `mono` fills: float32, (samples,)."""
    return Field("float32", (samples(rate_hz, seconds),))


def samples(rate_hz: int, seconds: float) -> int:
    """How many samples that duration has at that rate, at least one."""
    return max(1, round(rate_hz * seconds))


def mono(data: bytes, rate_hz: int, seconds: float) -> np.ndarray:
    """A sound file as one channel of a fixed length: float32, (samples,).

    Raises `sound.Unreadable`, a ValueError, for a file that ingest would not admit.
    """
    return fitted(whole(data, rate_hz), samples(rate_hz, seconds))


def whole(data: bytes, rate_hz: int) -> np.ndarray:
    """A sound file as one channel of its own length: float32, (samples,). Raises `sound.Unreadable`."""
    from media import sound

    with sound.opened(data) as file:
        parts = [piece.mean(axis=1, dtype=np.float32) for piece in sound.pieces(file)]
        found_hz = file.samplerate
    wave = np.concatenate(parts) if parts else np.zeros(0, np.float32)
    return resample(within_scale(wave), found_hz, rate_hz)
