"""Random variations of sounds. Each takes float32 (samples,) in -1 to 1 and gives the same; other fields pass through.

An amount of 0 changes nothing. Gain and noise are clipped at full scale, as a recorder does; what is meant to sound as
loud as before (pitch, rooms) is divided by its peak instead. `shift_ms`, `pitch_semitones` and rooms need to know the
rate: a recipe's read gives `rate_hz` beside `audio`, which is stored only if its fields name it.
"""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from media.operations import room
from media.operations.amounts import from_zero_to, span
from media.phase_vocoder import stretched
from media.sample import Operation
from media.waveform import fitted, resample, within_scale

Sample = Mapping[str, np.ndarray]
Change = Callable[[np.ndarray, np.random.Generator, Any], np.ndarray]
TimedChange = Callable[[np.ndarray, np.random.Generator, Any, float], np.ndarray]
LOUDEST_DB, LONGEST_SHIFT_MS, FASTEST, HIGHEST_SEMITONES = 60.0, 60_000.0, 0.5, 24.0
LOWEST_SNR_DB, HIGHEST_SNR_DB = -20.0, 100.0
PITCH_FRAME_S = 0.064
"""Three periods of 47 Hz."""


def gain(audio: np.ndarray, draw: np.random.Generator, decibels: float) -> np.ndarray:
    """Louder or softer by up to `decibels`; what goes beyond full scale is clipped."""
    return _clipped(audio * np.float32(10 ** (draw.uniform(-decibels, decibels) / 20)))


def shift(audio: np.ndarray, draw: np.random.Generator, milliseconds: float, rate_hz: float) -> np.ndarray:
    """Earlier or later by up to so much, with silence where nothing was."""
    samples = milliseconds / 1000 * rate_hz
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
    return fitted(resample(audio, 1 + draw.uniform(-fraction, fraction), 1), len(audio))


def pitch(audio: np.ndarray, draw: np.random.Generator, semitones: float, rate_hz: float) -> np.ndarray:
    """Higher or lower by up to `semitones` in the same time: stretched by a phase vocoder, then resampled back."""
    factor = 2 ** (draw.uniform(-semitones, semitones) / 12)
    if factor == 1:
        return audio
    longer = within_scale(stretched(audio, factor, round(PITCH_FRAME_S * rate_hz)))
    return fitted(resample(longer, factor, 1), len(audio))


def _clipped(audio: np.ndarray) -> np.ndarray:
    return np.clip(audio, -1, 1, dtype=np.float32)


def _on_audio(change: Change) -> Callable[[Sample, np.random.Generator, Any], Sample]:
    return lambda sample, draw, amount: {**sample, "audio": change(sample["audio"], draw, amount)}


def _timed(change: TimedChange) -> Callable[[Sample, np.random.Generator, Any], Sample]:
    def apply(sample: Sample, draw: np.random.Generator, amount: Any) -> Sample:
        return {**sample, "audio": change(sample["audio"], draw, amount, float(sample["rate_hz"]))}

    return apply


def _ratios(value: Any) -> tuple[float, float]:
    return span(value, LOWEST_SNR_DB, HIGHEST_SNR_DB, "decibels")


OPERATIONS = (
    Operation("speed", "fraction, up or down", from_zero_to(FASTEST), _on_audio(speed)),
    Operation("pitch_semitones", "semitones, up or down", from_zero_to(HIGHEST_SEMITONES), _timed(pitch)),
    Operation("shift_ms", "milliseconds, either way", from_zero_to(LONGEST_SHIFT_MS), _timed(shift)),
    Operation("reverb_rt60_s", "seconds to fall by 60 dB: the longest, or shortest and longest", room.rt60,
              _timed(room.reverb)),
    Operation("impulse_responses", "sound files below the project, one of which is drawn", room.responses,
              _timed(room.recorded), files=tuple),
    Operation("gain_db", "decibels, up or down", from_zero_to(LOUDEST_DB), _on_audio(gain)),
    Operation("noise_snr_db", "decibels of signal over noise: one, or lowest and highest", _ratios, _on_audio(noise)),
)  # fmt: skip
"""In the order in which they are applied."""
