"""The gate: floors, and the paired comparison with the champion."""

import math

import numpy as np
import pytest

from registry import gate


def scores(values: list[int]) -> dict[str, float]:
    return {f"asset-{i}": float(value) for i, value in enumerate(values)}


@pytest.mark.parametrize(
    ("limit", "value", "passed", "reason"),
    [
        ({"at_least": 0.9}, 0.91, True, "accuracy 0.9100 >= 0.9"),
        ({"at_least": 0.9}, 0.89, False, "accuracy 0.8900 < 0.9"),
        ({"at_most": 0.1}, 0.2, False, "accuracy 0.2000 > 0.1"),
        ({"at_least": 0.9}, math.nan, False, "accuracy nan < 0.9"),
    ],
)
def test_floors(limit: dict[str, float], value: float, passed: bool, reason: str) -> None:
    [rule] = gate.floors({"accuracy": limit}, {"accuracy": value})
    assert (rule.passed, rule.reason) == (passed, reason)


def test_a_metric_that_was_not_measured_fails() -> None:
    [rule] = gate.floors({"recall": {"at_least": 0.1}}, {"accuracy": 1.0})
    assert not rule.passed and rule.reason == "recall was not measured"


def test_the_same_answers_pass() -> None:
    same = scores([1] * 90 + [0] * 10)
    assert gate.against_champion(same, same, "v0.1.0").passed


def test_a_clearly_worse_candidate_is_refused() -> None:
    rule = gate.against_champion(scores([1] * 80 + [0] * 20), scores([1] * 100), "v0.1.0")
    assert not rule.passed
    assert rule.reason.startswith("-0.2000 against v0.1.0, 95% interval -0.2")


def test_one_answer_worse_in_a_hundred_is_within_the_interval() -> None:
    assert gate.against_champion(scores([0] + [1] * 99), scores([1] * 100), "v0.1.0").passed


def test_how_much_worse_it_may_be_is_said() -> None:
    worse, best = scores([1] * 90 + [0] * 10), scores([1] * 100)
    for worse_by, passed in ((0.0, False), (0.03, False), (0.1, True)):
        assert gate.against_champion(worse, best, "v0.1.0", worse_by).passed is passed
    assert gate.against_champion(worse, best, "v0.1.0", 0.1).rule == "not worse than v0.1.0 by 0.1"


def test_other_assets_cannot_be_compared() -> None:
    rule = gate.against_champion(scores([1, 1, 1]), {"asset-0": 1.0}, "v0.1.0")
    assert not rule.passed and "1 of the 3 test assets" in rule.reason


def test_bootstrap_agrees_with_the_normal_interval() -> None:
    values = np.array([1.0] * 700 + [0.0] * 300)
    half = 1.96 * math.sqrt(0.7 * 0.3 / 1000)
    low, high = gate.bootstrap(values)
    assert low == pytest.approx(0.7 - half, abs=0.003)
    assert high == pytest.approx(0.7 + half, abs=0.003)


def test_bootstrap_of_a_ratio_draws_both_sides_together() -> None:
    errors, words = np.array([1.0, 3.0] * 200), np.array([10.0, 30.0] * 200)
    assert gate.bootstrap(errors, words) == pytest.approx((0.1, 0.1)), "each has a tenth, however they are drawn"
    low, high = gate.bootstrap(np.array([0.0, 2.0] * 200), np.array([10.0, 10.0] * 200))
    half = 1.96 * 0.1 / math.sqrt(400)
    assert (low, high) == pytest.approx((0.1 - half, 0.1 + half), abs=0.001)


def test_draws_in_pieces_are_the_same_draws(monkeypatch: pytest.MonkeyPatch) -> None:
    values = np.array([0.0, 0.25, 0.5, 1.0, 1.0, 1.0])
    whole = gate.bootstrap(values)
    monkeypatch.setattr(gate, "LARGEST_DRAW", 1000)
    assert gate.bootstrap(values) == whole
