"""Spectrograms as grey levels: where a tone lies, what a level is, and shapes."""

import numpy as np
import pytest
from sounds import tone

from media import spectrogram
from media.audio import log_mel

HOW = {"mels": 32, "window_ms": 32.0, "hop_ms": 10.0}


def levels(wave: np.ndarray) -> np.ndarray:
    return spectrogram.levels(wave, 8000, mels=32, window_ms=32, hop_ms=10)


def test_levels_are_decibels_in_steps() -> None:
    wave = tone(0.3)[:, 0]
    decibels = 10 / np.log(10) * log_mel(wave, 8000, mels=32, window_ms=32, hop_ms=10)
    back = levels(wave) * spectrogram.LEVEL_DB + spectrogram.QUIETEST_DB
    assert np.abs(back - decibels).max() <= spectrogram.LEVEL_DB / 2 + 1e-3
    audible = levels(wave)[:, 10] > 10
    louder = (levels(wave * 1.9)[:, 10].astype(int) - levels(wave)[:, 10])[audible]
    assert (
        audible.sum() > 20 and np.abs(louder * spectrogram.LEVEL_DB - 20 * np.log10(1.9)).max() <= spectrogram.LEVEL_DB
    )


def test_silence_is_black_and_full_scale_is_not_clipped() -> None:
    assert not levels(np.zeros(4000, np.float32)).any()
    assert levels(2 * tone(0.5)[:, 0]).max() < 255


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
