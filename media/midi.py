"""Standard MIDI files (RP-001) of types 0, 1 and 2, read and written through mido.

The tracks of type 2 are pieces of their own; they follow one another.
"""

import io
import struct
from collections.abc import Iterable, Iterator, Sequence
from itertools import accumulate
from typing import Any

import mido
import numpy as np
from mido.midifiles.meta import KeySignatureError

from media import score

START = b"MThd"
DAMAGED = (OSError, EOFError, ValueError, LookupError, TypeError, OverflowError, struct.error, KeySignatureError)
"""What mido raises on files that are not what they say."""
USUAL_TEMPO = 500_000
"""µs a quarter note, when the file names none: 120 a minute. RP-001, Set Tempo."""
TICKS_PER_QUARTER = 480
Struck = tuple[int, int, int, int, int, bool]
"""Start and end in ticks, pitch, velocity, channel, and whether the note was never released."""


def read(data: bytes) -> score.Reading:
    """The notes of a MIDI file. Raises score.Unreadable."""
    file = _opened(data)
    pieces = [[track] for track in file.tracks] if file.type == 2 else [file.tracks]
    readings = [_piece(tracks, file.ticks_per_beat) for tracks in pieces]
    whole = readings[0] if len(readings) == 1 else _joined(readings)
    if not len(whole.notes):
        raise score.Unreadable("holds no note")
    if not whole.duration:
        raise score.Unreadable("no time goes by in it")
    return whole


def written(notes: np.ndarray, *, tempo_bpm: float = 120.0) -> bytes:
    """Notes (of score.NOTE, times in quarter notes) as a MIDI file of type 0: the same bytes for the same notes.

    Raises ValueError for a velocity outside 1 to 127 or a tempo outside 4 to 60,000 quarter notes a minute.
    """
    tempo = round(60e6 / tempo_bpm)
    if not 1_000 <= tempo <= 15_000_000:
        raise ValueError(f"tempo_bpm is {tempo_bpm:g}: must be from 4 to 60,000")
    track = mido.MidiTrack([mido.MetaMessage("set_tempo", tempo=tempo)])
    before = 0
    for tick, is_on, channel, pitch, velocity in sorted(_switches(notes)):
        kind = "note_on" if is_on else "note_off"
        track.append(mido.Message(kind, channel=channel, note=pitch, velocity=velocity, time=tick - before))
        before = tick
    file = io.BytesIO()
    mido.MidiFile(type=0, ticks_per_beat=TICKS_PER_QUARTER, tracks=[track]).save(file=file)
    return file.getvalue()


def _switches(notes: np.ndarray) -> Iterator[tuple[int, bool, int, int, int]]:
    """Tick, whether on, channel, pitch and velocity; sorted, what ends comes before what starts."""
    for note in notes:
        pitch, velocity, channel = int(note["pitch"]), int(note["velocity"]), int(note["channel"])
        if not 1 <= velocity < score.PITCHES:
            raise ValueError(f"a note has velocity {velocity}: must be from 1 to 127")
        start = round(float(note["start"]) * TICKS_PER_QUARTER)
        end = max(start + 1, round(float(note["end"]) * TICKS_PER_QUARTER))
        yield start, True, channel, pitch, velocity
        yield end, False, channel, pitch, 0


def _opened(data: bytes) -> Any:
    try:
        file = mido.MidiFile(file=io.BytesIO(data))
    except EOFError:
        raise score.Unreadable("cut short: its last track is not whole") from None
    except DAMAGED as error:
        raise score.Unreadable(f"damaged: {' '.join(str(error).split()) or type(error).__name__}") from None
    if file.type not in (0, 1, 2) or not file.tracks:
        raise score.Unreadable(f"damaged: its header says type {file.type} with {len(file.tracks)} tracks")
    if file.ticks_per_beat <= 0:
        raise score.Unreadable("timed in frames of film (SMPTE), not in quarter notes; export it with a tempo")
    return file


