"""Scores as JSON: a list of time steps, each a list of the MIDI notes that sound in it; -1 is a voice that is silent.

When all steps are of one length, a place in them is a voice. Else all notes are of one voice. A pitch that stands in a
voice in two steps, one after the other, is one held note: the format cannot say that it was struck again.
"""

import json
from typing import Any

import numpy as np

from media import score

SILENT = -1
MOST_VOICES = 16


def read(data: bytes) -> score.Reading:
    """The notes of a list of chords, with times in steps. Raises score.Unreadable."""
    steps = _steps(data)
    lengths = {len(step) for step in steps}
    voices = lengths.pop() if len(lengths) == 1 else 1
    events = [note for voice in range(voices) for note in _voice(steps, voice, voices)]
    if not events:
        raise score.Unreadable("holds no note")
    most = max(sum(pitch != SILENT for pitch in step) for step in steps)
    return score.Reading(score.ordered(events), most, float(len(steps)), None, set())


def _voice(steps: list[list[int]], voice: int, voices: int) -> list[tuple[float, float, float, float, int, int, int]]:
    """The notes of one place in all steps; of all places when there is one voice."""
    sounding: dict[int, int] = {}  # pitch → the step in which it was struck
    events = []
    for number, step in enumerate([*steps, []]):
        now = set(step[voice : voice + 1] if voices > 1 else step) - {SILENT}
        events += [
            (float(sounding.pop(pitch)), float(number), np.nan, np.nan, pitch, score.VELOCITY, voice)
            for pitch in sorted(sounding.keys() - now)
        ]
        sounding |= dict.fromkeys(sorted(now - sounding.keys()), number)
    return events


def _steps(data: bytes) -> list[list[int]]:
    try:
        steps = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise score.Unreadable(f"not a score: neither MIDI nor JSON ({_short(error)})") from None
    if not isinstance(steps, list) or len(steps) > score.LONGEST:
        raise score.Unreadable(f"not a score: JSON, but not a list of at most {score.LONGEST:,} time steps")
    for number, step in enumerate(steps, 1):
        if not isinstance(step, list) or len(step) > MOST_VOICES:
            raise score.Unreadable(f"time step {number:,} is not a list of at most {MOST_VOICES} notes")
        for note in step:
            if not _is_note(note):
                raise score.Unreadable(
                    f"time step {number:,} holds {note!r:.40}; a note is -1 or 0 to 127, a whole number"
                )
    return [[int(note) for note in step] for step in steps]


def _is_note(value: Any) -> bool:
    """JSON has one kind of number, so 73.0 is a whole one."""
    return type(value) in (int, float) and value in range(SILENT, score.PITCHES)


def _short(error: Exception) -> str:
    return str(error).split(":")[0].lower() or type(error).__name__
