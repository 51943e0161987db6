"""Sounds as if heard in a room: made up, or measured by the studio. Both take float32 (samples,) and give the same.

The energy is kept; where that would exceed full scale, the sound is divided by its peak.
"""

import functools
from collections.abc import Sequence
from typing import Any

import numpy as np

from media.operations.amounts import span
from media.operations.files import ProjectFile, project_file
from media.waveform import within_scale

LONGEST_S = 10.0
DRY_DB = (0.0, 12.0)
"""How much louder the direct sound is than the room, between a far and a near microphone."""
DECAY = 3 * np.log(10)
"""RT60 is the time in which the energy falls by 60 dB, so the amplitude by exp(-DECAY)."""


def reverb(audio: np.ndarray, draw: np.random.Generator, rt60_s: tuple[float, float], rate_hz: float) -> np.ndarray:
    """Play in a room whose reverberation time is drawn from `rt60_s`.

    Its response is noise that decays exponentially, as late reverberation does: Polack 1993, Playing Billiards in the
    Concert Hall, section 2.
    """
    seconds = draw.uniform(*rt60_s)
    dry = 10 ** (draw.uniform(*DRY_DB) / 20)
    length = min(round(seconds * rate_hz), len(audio))
    if length < 1:
        return audio
    tail = draw.standard_normal(length) * np.exp(-DECAY * np.arange(length) / (seconds * rate_hz))
    return convolved(audio, np.concatenate([[dry], tail / np.sqrt(np.sum(tail**2))]))


def recorded(audio: np.ndarray, draw: np.random.Generator, files: Sequence[ProjectFile], rate_hz: float) -> np.ndarray:
    """Play through one of the impulse responses in `files`, from its loudest sample on, so that nothing is delayed."""
    return convolved(audio, _response(files[int(draw.integers(len(files)))], round(rate_hz)))


def convolved(audio: np.ndarray, response: np.ndarray) -> np.ndarray:
    """The sound through a filter (taps,), as long and with as much energy as before."""
    from scipy import signal

    wet = signal.fftconvolve(audio.astype(np.float64), response)[: len(audio)]
    before, after = np.sum(np.square(audio, dtype=np.float64)), np.sum(wet**2)
    return within_scale((wet * np.sqrt(before / after)).astype(np.float32)) if after > 0 else audio


@functools.lru_cache(maxsize=64)
def _response(file: ProjectFile, rate_hz: int) -> np.ndarray:
    from media.audio import whole

    wave = whole(file.read(), rate_hz)
    if not wave.any():
        raise ValueError(f"{file.path} is silent: an impulse response must hold a sound")
    return wave[int(np.abs(wave).argmax()) :]


def rt60(value: Any) -> tuple[float, float]:
    """A check for one time, which is then the longest, or the shortest and the longest."""
    return span(value, 0, LONGEST_S, "seconds", from_zero=True)


def responses(value: Any) -> tuple[ProjectFile, ...]:
    """A check for a list of sound files."""
    if not isinstance(value, list | tuple) or not value:
        raise ValueError("must be a list of sound files below the project")
    return tuple(project_file(each) for each in value)
