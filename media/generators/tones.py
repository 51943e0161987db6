"""One held note a file, as WAV: 16 bits, mono. Its label is its timbre.

Each timbre is a sum of sines below half the rate, so nothing folds back: https://en.wikipedia.org/wiki/Additive_synthesis
"""

import io
import wave
from typing import Annotated, Literal

import numpy as np
from pydantic import Field, model_validator

from project.source import Strict

KIND, SUFFIX = "audio", ".wav"
Timbre = Literal["sawtooth", "sine", "square", "triangle"]
FADE_S = 0.01
LEVEL = 0.5
"""The greatest amplitude of a note, before noise."""


class Settings(Strict):
    """Pitches are drawn evenly from lowest to highest as the ear hears them: by their logarithm."""

    rate_hz: Annotated[int, Field(ge=4000, le=192_000)] = 16_000
    duration_s: Annotated[float, Field(ge=0.05, le=60)] = 0.5
    lowest_hz: Annotated[float, Field(ge=20)] = 110.0
    highest_hz: Annotated[float, Field(ge=20)] = 880.0
    noise_db: Annotated[float, Field(ge=-120, le=0)] = -50.0
    """The level of white noise, against full scale."""
    timbres: Annotated[tuple[Timbre, ...], Field(min_length=1)] = ("sawtooth", "sine", "square", "triangle")

    @model_validator(mode="after")
    def _audible(self) -> "Settings":
        if not self.lowest_hz <= self.highest_hz < self.rate_hz / 2:
            raise ValueError(
                f"lowest_hz {self.lowest_hz:g} and highest_hz {self.highest_hz:g} must rise, and stay below "
                f"{self.rate_hz / 2:g}, half of rate_hz"
            )
        return self


def labels(settings: Settings) -> tuple[str, ...]:
    return settings.timbres


def make(draws: np.random.Generator, settings: Settings, label: str) -> bytes:
    """One note as a WAV file."""
    pitch_hz = float(np.exp(draws.uniform(np.log(settings.lowest_hz), np.log(settings.highest_hz))))
    count = round(settings.duration_s * settings.rate_hz)
    time_s = np.arange(count) / settings.rate_hz  # (count,)
    note = _note(time_s, pitch_hz, settings.rate_hz, label, phase=float(draws.uniform(0, 2 * np.pi)))
    faded = note * np.clip(np.minimum(time_s, time_s[::-1]) / FADE_S, 0, 1)
    noise = draws.standard_normal(count) * 10 ** (settings.noise_db / 20)
    samples = np.clip(np.rint((LEVEL * faded + noise) * 32_767), -32_768, 32_767).astype("<i2")
    return _wav(samples, settings.rate_hz)


def _note(time_s: np.ndarray, pitch_hz: float, rate_hz: int, timbre: str, phase: float) -> np.ndarray:
    """A sum of sines with its greatest value at 1: (count,)."""
    most = 1 if timbre == "sine" else int(rate_hz / 2 / pitch_hz)
    numbers = np.arange(1, most + 1, 1 if timbre == "sawtooth" else 2)
    turn = 2 * np.pi * pitch_hz * time_s + phase
    note = np.zeros_like(time_s)
    for number in numbers:
        shift = np.pi / 2 if timbre == "triangle" else 0.0  # cosines of odd numbers, by their squares
        note += np.sin(number * turn + shift) / (number**2 if timbre == "triangle" else number)
    return note / max(float(np.abs(note).max()), 1e-9)


def _wav(samples: np.ndarray, rate_hz: int) -> bytes:
    content = io.BytesIO()
    with wave.open(content, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(rate_hz)
        file.writeframes(samples.tobytes())
    return content.getvalue()
