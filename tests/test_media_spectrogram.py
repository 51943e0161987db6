"""Spectrograms as grey levels: where a tone lies, what a level is, and shapes."""

import numpy as np
import pytest
from sounds import tone

from media import spectrogram
from media.audio import log_mel

HOW = {"mels": 32, "window_ms": 32.0, "hop_ms": 10.0}


def levels(wave: np.ndarray) -> np.ndarray:
    return spectrogram.levels(wave, 8000, mels=32, window_ms=32, hop_ms=10)


def test_levels_are_decibels_below_the_loudest_place() -> None:
    wave = tone(0.3)[:, 0]
    decibels = 10 / np.log(10) * log_mel(wave, 8000, mels=32, window_ms=32, hop_ms=10)
    below = decibels - decibels.max()
    steps = levels(wave).astype(int) - spectrogram.LOUDEST
    heard = below > -70
    assert (
        heard.sum() > 100
        and np.abs(steps * spectrogram.LEVEL_DB - below)[heard].max() <= spectrogram.LEVEL_DB / 2 + 1e-3
    )
    assert levels(wave).max() == spectrogram.LOUDEST


def test_loudness_is_left_out_and_silence_is_black() -> None:
    wave = tone(0.3)[:, 0]
    assert np.abs(levels(wave).astype(int) - levels(wave * 0.5)).max() <= 1
    assert not levels(np.zeros(4000, np.float32)).any()
    assert levels(np.zeros(0, np.float32)).shape == (32, 1)


def test_a_higher_tone_lies_higher_in_the_picture() -> None:
    rows = []
    for pitch_hz in (200, 900, 3000):
        picture = spectrogram.picture(tone(0.3, pitch_hz=pitch_hz)[:, 0], 8000, mels=32, window_ms=32, hop_ms=10)
        rows.append(int(picture[0, :, 15].argmax()))
    assert rows == sorted(rows, reverse=True) and len(set(rows)) == 3


@pytest.mark.parametrize(("seconds", "rate_hz", "hop_ms"), [(1.0, 8000, 10.0), (0.3, 22050, 23.2), (0.05, 4000, 8.0)])
def test_the_field_has_the_shape_of_the_picture(seconds: float, rate_hz: int, hop_ms: float) -> None:
    wave = np.zeros(max(1, round(seconds * rate_hz)), np.float32)
    picture = spectrogram.picture(wave, rate_hz, mels=8, window_ms=40, hop_ms=hop_ms)
    assert picture.shape == spectrogram.picture_field(rate_hz, seconds, 8, hop_ms).shape
    assert picture.dtype == np.uint8
