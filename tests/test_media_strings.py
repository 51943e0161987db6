"""Recordings joined to strings: who is joined with whom, how long, and that nothing depends on the order of rows."""

from collections import Counter

import numpy as np
import pytest

from media import strings
from media.units import Unit
from project.errors import UsageError

ROWS = [
    {"asset_id": f"{number:064x}", "split": "test" if number % 5 == 0 else "train", "group": f"speaker {number % 3}"}
    for number in range(90)
]


def test_strings_keep_to_a_speaker_and_a_split() -> None:
    place = {row["asset_id"]: (row["split"], row["group"]) for row in ROWS}
    units = list(strings.compose(ROWS, 3, 7, 4))
    for unit in units:
        assert 3 <= len(unit.parents) <= 7 and len(set(unit.parents)) == len(unit.parents)
        assert len({place[parent] for parent in unit.parents}) == 1 and place[unit.parents[0]][0] == unit.split
    assert {len(unit.parents) for unit in units} == {3, 4, 5, 6, 7}
    used = Counter(parent for unit in units for parent in unit.parents)
    assert max(used.values()) == 4 and sum(used.values()) > 0.8 * 4 * len(ROWS)


def test_the_order_of_rows_alters_nothing() -> None:
    assert list(strings.compose(ROWS, 3, 7, 2)) == list(strings.compose(ROWS[::-1], 3, 7, 2))


def test_a_range_that_is_none_is_refused() -> None:
    with pytest.raises(UsageError, match=r"join_least \(=5\) must not be above join_most \(=3\)"):
        list(strings.compose(ROWS, 5, 3, 1))


def test_one_to_one_joins_nothing() -> None:
    assert [unit.parents for unit in strings.compose(ROWS, 1, 1, 5)] == [(row["asset_id"],) for row in ROWS]


def test_joined_sounds_lie_after_each_other_with_pauses() -> None:
    samples = [{"audio": np.full(100, level, np.float32), "text": str(level)} for level in (1, 2, 3)]
    joined = strings.join(samples, Unit(("a", "b", "c"), "train"), rate_hz=1000, pause_ms=50)
    wave = joined["audio"]
    assert joined["text"] == "1 2 3" and wave.dtype == np.float32
    assert 300 < len(wave) <= 400 and wave[wave > 0].tolist() == [1] * 100 + [2] * 100 + [3] * 100
    again = strings.join(samples, Unit(("a", "b", "c"), "train"), rate_hz=1000, pause_ms=50)
    assert again["audio"].tolist() == wave.tolist()


def test_a_single_recording_stays_as_it_is() -> None:
    sample = {"audio": np.ones(5, np.float32), "text": "one"}
    joined = strings.join([sample], Unit(("a",), "test"), rate_hz=1000, pause_ms=50)
    assert joined["audio"].tolist() == [1] * 5 and joined["text"] == "one"
