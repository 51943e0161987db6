"""Sounds to look at: the waveform above, its spectrogram below, of the first seconds."""

import math
from collections.abc import Sequence

import numpy as np

from media import sound, tiles
from media.catalog import Row
from media.sheets import Shown

SUFFIX = ".png"
WIDTH_PX, WAVE_PX, SPECTRUM_PX = 192, 40, 96
LONGEST_S = 20.0
"""What comes later is not drawn."""
WINDOW_S = 0.032
RANGE_DB = 80.0
BLUE, PALE = (0, 114, 178), (244, 244, 244)


def draw(title: str, shown: Sequence[Shown]) -> bytes:
    """PNG; waveforms as high as their peak, spectrograms to half the rate and 80 dB below the loudest."""
    return tiles.sheet(title, shown, seen)


def seen(data: bytes, row: Row) -> tuple[np.ndarray, str]:
    """uint8, (WAVE_PX + SPECTRUM_PX, WIDTH_PX, 3), and its duration, rate and peak."""
    wave, rate_hz = beginning(data)
    peak = float(np.abs(wave).max(initial=0.0))
    pixels = np.concatenate([waveform(wave / (peak or 1.0)), spectrogram(wave, round(rate_hz * WINDOW_S))])
    loudness = f"peak {round(20 * math.log10(peak))} dB" if peak else "silence"
    return pixels, f"{row['duration_s']:.3g} s, {rate_hz / 1000:.3g} kHz, {loudness}"


def beginning(data: bytes) -> tuple[np.ndarray, int]:
    """The first seconds of a sound file as one channel, float32, (samples,), and its rate in Hz."""
    parts, frames = [], 0
    with sound.opened(data) as file:
        most = int(LONGEST_S * file.samplerate)
        for piece in sound.pieces(file):
            parts.append(piece.mean(axis=1, dtype=np.float32))
            frames += len(piece)
            if frames >= most:
                break
        return np.concatenate(parts)[:most], file.samplerate


def waveform(wave: np.ndarray) -> np.ndarray:
    """Each column from its lowest to its highest sample: uint8, (WAVE_PX, WIDTH_PX, 3)."""
    starts = np.arange(WIDTH_PX) * len(wave) // WIDTH_PX
    low, high = np.minimum.reduceat(wave, starts), np.maximum.reduceat(wave, starts)
    heights = (np.arange(WAVE_PX)[:, None] - (WAVE_PX - 1) / 2) / (WAVE_PX / 2)  # -1 on top
    inside = (heights >= -high - 1 / WAVE_PX) & (heights <= -low + 1 / WAVE_PX)  # (WAVE_PX, WIDTH_PX)
    return np.where(inside[..., None], np.array(BLUE, np.uint8), np.array(PALE, np.uint8))


def spectrogram(wave: np.ndarray, window: int) -> np.ndarray:
    """Power by time and frequency, high ones on top: uint8, (SPECTRUM_PX, WIDTH_PX, 3). `window` is in samples."""
    import matplotlib

    padded = np.pad(wave, (window // 2, max(window // 2, window - len(wave))))
    starts = np.linspace(0, len(padded) - window, WIDTH_PX).astype(int)
    frames = np.stack([padded[start : start + window] for start in starts]) * np.hanning(window)
    power = np.abs(np.fft.rfft(frames, max(window, 2 * SPECTRUM_PX), axis=1)) ** 2  # (WIDTH_PX, frequencies)
    lowest = np.arange(SPECTRUM_PX) * power.shape[1] // SPECTRUM_PX
    banded = np.maximum.reduceat(power, lowest, axis=1).T[::-1]  # (SPECTRUM_PX, WIDTH_PX)
    level_db = 10 * np.log10(np.maximum(banded, 1e-20) / max(float(banded.max()), 1e-12))  # of silence -80 dB
    coloured = matplotlib.colormaps["magma"](np.clip(1 + level_db / RANGE_DB, 0, 1), bytes=True)
    return np.ascontiguousarray(coloured[..., :3])
