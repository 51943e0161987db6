"""Sounds: what a probe finds and refuses, how they become samples, and what every random variation keeps."""

import struct
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sounds import encoded, tone

from media import audio, draws, sound
from media.probes import audio as prober
from media.sample import Operation

every_operation = pytest.mark.parametrize("operation", audio.OPERATIONS, ids=lambda operation: operation.key)
LARGEST: dict[str, Any] = {"speed": 0.5, "shift_ms": 300, "gain_db": 60, "noise_snr_db": [-20, 100]}


@pytest.mark.parametrize(
    ("kind", "coding", "known_as"),
    [
        ("WAV", "PCM_16", "WAV"), ("WAV", "PCM_U8", "WAV"), ("WAV", "PCM_24", "WAV"), ("WAV", "PCM_32", "WAV"),
        ("WAV", "FLOAT", "WAV"), ("WAV", "DOUBLE", "WAV"), ("WAV", "ULAW", "WAV"), ("WAV", "ALAW", "WAV"),
        ("WAVEX", "PCM_24", "WAV"), ("RF64", "FLOAT", "RF64"), ("AIFF", "PCM_16", "AIFF"), ("AIFF", "FLOAT", "AIFF"),
        ("FLAC", "PCM_16", "FLAC"), ("FLAC", "PCM_24", "FLAC"), ("OGG", "VORBIS", "OGG"), ("OGG", "OPUS", "OGG"),
        ("MP3", "MPEG_LAYER_III", "MP3"),
    ],
)  # fmt: skip
def test_what_a_sound_is_and_that_it_becomes_the_same_samples(kind: str, coding: str, known_as: str) -> None:
    data = encoded(tone(1.0, channels=2), kind, coding)
    found = prober.probe(data)
    del found["fingerprint"]
    assert found == {
        "format": known_as, "mode": coding, "rate_hz": 8000, "channels": 2, "duration_s": 1.0, "signals": [],
    }  # fmt: skip
    wave = audio.mono(data, 8000, 1.0)
    assert (wave.shape, str(wave.dtype)) == (audio.field(8000, 1.0).shape, "float32")
    inside = slice(400, -400)  # a lossy coder rings at the ends
    assert np.abs(wave[inside] - tone(1.0)[inside, 0]).max() < 0.06


@pytest.mark.parametrize(
    ("wave", "signals"),
    [
        (np.zeros((400, 1), np.float32), ["silence"]),
        (tone() * 8, ["beyond full scale"]),
        (tone(), []),
    ],
)
def test_what_is_odd_is_noted(wave: np.ndarray, signals: list[str]) -> None:
    assert prober.probe(encoded(wave, coding="FLOAT"))["signals"] == signals


def patched(data: bytes, place: int, layout: str, value: int) -> bytes:
    return data[:place] + struct.pack(layout, value) + data[place + struct.calcsize(layout) :]


WAVE = encoded(tone())
NOT_FINITE = tone()
NOT_FINITE[777] = np.nan


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "an empty file"),
        (b"not a sound at all", "not a sound in a known format (WAV, RF64, FLAC, OGG, MP3, AIFF)"),
        (b"\0" * 100 + WAVE, "not a sound in a known format"),
        (encoded(tone(), "CAF"), "format CAF is not read; known: WAV"),
        (WAVE[:-1001], "cut short: its header promises 8,000 bytes of sound, 6,999 are there"),
        (WAVE[:44], "cut short: its header promises 8,000 bytes of sound, 0 are there"),
        (WAVE[:30], "damaged: "),
        (encoded(tone(), "RF64")[:-9], "cut short: its header promises 8,000 bytes of sound, 7,991"),
        (encoded(tone(), "AIFF")[:-99], "cut short: its header promises 8,008 bytes of sound, 7,909"),
        (encoded(tone(), "FLAC")[:-99], "damaged: flac decoder lost sync"),
        (encoded(tone(9), "OGG")[:-99], "cut short: its last Ogg page is not whole"),
        (encoded(tone(9), "MP3")[:-999], "cut short: its header promises "),
        (patched(WAVE, 40, "<I", 0), "its header says that it holds no samples"),
        (patched(WAVE, 24, "<I", 0), "damaged: its header gives no rate"),
        (patched(WAVE, 24, "<I", 2**31 - 1), "its header says 2,147,483,647 Hz; rates from 1,000 to 768,000 are read"),
        (patched(WAVE, 24, "<I", 8), "its header says 8 Hz; rates from"),
        (patched(WAVE, 20, "<H", 0x7A21), "its codec, WAVE format tag 0x7A21, is not read; convert it to PCM"),
        (encoded(NOT_FINITE, coding="FLOAT"), "holds samples that are no numbers (NaN or infinite), in the first"),
        (encoded(np.full((9, 1), np.inf), coding="DOUBLE"), "holds samples that are no numbers"),
    ],
)
def test_a_bad_sound_is_refused_with_a_true_reason(data: bytes, reason: str) -> None:
    assert prober.probe(data)["reason"].startswith(reason)


