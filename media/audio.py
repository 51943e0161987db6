"""Sounds as samples: any sound file becomes float32 in -1 to 1, at one rate.

channels     their mean
rate         changed by soxr (`media.waveform`) without a delay
length       the middle of a longer sound; silence on both sides of a shorter one
float files  divided by their peak when that is beyond full scale
"""

import functools
import math

import numpy as np

from media.operations import audio as audio_operations
from media.sample import Field
from media.waveform import fitted, resample, within_scale

OPERATIONS = audio_operations.OPERATIONS
FAINTEST = 1e-10
"""Below the quantisation noise of 16 bits in any band, so that silence has a logarithm."""
GRAIN = 2**-12
"""Of log energies, 0.001 dB: the last bits of a matrix product differ between processors, and samples must not."""


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


def log_mel(wave: np.ndarray, rate_hz: int, *, mels: int, window_ms: float, hop_ms: float) -> np.ndarray:
    """The energy in each of `mels` bands over time, as natural logarithms: float32 (mels, T), T = 1 + samples // hop.

    Frames are centred on every hop, with silence beyond the ends, under a Hann window; their power spectrum goes through
    `mel_bands`, and what lies below FAINTEST counts as that. Raises ValueError when a window holds too few samples.
    """
    window, hop = round(rate_hz * window_ms / 1000), round(rate_hz * hop_ms / 1000)
    if window < 2 or hop < 1:
        raise ValueError(f"window_ms (={window_ms:g}) and hop_ms (={hop_ms:g}) are too short at {rate_hz} Hz")
    padded = np.pad(wave.astype(np.float32), (window // 2, window - window // 2))
    frames = np.lib.stride_tricks.sliding_window_view(padded, window)[: len(wave) + 1 : hop]  # (T, window)
    power = np.square(np.abs(np.fft.rfft(frames * _hann(window), axis=1)))  # (T, bins)
    energies = np.log(np.maximum(mel_bands(rate_hz, window, mels) @ power.T, FAINTEST))
    return (np.rint(energies / GRAIN) * GRAIN).astype(np.float32)


@functools.lru_cache(maxsize=8)
def mel_bands(rate_hz: int, window: int, mels: int) -> np.ndarray:
    """Triangles that overlap by half, evenly spaced on the mel scale from 0 to half the rate: float32 (mels, bins).

    mel = 2595 log10(1 + f / 700), O'Shaughnessy 1987, Speech Communication, as HTK has it (HTK Book 3.4, section 5.4);
    every triangle has the height 1. Raises ValueError when bands are so narrow that one holds no bin.
    """
    bins_hz = np.arange(window // 2 + 1) * rate_hz / window
    edges_hz = from_mel(np.linspace(0, to_mel(rate_hz / 2), mels + 2))
    rising = (bins_hz - edges_hz[:-2, None]) / np.diff(edges_hz)[:-1, None]
    falling = (edges_hz[2:, None] - bins_hz) / np.diff(edges_hz)[1:, None]
    bands = np.maximum(0, np.minimum(rising, falling))
    if not bands.any(axis=1).all():
        raise ValueError(f"{mels} mel bands are too many for windows of {window} samples at {rate_hz} Hz")
    return bands.astype(np.float32)


def to_mel(hz: float) -> float:
    return 2595 * math.log10(1 + hz / 700)


def from_mel(mel: np.ndarray) -> np.ndarray:
    """Frequencies in Hz."""
    return 700 * (10 ** (mel / 2595) - 1)


@functools.lru_cache(maxsize=8)
def _hann(window: int) -> np.ndarray:
    return np.hanning(window + 1)[:-1].astype(np.float32)