def _piece(tracks: Sequence[Iterable[Any]], ticks_per_quarter: int) -> score.Reading:
    """Tracks that sound together."""
    timed = [_with_ticks(track) for track in tracks]
    struck = [list(_struck(track)) for track in timed]
    ticks = max((track[-1][0] for track in timed if track), default=0)
    tempo = _tempo(message for track in timed for message in track)
    seconds = _clock(tempo, ticks_per_quarter)
    duration, duration_s = ticks / ticks_per_quarter, float(seconds(np.array(ticks)))
    if duration > score.LONGEST or duration_s > score.LONGEST_S:
        raise score.Unreadable(f"longer than {score.LONGEST:,} quarter notes or {score.LONGEST_S // 3600} hours")
    events = [note for track in struck for note in track]
    starts, ends = (np.array([note[place] for note in events], np.int64) for place in (0, 1))
    columns = [starts / ticks_per_quarter, ends / ticks_per_quarter, seconds(starts), seconds(ends)]
    values = [(*times, *note[2:5]) for times, note in zip(np.stack(columns, 1).tolist(), events, strict=True)]
    signals = {
        "drums": any(note[4] == score.DRUMS for note in events),
        "hanging notes": any(note[5] for note in events),
        "no tempo": not tempo,
        "tempo changes": len(set(tempo.values())) > 1,
    }
    return score.Reading(
        score.ordered(values), sum(map(bool, struck)), duration, duration_s, {name for name in signals if signals[name]}
    )


def _with_ticks(track: Iterable[Any]) -> list[tuple[int, Any]]:
    messages = list(track)
    return list(zip(accumulate(message.time for message in messages), messages, strict=True))


def _struck(track: Sequence[tuple[int, Any]]) -> Iterator[Struck]:
    """The notes of one track. A note-on without velocity is a note-off."""
    sounding: dict[tuple[int, int], tuple[int, int]] = {}  # (channel, pitch) → start, velocity
    for tick, message in track:
        if message.type not in ("note_on", "note_off"):
            continue
        key = (message.channel, message.note)
        if key in sounding:
            start, velocity = sounding.pop(key)
            yield start, tick, message.note, velocity, message.channel, False
        if message.type == "note_on" and message.velocity:
            sounding[key] = (tick, message.velocity)
    for (channel, pitch), (start, velocity) in sounding.items():
        yield start, track[-1][0], pitch, velocity, channel, True


def _tempo(messages: Iterable[tuple[int, Any]]) -> dict[int, int]:
    """Tick → µs a quarter note from there on; of several at one tick the last in the file counts."""
    return {tick: message.tempo for tick, message in messages if message.type == "set_tempo"}


def _clock(tempo: dict[int, int], ticks_per_quarter: int) -> Any:
    """A function from ticks, an array, to seconds."""
    changes = sorted(({0: USUAL_TEMPO} | tempo).items())
    ticks = np.array([tick for tick, _ in changes], np.float64)
    rates = np.array([each for _, each in changes]) / 1e6 / ticks_per_quarter  # s a tick
    reached = np.concatenate([[0.0], np.cumsum(np.diff(ticks) * rates[:-1])])

    def seconds(at: np.ndarray) -> np.ndarray:
        places = np.searchsorted(ticks, at, side="right") - 1
        return reached[places] + (at - ticks[places]) * rates[places]

    return seconds


def _joined(readings: Sequence[score.Reading]) -> score.Reading:
    """Readings one after another."""
    begins = accumulate((each.duration for each in readings[:-1]), initial=0.0)
    begins_s = accumulate((each.duration_s or 0.0 for each in readings[:-1]), initial=0.0)
    for each, start, start_s in zip(readings, begins, begins_s, strict=True):
        each.notes["start"] += start
        each.notes["end"] += start
        each.notes["start_s"] += start_s
        each.notes["end_s"] += start_s
    return score.Reading(
        np.concatenate([each.notes for each in readings]),
        sum(each.channels for each in readings),
        sum(each.duration for each in readings),
        sum(each.duration_s or 0.0 for each in readings),
        set().union(*(each.signals for each in readings)),
    )
