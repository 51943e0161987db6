"""Recordings said one after the other: several of one speaker become one longer sound with one longer transcript."""

from collections import defaultdict
from collections.abc import Iterator, Sequence

import numpy as np

from media import draws
from media.units import Rows, Sample, Unit, whole
from project.errors import UsageError


def compose(rows: Rows, least: int, most: int, rounds: int) -> Iterator[Unit]:
    """Strings of `least` to `most` recordings of one group and split; each recording is as a rule in `rounds` of them.

    In every round the recordings are put in another order and cut; what is left at the end is too short and stays out.
    With 1 to 1 each recording is a sample by itself. Raises UsageError when `least` is above `most`.
    """
    if least > most:
        raise UsageError(f"join_least (={least}) must not be above join_most (={most}); raise one or lower the other")
    if most <= 1:
        yield from whole(rows, None)
        return
    together: defaultdict[tuple[str, str], list[str]] = defaultdict(list)
    for row in rows:
        together[row["split"], row["group"] or ""].append(row["asset_id"])
    for (split, _), ids in sorted(together.items()):
        for turn in range(rounds):
            for parents in _cut(sorted(ids, key=lambda each: _draw(each, turn, "order")), least, most, turn):
                yield Unit(parents, split)


def _cut(ids: Sequence[str], least: int, most: int, turn: int) -> Iterator[tuple[str, ...]]:
    start = 0
    while start + least <= len(ids):
        length = least + int(_draw(ids[start], turn, "length") * (most - least + 1))
        yield tuple(ids[start : start + length])
        start += length


def _draw(asset_id: str, turn: int, purpose: str) -> float:
    """In [0, 1)."""
    return float(draws.generator(0, asset_id, turn, f"string {purpose}").random())


def join(samples: Sequence[Sample], unit: Unit, rate_hz: int, pause_ms: float) -> Sample:
    """`audio` one after the other with silences of up to `pause_ms` between, and `text` with spaces between.

    How long the silences are depends on the unit alone.
    """
    draw = draws.generator(0, unit.id, 0, "string pauses")
    parts = [samples[0]["audio"]]
    for sample in samples[1:]:
        pause = np.zeros(round(draw.uniform(0, pause_ms) / 1000 * rate_hz), np.float32)
        parts += [pause, sample["audio"]]
    return {**samples[0], "audio": np.concatenate(parts), "text": " ".join(sample["text"] for sample in samples)}
