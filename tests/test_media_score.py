"""Scores: what a probe finds and refuses, notes and rolls and MIDI, and what every random variation keeps."""

import io
import json
import os
import struct
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import mido
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from ingesting import fill, ingested

from media import draws, midi, probe, score, score_tokens
from media.probes import score as prober
from media.sample import Operation

MIRROR = Path(os.environ.get("DAILIES_MIRROR") or "absent")
every_operation = pytest.mark.parametrize("operation", score.OPERATIONS, ids=lambda operation: operation.key)
LARGEST: dict[str, Any] = {"transpose": 127, "tempo": 0.5, "velocity": 127}
TICKS = 480


def on(pitch: int, time: float = 0, *, velocity: int = 80, channel: int = 0) -> mido.Message:
    """A key pressed, so many quarter notes after the message before."""
    return mido.Message("note_on", note=pitch, velocity=velocity, channel=channel, time=round(time * TICKS))


def off(pitch: int, time: float = 0, *, channel: int = 0) -> mido.Message:
    return mido.Message("note_off", note=pitch, channel=channel, time=round(time * TICKS))


def tempo(bpm: float, time: float = 0) -> mido.MetaMessage:
    return mido.MetaMessage("set_tempo", tempo=round(60e6 / bpm), time=round(time * TICKS))


def file_of(*tracks: Sequence[Any], type: int = 1) -> bytes:
    file = io.BytesIO()
    mido.MidiFile(type=type, ticks_per_beat=TICKS, tracks=[mido.MidiTrack(track) for track in tracks]).save(file=file)
    return file.getvalue()


def heard(data: bytes, kind: str = "MIDI") -> list[tuple[float, float, int]]:
    """Start, end and pitch of each note."""
    return [(float(note["start"]), float(note["end"]), int(note["pitch"])) for note in score.notes(data, kind)]


PLAIN = file_of([tempo(120), on(60), off(60, 1), on(64, 1), off(64, 2)])


def test_what_a_midi_file_is() -> None:
    assert prober.probe(PLAIN) == {"format": "MIDI", "events": 2, "duration_s": 2.0, "channels": 1, "signals": []}
    assert heard(PLAIN) == [(0, 1, 60), (2, 4, 64)]


def test_the_tempo_map_gives_the_seconds() -> None:
    data = file_of([tempo(60), tempo(240, 2)], [on(60, 1), off(60, 2)])
    (note,) = score.notes(data, "MIDI")
    assert (note["start"], note["end"], note["start_s"], note["end_s"]) == (1, 3, 1.0, 2.25)
    assert prober.probe(data)["duration_s"] == mido.MidiFile(file=io.BytesIO(data)).length == 2.25
    assert prober.probe(data)["signals"] == ["tempo changes"]


def test_tracks_of_type_2_follow_one_another_each_in_its_tempo() -> None:
    data = file_of([tempo(60), on(60), off(60, 1)], [tempo(120), on(62), off(62, 1)], type=2)
    assert heard(data) == [(0, 1, 60), (1, 2, 62)]
    assert score.notes(data, "MIDI")["end_s"].tolist() == [1.0, 1.5]
    assert prober.probe(data)["channels"] == 2


@pytest.mark.parametrize(
    ("track", "notes", "signals"),
    [
        ([on(60), on(60, 1, velocity=0)], [(0, 1, 60)], []),
        ([on(60), on(60, 1), off(60, 1)], [(0, 1, 60), (1, 2, 60)], []),
        ([on(60), off(62, 1), on(64), off(64, 1)], [(0, 2, 60), (1, 2, 64)], ["hanging notes"]),
        ([off(60, 1), on(62), off(62, 1)], [(1, 2, 62)], []),
        ([on(60, channel=9), off(60, 1, channel=9)], [(0, 1, 60)], ["drums"]),
    ],
)
def test_where_a_note_ends(track: list[Any], notes: list[tuple[float, float, int]], signals: list[str]) -> None:
    data = file_of([tempo(120), *track])
    assert heard(data) == notes
    assert prober.probe(data)["signals"] == signals


def test_a_file_without_a_tempo_is_played_at_120() -> None:
    data = file_of([on(60), off(60, 4)])
    assert (prober.probe(data)["duration_s"], prober.probe(data)["signals"]) == (2.0, ["no tempo"])


CHORDS = [[60, 64], [60], [], [60, 67, 72.0]]
VOICES = [[72, 60], [72, -1], [71, 60], [60, 60]]


