"""Scores as sequences of tokens, and back: what sounds, what ends, and how much time goes by between.

After Oore et al. 2018, This Time with Feeling, section 3.2, on a grid of steps and without loudness:
0 to 127 a pitch begins, 128 to 255 it ends, 256 to 351 so many steps less 255 go by.
"""

from collections.abc import Iterator

import numpy as np

from media import score

BEGIN, END, WAIT = 0, score.PITCHES, 2 * score.PITCHES
LONGEST_WAIT = 96
VOCABULARY = WAIT + LONGEST_WAIT


def tokens(notes: np.ndarray, steps_per_quarter: int) -> np.ndarray:
    """The notes of a score, but for drums: int64 (tokens,), 0 to VOCABULARY - 1.

    Starts and ends go to the nearest step, and a note lasts for one at least. At one step, ends come before beginnings,
    low before high.
    """
    switches: list[tuple[int, int]] = []  # step, token
    for note in notes[notes["channel"] != score.DRUMS]:
        start, end = (round(float(note[name]) * steps_per_quarter) for name in ("start", "end"))
        pitch = int(note["pitch"])
        switches += [(start, BEGIN + pitch), (max(start + 1, end), END + pitch)]
    return np.array(list(_timed(switches)), np.int64)


def from_tokens(sequence: np.ndarray, steps_per_quarter: int) -> np.ndarray:
    """The notes of any sequence of tokens, with times in quarter notes: (notes,) of score.NOTE, without seconds.

    A pitch that begins again ends first; one that never ends lasts until the end; an end without a beginning is nothing.
    """
    now, sounding = 0, dict[int, int]()
    events: list[tuple[float, float, float, float, int, int, int]] = []

    def end(pitch: int) -> None:
        start = sounding.pop(pitch, now)
        if start < now:
            span = (start / steps_per_quarter, now / steps_per_quarter)
            events.append((*span, np.nan, np.nan, pitch, score.VELOCITY, 0))

    for token in np.asarray(sequence).tolist():
        if token >= WAIT:
            now += token - WAIT + 1
            continue
        end(token % score.PITCHES)
        if token < END:
            sounding[token] = now
    for pitch in list(sounding):
        end(pitch)
    return score.ordered(events)


def _timed(switches: list[tuple[int, int]]) -> Iterator[int]:
    """The tokens in order of time, with waits between."""
    now = 0
    for step, token in sorted(switches, key=lambda switch: (switch[0], switch[1] < END, switch[1])):
        while now < step:
            wait = min(step - now, LONGEST_WAIT)
            yield WAIT + wait - 1
            now += wait
        yield token