@pytest.mark.parametrize(
    "data",
    [
        patched(patched(WAVE, 4, "<I", 0xFFFF_FFFF), 40, "<I", 0xFFFF_FFFF),
        patched(WAVE, 4, "<I", 10),
        WAVE + b"garbage" * 100,
        encoded(tone(9), "OGG") + b"garbage",
    ],
)
def test_a_header_written_before_the_end_was_known_is_no_fault(data: bytes) -> None:
    assert "reason" not in prober.probe(data)


@settings(max_examples=60, deadline=None)
@given(kind=st.sampled_from(["WAV", "RF64", "AIFF", "FLAC", "OGG", "MP3"]), cut=st.floats(0, 0.999), data=st.data())
def test_any_cut_or_scratched_sound_gets_an_answer(kind: str, cut: float, data: st.DataObject) -> None:
    whole = bytearray(encoded(tone(0.2), kind))
    for _ in range(data.draw(st.integers(0, 6))):
        whole[data.draw(st.integers(0, min(60, len(whole) - 1)))] = data.draw(st.integers(0, 255))
    found = prober.probe(bytes(whole[: round(cut * len(whole))]))
    assert ("reason" in found) != ("rate_hz" in found)


def test_a_long_sound_is_read_in_pieces() -> None:
    wave = tone(80, channels=2)
    with sound.opened(encoded(wave)) as file:
        sizes = [len(piece) for piece in sound.pieces(file)]
    assert sum(sizes) == len(wave) and len(sizes) > 4 and max(sizes) * 2 <= sound.PIECE_VALUES


@pytest.mark.parametrize("channels", [1, 2, 5, 8])
def test_channels_are_averaged(channels: int) -> None:
    wave = tone(channels=channels) * np.linspace(0, 1, channels, dtype=np.float32)
    mixed = audio.whole(encoded(wave, coding="FLOAT"), 8000)
    assert mixed == pytest.approx(wave.mean(axis=1), abs=1e-6)


def test_samples_beyond_full_scale_are_divided_by_the_peak() -> None:
    wave = audio.whole(encoded(tone() * 9000, coding="FLOAT"), 8000)
    assert np.abs(wave).max() == 1
    assert wave == pytest.approx(tone()[:, 0] / np.abs(tone()).max(), abs=1e-6)


@pytest.mark.parametrize(("from_hz", "to_hz"), [(44_100, 16_000), (8_000, 16_000), (48_000, 44_100), (35_467, 8_000)])
def test_resampling_keeps_a_tone_in_its_place(from_hz: int, to_hz: int) -> None:
    wave = audio.resample(tone(1.0, rate_hz=from_hz)[:, 0], from_hz, to_hz)
    assert len(wave) == pytest.approx(to_hz, abs=1) and wave.dtype == np.float32
    expected = tone(1.0, rate_hz=to_hz)[: len(wave), 0]
    assert np.abs(wave - expected)[200:-200].max() < 2e-3


def test_resampling_removes_what_the_lower_rate_cannot_hold() -> None:
    high = audio.resample(tone(1.0, rate_hz=48_000, pitch_hz=7000)[:, 0], 48_000, 8_000)
    assert np.abs(high[200:-200]).max() < 2e-3


