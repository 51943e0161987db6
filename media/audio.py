"""Sounds as samples: any sound file becomes float32 in -1 to 1, at one rate.

channels     their mean
rate         changed by a polyphase filter (Kaiser window, 10 zero crossings a side) without a delay
length       the middle of a longer sound; silence on both sides of a shorter one
float files  divided by their peak when that is beyond full scale
"""

import functools
from math import gcd
from typing import Any

import numpy as np

from media.operations import audio as audio_operations
from media.sample import Field

OPERATIONS = audio_operations.OPERATIONS
ZERO_CROSSINGS = 10
KAISER_BETA = 5.0


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
    return resample(_within_scale(wave), found_hz, rate_hz)


def resample(wave: np.ndarray, from_hz: int, to_hz: int) -> np.ndarray:
    """Change the rate of (samples,), float32; what lies above half the lower rate is filtered out."""
    if from_hz == to_hz or not len(wave):
        return wave
    from scipy import signal

    common = gcd(from_hz, to_hz)
    up, down = to_hz // common, from_hz // common
    changed = signal.resample_poly(wave, up, down, window=_low_pass(up, down))
    return np.clip(changed, -1, 1, dtype=np.float32)  # a steep edge rings a little beyond its peak


def fitted(wave: np.ndarray, length: int) -> np.ndarray:
    """The middle `length` samples, or all of them with silence on both sides."""
    start = (len(wave) - length) // 2
    if start >= 0:
        return np.ascontiguousarray(wave[start : start + length])
    filled = np.zeros(length, wave.dtype)
    filled[-start : len(wave) - start] = wave
    return filled


def _within_scale(wave: np.ndarray) -> np.ndarray:
    peak = np.abs(wave).max(initial=0.0)
    return wave / peak if peak > 1 else wave


@functools.lru_cache(maxsize=16)
def _low_pass(up: int, down: int) -> Any:
    """The filter's coefficients in float32, which also keeps the result in float32."""
    from scipy import signal

    slower = max(up, down)
    half = ZERO_CROSSINGS * slower
    return signal.firwin(2 * half + 1, 1 / slower, window=("kaiser", KAISER_BETA)).astype(np.float32)
