"""Sounds: what a probe finds and refuses, how they become samples, and what every random variation keeps."""

import os
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sounds import encoded, tone

from media import audio, draws, sound, waveform
from media.operations import room
from media.operations.files import ProjectFile
from media.phase_vocoder import stretched
from media.probes import audio as prober
from media.sample import Operation

every_operation = pytest.mark.parametrize("operation", audio.OPERATIONS, ids=lambda operation: operation.key)
LARGEST: dict[str, Any] = {
    "speed": 0.5, "pitch_semitones": 24, "shift_ms": 300, "reverb_rt60_s": 10, "impulse_responses": ["rooms/hall.wav"],
    "gain_db": 60, "noise_snr_db": [-20, 100],
}  # fmt: skip


@pytest.fixture(scope="module", autouse=True)
def project(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A project's folder with three impulse responses: a hall, one that only delays, and one of silence."""
    before, folder = Path.cwd(), tmp_path_factory.mktemp("project")
    (folder / "rooms").mkdir()
    hall = np.random.default_rng(0).normal(0, 0.1, 2000) * np.exp(-np.arange(2000) / 300)
    for name, response in {"hall": hall, "late": np.eye(1, 900, 700)[0] / 2, "mute": np.zeros(99)}.items():
        (folder / "rooms" / f"{name}.wav").write_bytes(encoded(response[:, None], coding="FLOAT"))
    os.chdir(folder)
    yield folder
    os.chdir(before)


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
    wave = waveform.resample(tone(1.0, rate_hz=from_hz)[:, 0], from_hz, to_hz)
    assert len(wave) == pytest.approx(to_hz, abs=1) and wave.dtype == np.float32
    expected = tone(1.0, rate_hz=to_hz)[: len(wave), 0]
    assert np.abs(wave - expected)[200:-200].max() < 2e-3


def test_resampling_removes_what_the_lower_rate_cannot_hold() -> None:
    high = waveform.resample(tone(1.0, rate_hz=48_000, pitch_hz=7000)[:, 0], 48_000, 8_000)
    assert np.abs(high[200:-200]).max() < 2e-3


@pytest.mark.parametrize(("count", "from_hz", "to_hz"), [(3000, 44_100, 16_000), (3001, 8_000, 22_050), (1, 1, 3)])
def test_resampling_has_the_length_of_the_same_time(count: int, from_hz: int, to_hz: int) -> None:
    assert len(waveform.resample(np.zeros(count, np.float32), from_hz, to_hz)) == round(count * to_hz / from_hz)


def test_resampling_does_not_depend_on_how_a_sound_is_cut() -> None:
    import soxr

    wave = np.random.default_rng(0).uniform(-0.5, 0.5, 20_000).astype(np.float32)
    stream = soxr.ResampleStream(44_100, 16_000, 1, dtype="float32", quality=waveform.QUALITY)
    pieces = [stream.resample_chunk(wave[at : at + 777], last=at + 777 >= len(wave)) for at in range(0, 20_000, 777)]
    assert np.array_equal(np.concatenate(pieces), waveform.resample(wave, 44_100, 16_000))


def test_length_is_taken_from_the_middle_and_filled_on_both_sides() -> None:
    wave = np.arange(1, 6, dtype=np.float32)
    assert waveform.fitted(wave, 3).tolist() == [2, 3, 4]
    assert waveform.fitted(wave, 8).tolist() == [0, 0, 1, 2, 3, 4, 5, 0]
    assert waveform.fitted(wave, 5).tolist() == wave.tolist()
    assert waveform.fitted(wave[:0], 2).tolist() == [0, 0]


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


@pytest.mark.parametrize(
    "operation", [each for each in audio.OPERATIONS if each.key not in ("noise_snr_db", "impulse_responses")]
)
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


def loudest_hz(wave: np.ndarray, rate_hz: int = 8000) -> float:
    spectrum = np.abs(np.fft.rfft(wave * np.hanning(len(wave)), 8 * len(wave)))
    return float(spectrum.argmax() * rate_hz / 8 / len(wave))


@pytest.mark.parametrize("semitones", [-12, -3.5, 1, 7, 12])
def test_a_pitch_lands_where_it_was_asked_for_in_the_same_time(semitones: float) -> None:
    wave, factor = tone(1.0)[:, 0], 2 ** (semitones / 12)
    longer = stretched(wave, factor, 512)
    assert len(longer) == round(len(wave) * factor)
    assert loudest_hz(longer) == pytest.approx(440, rel=0.01)
    back = waveform.resample(longer, factor, 1)
    assert abs(len(back) - len(wave)) <= 1
    assert loudest_hz(back) == pytest.approx(440 * factor, rel=0.01)
    assert np.mean(back**2) == pytest.approx(np.mean(wave**2), rel=0.03)


def test_pitch_is_drawn_up_and_down() -> None:
    found = [loudest_hz(varied(named("pitch_semitones"), tone(0.5)[:, 0], 12, seed)) for seed in range(30)]
    assert 218 < min(found) < 300 and 700 < max(found) < 890


def energy(wave: np.ndarray) -> float:
    return float(np.sum(np.square(wave, dtype=np.float64)))


@pytest.mark.parametrize("key", ["reverb_rt60_s", "impulse_responses"])
def test_a_room_keeps_the_energy_and_goes_on_after_the_sound(key: str) -> None:
    wave = np.concatenate([tone(0.5)[:, 0] / 4, np.zeros(4000, np.float32)])
    heard = varied(named(key), wave, {"reverb_rt60_s": [1, 1]}.get(key, LARGEST[key]))
    assert energy(heard) == pytest.approx(energy(wave), rel=1e-4)
    assert heard[4100:4300].any() and energy(heard[6000:]) < energy(heard[4000:6000])


def test_a_room_falls_by_60_db_in_its_time() -> None:
    click = np.eye(1, 8000, 0, dtype=np.float32)[0] * 0.9
    heard = [room.reverb(click, draws.generator(seed, "", 1, ""), (0.8, 0.8), 8000) for seed in range(40)]
    power = np.mean(np.square(heard, dtype=np.float64), axis=0)
    early, late = power[80:480].mean(), power[3280:3680].mean()  # 0.4 s apart, half the time
    assert 10 * np.log10(early / late) == pytest.approx(30, abs=1)


def test_an_impulse_response_that_only_delays_changes_nothing() -> None:
    wave = tone(0.5)[:, 0]
    assert varied(named("impulse_responses"), wave, ["rooms/late.wav"]) == pytest.approx(wave, abs=1e-6)


def test_an_impulse_response_of_silence_is_refused() -> None:
    with pytest.raises(ValueError, match=r"rooms/mute.wav is silent"):
        varied(named("impulse_responses"), tone()[:, 0], ["rooms/mute.wav"])


def test_files_are_named_below_the_project_and_known_by_their_hash(project: Path) -> None:
    operation = named("impulse_responses")
    (project / "here.wav").write_bytes(encoded(tone()))
    amount = operation.check(["here.wav"])
    assert [path for path, _ in operation.files(amount)] == ["here.wav"]
    (project / "here.wav").write_bytes(encoded(tone(0.1)))
    with pytest.raises(ValueError, match=r"here.wav has changed"):
        ProjectFile(*operation.files(amount)[0]).read()
    for elsewhere in ("/etc/hostname", "../here.wav", "rooms", "rooms/none.wav"):
        with pytest.raises(ValueError, match=f"{elsewhere} must be"):
            operation.check([elsewhere])


def test_the_mel_scale_is_htk_s() -> None:
    assert audio.to_mel(0) == 0 and audio.to_mel(700) == pytest.approx(2595 * np.log10(2))  # 781.17
    assert audio.to_mel(1000) == pytest.approx(999.99, abs=0.01)
    assert audio.from_mel(np.array([audio.to_mel(440)])) == pytest.approx([440])


def test_bands_of_a_case_worked_by_hand() -> None:
    """2 bands of 8 samples at 8 kHz: bins each 1,000 Hz; edges a third of 2146.1 mel apart: 0, 620.6, 1791.3, 4000 Hz."""
    edges = 700 * (10 ** (np.array([0, 1, 2, 3]) * audio.to_mel(4000) / 3 / 2595) - 1)
    assert edges == pytest.approx([0, 620.6, 1791.3, 4000], abs=0.2)
    bands = audio.mel_bands(8000, 8, 2)
    assert bands[0] == pytest.approx([0, (1791.3 - 1000) / (1791.3 - 620.6), 0, 0, 0], abs=1e-3)
    up, down = (1000 - 620.6) / (1791.3 - 620.6), 4000 - 1791.3
    assert bands[1] == pytest.approx([0, up, 2000 / down, 1000 / down, 0], abs=1e-3)


def test_one_frame_worked_by_hand() -> None:
    """A cosine of bin 2 under a Hann window of 8 samples: its spectrum is 2 there and -1 beside it."""
    wave = np.cos(2 * np.pi * 2 * np.arange(24) / 8).astype(np.float32)
    features = audio.log_mel(wave, 8000, mels=2, window_ms=1, hop_ms=1)
    power = np.array([0, 1, 4, 1, 0])
    assert features.shape == (2, 4) and features.dtype == np.float32
    assert features[:, 1] == pytest.approx(np.log(audio.mel_bands(8000, 8, 2) @ power), abs=1e-3)


@settings(max_examples=25, deadline=None)
@given(wave=WAVES, hop_ms=st.integers(2, 20))
def test_features_have_a_column_a_hop_and_are_finite(wave: np.ndarray, hop_ms: int) -> None:
    features = audio.log_mel(wave, 8000, mels=20, window_ms=25, hop_ms=hop_ms)
    assert features.shape == (20, 1 + len(wave) // (8 * hop_ms)) and np.isfinite(features).all()


def test_a_tone_is_loudest_in_its_band_and_silence_has_a_floor() -> None:
    features = audio.log_mel(tone(1.0)[:, 0], 8000, mels=40, window_ms=25, hop_ms=10)
    centres = audio.from_mel(np.linspace(0, audio.to_mel(4000), 42))[1:-1]
    assert abs(int(features[:, 50].argmax()) - int(np.abs(centres - 440).argmin())) <= 1
    silence = audio.log_mel(np.zeros(400, np.float32), 8000, mels=20, window_ms=25, hop_ms=10)
    assert silence == pytest.approx(np.log(audio.FAINTEST), abs=audio.GRAIN)
    assert np.array_equal(features, np.rint(features / audio.GRAIN) * audio.GRAIN), (
        "a step that the last bit cannot cross"
    )


def test_features_that_cannot_be_are_refused() -> None:
    with pytest.raises(ValueError, match="128 mel bands are too many for windows of 200 samples"):
        audio.log_mel(np.zeros(800, np.float32), 8000, mels=128, window_ms=25, hop_ms=10)
    with pytest.raises(ValueError, match=r"hop_ms \(=0.01\) are too short at 8000 Hz"):
        audio.log_mel(np.zeros(800, np.float32), 8000, mels=20, window_ms=25, hop_ms=0.01)


def test_a_seek_before_the_start_stays_where_it_is() -> None:

    content = sound._Bytes(b"12345678")
    assert content.seek(4) == 4
    assert content.seek(-1) == 4