def test_length_is_taken_from_the_middle_and_filled_on_both_sides() -> None:
    wave = np.arange(1, 6, dtype=np.float32)
    assert audio.fitted(wave, 3).tolist() == [2, 3, 4]
    assert audio.fitted(wave, 8).tolist() == [0, 0, 1, 2, 3, 4, 5, 0]
    assert audio.fitted(wave, 5).tolist() == wave.tolist()
    assert audio.fitted(wave[:0], 2).tolist() == [0, 0]


def varied(operation: Operation, wave: np.ndarray, amount: Any, seed: int = 0) -> np.ndarray:
    sample = {"audio": wave, "rate_hz": np.int32(8000)}
    draw = draws.generator(seed, "asset", 1, operation.key)
    return np.asarray(operation.apply(sample, draw, operation.check(amount))["audio"])


WAVES = st.builds(
    lambda count, seed: np.random.default_rng(seed).uniform(-1, 1, count).astype(np.float32),
    st.integers(1, 3000),
    st.integers(0, 99),
)


@every_operation
@settings(max_examples=25, deadline=None)
@given(wave=WAVES, seed=st.integers(0, 99))
def test_shape_type_and_range_stay_and_draws_repeat(operation: Operation, wave: np.ndarray, seed: int) -> None:
    before = wave.copy()
    first, second = (varied(operation, wave, LARGEST[operation.key], seed) for _ in range(2))
    assert (first.shape, first.dtype) == (wave.shape, np.float32)
    assert np.abs(first).max() <= 1 and np.array_equal(first, second)
    assert np.array_equal(wave, before), "the sample that came in was changed"


@pytest.mark.parametrize("operation", [each for each in audio.OPERATIONS if each.key != "noise_snr_db"])
@settings(max_examples=20, deadline=None)
@given(wave=WAVES, seed=st.integers(0, 99))
def test_an_amount_of_0_changes_nothing(operation: Operation, wave: np.ndarray, seed: int) -> None:
    assert np.array_equal(varied(operation, wave, 0, seed), wave)


@every_operation
def test_silence_stays_silence_and_other_fields_pass_through(operation: Operation) -> None:
    sample = {"audio": np.zeros(99, np.float32), "rate_hz": np.int32(8000), "label": np.array(3)}
    draw = draws.generator(5, "asset", 1, operation.key)
    changed = operation.apply(sample, draw, operation.check(LARGEST[operation.key]))
    assert not np.asarray(changed["audio"]).any()
    assert changed.keys() == sample.keys() and changed["label"] is sample["label"]


@every_operation
@pytest.mark.parametrize("value", [-21, 60_001, "much", None, [1], [30, 10], float("nan"), True])
def test_an_amount_out_of_range_says_the_rule(operation: Operation, value: Any) -> None:
    with pytest.raises(ValueError, match="must be "):
        operation.check(value)


def named(key: str) -> Operation:
    return next(operation for operation in audio.OPERATIONS if operation.key == key)


@pytest.mark.parametrize("snr_db", [0, 10, 30])
def test_noise_has_the_ratio_asked_for(snr_db: float) -> None:
    wave = tone(4.0)[:, 0]
    added = varied(named("noise_snr_db"), wave * 0.5, snr_db) - wave * 0.5
    power = np.mean(np.square(wave * 0.5)) / np.mean(np.square(added))
    assert 10 * np.log10(power) == pytest.approx(snr_db, abs=0.2)


def test_a_shift_is_measured_in_milliseconds() -> None:
    click = np.zeros(8000, np.float32)
    click[4000] = 1
    places = [int(varied(named("shift_ms"), click, 100, seed).argmax()) for seed in range(60)]
    assert 3200 <= min(places) < 3400 and 4600 < max(places) <= 4800


def test_speed_moves_the_pitch() -> None:
    wave = tone(1.0, pitch_hz=1000)[:, 0]
    found = []
    for seed in range(20):
        middle = varied(named("speed"), wave, 0.2, seed)[2000:6000]
        found.append(float(np.abs(np.fft.rfft(middle)).argmax() * 8000 / 4000))
    assert 800 <= min(found) < 900 and 1100 < max(found) <= 1250


def test_a_seek_before_the_start_stays_where_it_is() -> None:

    content = sound._Bytes(b"12345678")
    assert content.seek(4) == 4
    assert content.seek(-1) == 4
