"""Sounds made on the spot."""

import io

import numpy as np
import soundfile


def tone(seconds: float = 0.5, *, rate_hz: int = 8000, pitch_hz: float = 440, channels: int = 1) -> np.ndarray:
    """A sine of half the full scale: float32 (frames, channels)."""
    wave = 0.5 * np.sin(2 * np.pi * pitch_hz * np.arange(round(seconds * rate_hz)) / rate_hz)
    return np.repeat(wave[:, None], channels, axis=1).astype(np.float32)


def encoded(wave: np.ndarray, kind: str = "WAV", coding: str | None = None, rate_hz: int = 8000) -> bytes:
    """The bytes of a sound file."""
    file = io.BytesIO()
    soundfile.write(file, wave, rate_hz, format=kind, subtype=coding)
    return file.getvalue()
