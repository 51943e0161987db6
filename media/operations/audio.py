"""Random variations of sounds. Each takes float32 (samples,) in -1 to 1 and gives the same; other fields pass through.

An amount of 0 changes nothing. `shift_ms` needs to know the rate: a recipe's read gives `rate_hz` beside `audio`,
which is stored only if its fields name it.
"""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from media.sample import Operation

Sample = Mapping[str, np.ndarray]
Change = Callable[[np.ndarray, np.random.Generator, Any], np.ndarray]
LOUDEST_DB, LONGEST_SHIFT_MS, FASTEST = 60.0, 60_000.0, 0.5
LOWEST_SNR_DB, HIGHEST_SNR_DB = -20.0, 100.0
SPEED_STEPS = 100
"""Speeds are drawn in steps of one in so many: the resampling filter is then short, and rarely a new one."""


def gain(audio: np.ndarray, draw: np.random.Generator, decibels: float) -> np.ndarray:
    """Louder or softer by up to `decibels`; what goes beyond full scale is clipped."""
    return _clipped(audio * np.float32(10 ** (draw.uniform(-decibels, decibels) / 20)))


def shift(audio: np.ndarray, draw: np.random.Generator, samples: float) -> np.ndarray:
    """Earlier or later by up to `samples`, with silence where nothing was."""
    by = round(draw.uniform(-samples, samples))
    moved = np.zeros_like(audio)
    if abs(by) < len(audio):
        moved[max(by, 0) : len(audio) + min(by, 0)] = audio[max(-by, 0) : len(audio) - max(by, 0)]
    return moved


def noise(audio: np.ndarray, draw: np.random.Generator, snr_db: tuple[float, float]) -> np.ndarray:
    """Add white noise at a signal-to-noise ratio drawn from `snr_db`. Silence stays silent: it has no ratio."""
    level = 10 ** (-draw.uniform(*snr_db) / 20) * np.sqrt(np.mean(np.square(audio, dtype=np.float64)))
    return _clipped(audio + draw.standard_normal(len(audio), np.float32) * np.float32(level))


def speed(audio: np.ndarray, draw: np.random.Generator, fraction: float) -> np.ndarray:
    """Faster or slower by up to `fraction`, pitch and all, about the middle. Ko et al. 2015, section 2."""
    from media.audio import fitted, resample

    most = round(fraction * SPEED_STEPS)
    steps = SPEED_STEPS + int(draw.integers(-most, most, endpoint=True))
    return fitted(resample(audio, steps, SPEED_STEPS), len(audio))


def _clipped(audio: np.ndarray) -> np.ndarray:
    return np.clip(audio, -1, 1, dtype=np.float32)


def _on_audio(change: Change) -> Callable[[Sample, np.random.Generator, Any], Sample]:
    return lambda sample, draw, amount: {**sample, "audio": change(sample["audio"], draw, amount)}


def _shift_ms(sample: Sample, draw: np.random.Generator, milliseconds: float) -> Sample:
    samples = milliseconds / 1000 * float(sample["rate_hz"])
    return {**sample, "audio": shift(sample["audio"], draw, samples)}


def _from_zero_to(most: float) -> Callable[[Any], float]:
    def check(value: Any) -> float:
        if not _is_number(value) or not 0 <= value <= most:
            raise ValueError(f"must be a number from 0 to {most:g}")
        return float(value)

    return check


def _ratios(value: Any) -> tuple[float, float]:
    """One ratio, or the lowest and the highest."""
    pair = [value, value] if _is_number(value) else value
    if not isinstance(pair, list | tuple) or len(pair) != 2 or not all(map(_is_number, pair)):
        raise ValueError("must be a number of decibels, or a list of the lowest and the highest")
    low, high = map(float, pair)
    if not LOWEST_SNR_DB <= low <= high <= HIGHEST_SNR_DB:
        raise ValueError(f"must be from {LOWEST_SNR_DB:g} to {HIGHEST_SNR_DB:g}, the lowest first")
    return low, high


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


OPERATIONS = (
    Operation("speed", "fraction, up or down, in steps of 0.01", _from_zero_to(FASTEST), _on_audio(speed)),
    Operation("shift_ms", "milliseconds, either way", _from_zero_to(LONGEST_SHIFT_MS), _shift_ms),
    Operation("gain_db", "decibels, up or down", _from_zero_to(LOUDEST_DB), _on_audio(gain)),
    Operation("noise_snr_db", "decibels of signal over noise: one, or lowest and highest", _ratios, _on_audio(noise)),
)
"""In the order in which they are applied."""
