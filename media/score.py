"""Scores as samples: MIDI files and lists of chords become notes, piano rolls, and MIDI again.

time      `start` and `end` count quarter notes in MIDI, steps in a list of chords; `start_s` and `end_s` are seconds as the
          tempo says, NaN in a list of chords
ends      a note ends where it is released, where it is struck again, or with its track
drums     the notes of channel 9 (which musicians call 10); no roll holds them, for their pitch names an instrument
"""

from collections.abc import Set
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from media.operations import score as score_operations
from media.sample import Field

NOTE = np.dtype(
    [
        ("start", "float64"), ("end", "float64"), ("start_s", "float64"), ("end_s", "float64"),
        ("pitch", "uint8"), ("velocity", "uint8"), ("channel", "uint8"),
    ]
)  # fmt: skip
OPERATIONS = score_operations.OPERATIONS
PITCHES = 128
DRUMS = 9
VELOCITY = 64
"""What a note has whose loudness nobody knows. MIDI 1.0 Detailed Specification, table of note-on velocity."""
LARGEST_BYTES = 2 << 20
"""Long pieces take 300 kB; a million notes would take a gigabyte to read."""
LONGEST_S, LONGEST = 24 * 3600, 100_000
"""Limits of a score, in seconds and in quarter notes or steps."""


class Unreadable(ValueError):
    """A file that cannot be used as a score; the message is the reason for a catalog."""


@dataclass(frozen=True, slots=True)
class Reading:
    """The notes of a score and what else a catalog says of it: tracks or voices, length in quarter notes or steps, in s."""

    notes: np.ndarray
    channels: int
    duration: float
    duration_s: float | None
    signals: Set[str]


def field(steps: int) -> Field:
    """The field that `roll` fills: uint8, (steps, 128)."""
    return Field("uint8", (steps, PITCHES))


def notes(data: bytes, format: str) -> np.ndarray:
    """The notes of a file whose catalog row says `format`, MIDI or JSON: (notes,) of NOTE, sorted by start and pitch.

    Raises Unreadable for a file that ingest would not admit.
    """
    return read(data, format).notes


def read(data: bytes, format: str) -> Reading:
    """The same with what else a catalog says of the file."""
    from media import chord_list, midi

    if len(data) > LARGEST_BYTES:
        raise Unreadable(f"larger than {LARGEST_BYTES >> 20} MiB, more than any score needs")
    return {"MIDI": midi.read, "JSON": chord_list.read}[format](data)


def ordered(events: list[tuple[float, float, float, float, int, int, int]]) -> np.ndarray:
    """Notes in their one order: by start, pitch, channel, end and velocity."""
    made = np.array(events, NOTE)
    return made[np.lexsort((made["velocity"], made["end"], made["channel"], made["pitch"], made["start"]))]


def roll(found: np.ndarray, steps_per_quarter: int, steps: int) -> np.ndarray:
    """A piano roll: the velocity with which each pitch sounds at each step, 0 where it is silent. uint8, (steps, 128).

    Starts and ends go to the nearest step, and a note lasts for one at least. What lies behind the last step is left out.
    A list of chords has its own steps: `steps_per_quarter` is 1.
    """
    filled = np.zeros((steps, PITCHES), np.uint8)
    for note in found[found["channel"] != DRUMS]:
        start = round(float(note["start"]) * steps_per_quarter)
        end = max(start + 1, round(float(note["end"]) * steps_per_quarter))
        filled[start:end, note["pitch"]] = np.maximum(filled[start:end, note["pitch"]], note["velocity"])
    return filled


def from_roll(filled: np.ndarray, steps_per_quarter: int) -> np.ndarray:
    """The notes of a piano roll (steps, 128), as `media.midi.written` takes them: (notes,) of NOTE, without seconds.

    A pitch that goes on from step to step at one velocity is one held note.
    """
    edged = np.pad(filled, ((1, 1), (0, 0)))
    changed = np.diff(edged.astype(np.int16), axis=0) != 0  # (steps + 1, 128)
    events = []
    for pitch in np.flatnonzero(changed.any(axis=0)).tolist():
        edges = np.flatnonzero(changed[:, pitch]).tolist()
        for start, end in pairwise(edges):
            if velocity := int(filled[start, pitch]):
                span = (start / steps_per_quarter, end / steps_per_quarter)
                events.append((*span, np.nan, np.nan, pitch, velocity, 0))
    return ordered(events)
