"""Sounds to look at: the waveform above, its spectrogram below, of the first seconds."""

import itertools
from collections.abc import Sequence
from pathlib import PurePosixPath

import numpy as np

from media import audio, sound, tiles
from media.sheets import Shown

SUFFIX = ".png"
WIDTH_PX, WAVE_PX, SPECTRUM_PX = 192, 40, 96
LONGEST_S = 20.0
"""More than that is told in the note below, and not decoded."""
RATE_HZ = 16_000
WINDOW = 512
"""Samples, 32 ms."""
RANGE_DB = 80.0
BLUE, PALE = (0, 114, 178), (244, 244, 244)


def draw(title: str, shown: Sequence[Shown]) -> bytes:
    """PNG; waveforms at -1 to 1, spectrograms at 0 to 8 kHz over 80 dB below the loudest; below: caption and duration."""
    return tiles.page(title, [_tile(each) for each in shown])


def _tile(each: Shown) -> tiles.Tile:
    wave = beginning(each.data)
    pixels = np.concatenate([waveform(wave), spectrogram(wave)])
    name = PurePosixPath(each.row["paths"][0]).name
    return tiles.Tile(pixels, each.caption, f"{each.row['duration_s']:.3g} s  {name}")


def beginning(data: bytes) -> np.ndarray:
    """The first seconds of a sound file as one channel at RATE_HZ: float32, (samples,)."""
    parts, frames = [], 0
    with sound.opened(data) as file:
        for piece in sound.pieces(file):
            parts.append(piece.mean(axis=1, dtype=np.float32))
            frames += len(piece)
            if frames >= LONGEST_S * file.samplerate:
                break
        rate_hz = file.samplerate
    wave = np.concatenate(parts)[: int(LONGEST_S * rate_hz)]
    return audio.resample(np.clip(wave, -1, 1), rate_hz, RATE_HZ)


def waveform(wave: np.ndarray) -> np.ndarray:
    """Each column from its lowest to its highest sample: uint8, (WAVE_PX, WIDTH_PX, 3)."""
    edges = np.linspace(0, len(wave), WIDTH_PX + 1).astype(int)
    spans = [wave[start : max(end, start + 1)] for start, end in itertools.pairwise(edges)]
    low, high = (np.array([pick(span) if len(span) else 0.0 for span in spans]) for pick in (np.min, np.max))
    heights = (np.arange(WAVE_PX)[:, None] - (WAVE_PX - 1) / 2) / (WAVE_PX / 2)  # -1 on top
    inside = (heights >= -high - 1 / WAVE_PX) & (heights <= -low + 1 / WAVE_PX)  # (WAVE_PX, WIDTH_PX)
    return np.where(inside[..., None], np.array(BLUE, np.uint8), np.array(PALE, np.uint8))


def spectrogram(wave: np.ndarray) -> np.ndarray:
    """Power by time and frequency, high frequencies on top: uint8, (SPECTRUM_PX, WIDTH_PX, 3)."""
    import matplotlib

    padded = np.pad(wave, (WINDOW // 2, max(WINDOW // 2, WINDOW - len(wave))))
    starts = np.linspace(0, len(padded) - WINDOW, WIDTH_PX).astype(int)
    frames = np.stack([padded[start : start + WINDOW] for start in starts]) * np.hanning(WINDOW)
    power = np.abs(np.fft.rfft(frames, axis=1))[:, : WINDOW // 2] ** 2  # (WIDTH_PX, WINDOW // 2)
    rows = np.array_split(np.arange(WINDOW // 2), SPECTRUM_PX)
    banded = np.stack([power[:, row].max(axis=1) for row in reversed(rows)])  # (SPECTRUM_PX, WIDTH_PX)
    level_db = 10 * np.log10(np.maximum(banded, 1e-12) / max(float(banded.max()), 1e-12))
    coloured = matplotlib.colormaps["magma"](np.clip(1 + level_db / RANGE_DB, 0, 1), bytes=True)
    return np.ascontiguousarray(coloured[..., :3])
