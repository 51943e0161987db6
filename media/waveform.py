"""One channel of sound as an array: its rate, its length and its range. All arrays are float32, (samples,)."""

import numpy as np

QUALITY = "HQ"
"""soxr's grade of 20 bits: linear phase, passband to 0.913 of half the lower rate, what folds back lies below -120 dB."""


def resample(wave: np.ndarray, from_hz: float, to_hz: float) -> np.ndarray:
    """The same sound at another rate, by soxr; what lies above half the lower rate is filtered out.

    The result has round(samples × to_hz / from_hz) samples and no delay. It is the same, bit for bit, however a sound is
    cut into pieces for soxr's stream. A steep edge rings a little beyond its peak, and is clipped at full scale.
    """
    if from_hz == to_hz or not len(wave):
        return wave
    import soxr

    return np.clip(soxr.resample(wave, from_hz, to_hz, quality=QUALITY), -1, 1, dtype=np.float32)


def fitted(wave: np.ndarray, length: int) -> np.ndarray:
    """The middle `length` samples, or all of them with silence on both sides."""
    start = (len(wave) - length) // 2
    if start >= 0:
        return np.ascontiguousarray(wave[start : start + length])
    filled = np.zeros(length, wave.dtype)
    filled[-start : len(wave) - start] = wave
    return filled


def within_scale(wave: np.ndarray) -> np.ndarray:
    """The sound divided by its peak where that is beyond full scale, else as it is."""
    peak = np.abs(wave).max(initial=0.0)
    return wave / peak if peak > 1 else wave