def test_a_list_of_chords_is_a_score() -> None:
    data = json.dumps(CHORDS).encode()
    assert prober.probe(data) == {"format": "JSON", "events": 5, "duration_s": None, "channels": 3, "signals": []}
    assert heard(data, "JSON") == [(0, 2, 60), (0, 1, 64), (3, 4, 60), (3, 4, 67), (3, 4, 72)]
    assert np.isnan(score.notes(data, "JSON")["start_s"]).all()


def test_steps_of_one_length_are_voices() -> None:
    notes = score.notes(json.dumps(VOICES).encode(), "JSON")
    assert [(int(note["channel"]), float(note["start"]), float(note["end"]), int(note["pitch"])) for note in notes] == [
        (1, 0, 1, 60), (0, 0, 2, 72), (1, 2, 4, 60), (0, 2, 3, 71), (0, 3, 4, 60),
    ]  # fmt: skip
    assert prober.probe(json.dumps(VOICES).encode())["channels"] == 2


KEYED = file_of([tempo(120), mido.MetaMessage("key_signature", key="C"), on(60), off(60, 1)])


def long_delta(quarters: int) -> bytes:
    """A file whose only note lasts that long."""
    return file_of([tempo(120), on(60), *[mido.Message("program_change", time=TICKS * quarters // 4)] * 4, off(60)])


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "an empty file"),
        (b"RIFF", "not a score: neither MIDI nor JSON"),
        (b"[" * 100_000, "not a score: neither MIDI nor JSON"),
        (b'{"train": []}', "not a score: JSON, but not a list of at most 100,000 time steps"),
        (b"[[60], 60]", "time step 2 is not a list of at most 16 notes"),
        (b"[[60], [128]]", "time step 2 holds 128; a note is -1 or 0 to 127, a whole number"),
        (b"[[60.5]]", "time step 1 holds 60.5; a note is"),
        (b"[[true]]", "time step 1 holds True; a note is"),
        (b"[[NaN]]", "time step 1 holds nan; a note is"),
        (b"[[], [-1]]", "holds no note"),
        (b"[]", "holds no note"),
        (PLAIN[:-5], "cut short: its last track is not whole"),
        (PLAIN[:20], "cut short: its last track is not whole"),
        (PLAIN[:14], "cut short: its last track is not whole"),
        (PLAIN.replace(b"MTrk", b"XTrk"), "damaged: no MTrk header at start of track"),
        (PLAIN[:8] + struct.pack(">hhh", 7, 1, 480) + PLAIN[14:], "damaged: its header says type 7"),
        (PLAIN[:8] + struct.pack(">hhh", 1, 0, 480) + PLAIN[14:], "damaged: its header says type 1 with 0 tracks"),
        (PLAIN[:8] + struct.pack(">hhh", 1, 1, -6360) + PLAIN[14:], "timed in frames of film (SMPTE)"),
        (PLAIN[:8] + struct.pack(">hhh", 1, 1, 0) + PLAIN[14:], "timed in frames of film (SMPTE)"),
        (KEYED.replace(b"\xff\x59\x02\x00", b"\xff\x59\x02\x42"), "damaged: Could not decode key with 66 sharps"),
        (file_of([tempo(120)]), "holds no note"),
        (file_of([tempo(120)], type=2), "holds no note"),
        (file_of([on(60), on(62), off(60)]), "no time goes by in it"),
        (long_delta(200_000), "longer than 100,000 quarter notes or 24 hours"),
        (file_of([tempo(4), on(60), off(60, 10_000)]), "longer than 100,000 quarter notes or 24 hours"),
        (PLAIN + b"\0" * (2 << 20), "larger than 2 MiB"),
        (b"[" + b"[60]," * 500_000 + b"[60]]", "larger than 2 MiB"),
    ],
)
def test_a_bad_score_is_refused_with_a_true_reason(data: bytes, reason: str) -> None:
    assert prober.probe(data)["reason"].startswith(reason)


@settings(max_examples=60, deadline=None)
@given(places=st.lists(st.tuples(st.integers(0, len(KEYED) - 1), st.integers(0, 255)), max_size=5), cut=st.floats(0, 1))
def test_any_scratched_score_gets_an_answer(places: list[tuple[int, int]], cut: float) -> None:
    scratched = bytearray(KEYED)
    for place, value in places:
        scratched[place] = value
    found = prober.probe(bytes(scratched[: round(cut * len(scratched)) if cut < 0.5 else None]))
    assert ("reason" in found) != ("events" in found)


def test_a_catalog_of_scores(tmp_path: Path) -> None:
    fill(tmp_path / "source", {"a/1.mid": PLAIN, "a/2.json": json.dumps(CHORDS), "a/3.json": PLAIN + b"\0"})
    rows = ingested(tmp_path, kind="score")
    assert (rows["a/1.mid"]["events"], rows["a/2.json"]["events"], rows["a/1.mid"]["labels"]) == (2, 5, ["a"])
    assert rows["a/3.json"]["reason"] == "named .json, but its content is MIDI; rename it to .mid"


def test_a_roll_has_the_velocities_of_what_sounds_but_no_drums() -> None:
    data = file_of([on(60, velocity=50), on(38, channel=9), off(60, 1), on(64, 0.5, velocity=90), off(64, 0.01)])
    filled = score.roll(score.notes(data, "MIDI"), 2, 5)
    assert (filled.shape, str(filled.dtype)) == (score.field(5).shape, score.field(5).dtype)
    assert filled[:, 60].tolist() == [50, 50, 0, 0, 0]
    assert filled[:, 64].tolist() == [0, 0, 0, 90, 0]
    assert filled.sum() == 190
    assert score.roll(score.notes(data, "MIDI"), 2, 2).sum() == 100


ROLLS = arrays.arrays(
    np.uint8, st.tuples(st.integers(1, 12), st.just(128)), elements=st.integers(0, 127), fill=st.just(0)
)


@settings(max_examples=40, deadline=None)
@given(filled=ROLLS, steps_per_quarter=st.sampled_from([1, 2, 3, 4, 12]))
def test_a_roll_survives_as_midi(filled: np.ndarray, steps_per_quarter: int) -> None:
    notes = score.from_roll(filled, steps_per_quarter)
    assert np.array_equal(score.roll(notes, steps_per_quarter, len(filled)), filled)
    data = midi.written(notes)
    assert data == midi.written(notes[::-1])
    if len(notes):
        assert np.array_equal(score.roll(score.notes(data, "MIDI"), steps_per_quarter, len(filled)), filled)


def test_tokens_say_what_begins_ends_and_waits() -> None:
    data = file_of([on(60), on(67), off(67, 1), off(60, 1), on(38, channel=9), on(62, 50), off(62, 1)])
    sequence = score_tokens.tokens(score.notes(data, "MIDI"), 4)
    assert sequence.tolist() == [
        60,
        67,
        256 + 3,
        128 + 67,
        256 + 3,
        128 + 60,
        256 + 95,
        256 + 95,
        256 + 7,
        62,
        259,
        190,
    ]
    assert sequence.max() < score_tokens.VOCABULARY


@settings(max_examples=40, deadline=None)
@given(filled=ROLLS, steps_per_quarter=st.sampled_from([1, 3, 4]))
def test_tokens_hold_what_a_roll_shows(filled: np.ndarray, steps_per_quarter: int) -> None:
    sequence = score_tokens.tokens(score.from_roll(filled, steps_per_quarter), steps_per_quarter)
    again = score.roll(score_tokens.from_tokens(sequence, steps_per_quarter), steps_per_quarter, len(filled))
    assert np.array_equal(again > 0, filled > 0)


@given(st.lists(st.integers(0, score_tokens.VOCABULARY - 1), max_size=40))
def test_whatever_a_model_says_is_music(said: list[int]) -> None:
    notes = score_tokens.from_tokens(np.array(said, np.int64), 4)
    assert (notes["end"] > notes["start"]).all()
    again = score_tokens.from_tokens(score_tokens.tokens(notes, 4), 4)
    assert again[["start", "end", "pitch"]].tolist() == notes[["start", "end", "pitch"]].tolist()
    if len(notes):
        assert len(score.notes(midi.written(notes), "MIDI")) == len(notes)


def test_written_midi_has_its_tempo_and_every_channel() -> None:
    notes = score.ordered([(0, 1, 0, 0, 60, 80, 0), (0, 2, 0, 0, 38, 99, 9)])
    again = score.notes(midi.written(notes, tempo_bpm=60), "MIDI")
    assert again["end_s"].tolist() == [2.0, 1.0] and again["channel"].tolist() == [9, 0]
    assert again["velocity"].tolist() == [99, 80]


@pytest.mark.parametrize("velocity", [0, 128])
def test_what_no_file_can_hold_is_an_error(velocity: int) -> None:
    with pytest.raises(ValueError, match=f"a note has velocity {velocity}: must be from 1 to 127"):
        midi.written(score.ordered([(0, 1, 0, 0, 60, velocity, 0)]))
    with pytest.raises(ValueError, match="tempo_bpm is 1: must be from 4 to 60,000"):
        midi.written(score.ordered([]), tempo_bpm=1)


def varied(operation: Operation, filled: np.ndarray, amount: Any, seed: int = 0) -> np.ndarray:
    draw = draws.generator(seed, "asset", 1, operation.key)
    return np.asarray(operation.apply({"roll": filled}, draw, operation.check(amount))["roll"])


@every_operation
@settings(max_examples=25, deadline=None)
@given(filled=ROLLS, seed=st.integers(0, 99))
def test_shape_type_and_range_stay_and_draws_repeat(operation: Operation, filled: np.ndarray, seed: int) -> None:
    before = filled.copy()
    first, second = (varied(operation, filled, LARGEST[operation.key], seed) for _ in range(2))
    assert (first.shape, first.dtype) == (filled.shape, np.uint8)
    assert first.max() <= 127 and np.array_equal(first, second)
    assert np.array_equal(filled, before), "the sample that came in was changed"


@every_operation
@settings(max_examples=20, deadline=None)
@given(filled=ROLLS, seed=st.integers(0, 99))
def test_an_amount_of_0_changes_nothing(operation: Operation, filled: np.ndarray, seed: int) -> None:
    assert np.array_equal(varied(operation, filled, 0, seed), filled)


@every_operation
def test_silence_stays_and_other_fields_pass_through(operation: Operation) -> None:
    sample = {"roll": np.zeros((9, 128), np.uint8), "label": np.array(3)}
    draw = draws.generator(5, "asset", 1, operation.key)
    changed = operation.apply(sample, draw, operation.check(LARGEST[operation.key]))
    assert not changed["roll"].any() and changed.keys() == sample.keys() and changed["label"] is sample["label"]


@every_operation
@pytest.mark.parametrize("value", [-1, 128, "much", None, [1], float("nan"), True])
def test_an_amount_out_of_range_says_the_rule(operation: Operation, value: Any) -> None:
    with pytest.raises(ValueError, match="must be "):
        operation.check(value)


def named(key: str) -> Operation:
    return next(operation for operation in score.OPERATIONS if operation.key == key)


@given(filled=ROLLS, semitones=st.integers(0, 127), seed=st.integers(0, 99))
def test_transposing_keeps_all_intervals(filled: np.ndarray, semitones: int, seed: int) -> None:
    """No note falls off either end, so the roll can be moved back."""
    moved = varied(named("transpose"), filled, semitones, seed)
    before, after = (np.flatnonzero(each.any(axis=0)) for each in (filled, moved))
    if len(before):
        by = after[0] - before[0]
        assert abs(by) <= semitones and np.array_equal(after, before + by)
        assert np.array_equal(np.roll(moved, -by, axis=1), filled)


def test_a_faster_roll_ends_in_silence() -> None:
    filled = np.full((20, 128), 9, np.uint8)
    lengths = {int(varied(named("tempo"), filled, 0.5, seed)[:, 0].astype(bool).sum()) for seed in range(40)}
    assert max(lengths) == 20 and 13 <= min(lengths) < 16


@given(filled=ROLLS, seed=st.integers(0, 99))
def test_velocity_neither_silences_nor_wakes_a_note(filled: np.ndarray, seed: int) -> None:
    assert np.array_equal(varied(named("velocity"), filled, 127, seed) > 0, filled > 0)


@pytest.mark.skipif(not (MIRROR / "nottingham-sample").is_dir(), reason="DAILIES_MIRROR has no nottingham-sample")
def test_every_tune_of_nottingham_lasts_as_long_as_mido_says() -> None:
    paths = sorted((MIRROR / "nottingham-sample").rglob("*.mid"))
    with probe.pool("score") as pool:
        found = [what for _, what in pool.probe((path.name, path.read_bytes()) for path in paths)]
    assert len(found) == 65
    for path, what in zip(paths, found, strict=True):
        assert what["duration_s"] == pytest.approx(mido.MidiFile(path).length)


@pytest.mark.skipif(not (MIRROR / "jsb-chorales").is_dir(), reason="DAILIES_MIRROR has no jsb-chorales")
@pytest.mark.parametrize("name", ["jsb-chorales-quarter", "jsb-chorales-16th", "Jsb16thSeparated"])
def test_every_chorale_becomes_the_roll_of_its_chords(name: str) -> None:
    parts = json.loads((MIRROR / "jsb-chorales" / f"{name}.json").read_text())
    chorales = [chorale for part in parts.values() for chorale in part]
    assert len(chorales) == 382
    for chorale in chorales:
        filled = score.roll(score.notes(json.dumps(chorale).encode(), "JSON"), 1, len(chorale))
        assert [set(np.flatnonzero(step)) for step in filled] == [set(map(int, step)) - {-1} for step in chorale]
