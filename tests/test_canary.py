"""The rule of the canary: when two versions are told apart, by which looks, and how often by chance."""

import numpy as np
import pytest

from project.errors import UsageError
from project.params import parse
from project.watching import Monitor
from registry import canary
from registry.canary import Look

RULE = Monitor()


def scores(values: list[float]) -> dict[str, float]:
    return {f"asset-{number:04}": float(value) for number, value in enumerate(values)}


def look(worse: int, assets: int, *, better: int = 0, number: int = 1, groups: dict[str, str] | None = None) -> Look:
    """`worse` assets that only the one before has right, and `better` that only the live one has."""
    live = [0.0] * worse + [1.0] * (assets - worse)
    before = [1.0] * worse + [0.0] * better + [1.0] * (assets - worse - better)
    return canary.compare(scores(live), scores(before), groups or {}, RULE, number)


def test_what_is_clearly_worse_is_told() -> None:
    found = look(15, 50)
    assert (found.verdict, found.assets, found.groups, found.confidence) == ("worse", 50, 50, 0.975)
    assert found.difference == pytest.approx(-0.3) and found.interval[1] < 0


def test_a_few_answers_worse_are_no_proof() -> None:
    """Five of five that differ: the bootstrap excludes zero, but of coins it happens once in 32."""
    found = look(5, 50)
    assert found.interval[1] < 0 and found.chance == pytest.approx(1 / 32, rel=0.1)
    assert found.verdict == "not worse"
    assert look(7, 50).verdict == "worse"


def test_the_same_answers_and_better_ones() -> None:
    assert (look(0, 50).verdict, look(0, 50).interval, look(0, 50).chance) == ("not worse", (0.0, 0.0), 1.0)
    assert look(0, 50, better=15).verdict == "better"


def test_groups_are_one_observation_each() -> None:
    """Of 5 speakers one is understood no more: 20 assets, but one observation."""
    speakers = {f"asset-{number:04}": f"speaker {number // 20}" for number in range(100)}
    assert look(20, 100).verdict == "worse"
    found = look(20, 100, groups=speakers)
    assert (found.verdict, found.groups) == ("not worse", 5)


def test_each_later_look_asks_for_more_proof_and_for_twice_the_assets() -> None:
    confidences = [look(0, 50, number=number).confidence for number in (1, 2, 3)]
    assert confidences == [0.975, 0.9875, 0.99375]
    assert canary.needed(RULE, []) == 50
    assert canary.needed(RULE, [look(0, 70)]) == 140


def test_some_loss_may_be_allowed() -> None:
    rule = Monitor(worse_by=0.2)
    live, before = scores([0.0] * 15 + [1.0] * 35), scores([1.0] * 50)
    assert canary.compare(live, before, {}, rule, 1).verdict == "not worse"
    live = scores([0.0] * 30 + [1.0] * 20)
    assert canary.compare(live, before, {}, rule, 1).verdict == "worse"


def test_the_interval_of_groups_agrees_with_the_normal_one() -> None:
    generator = np.random.default_rng(0)
    sums, counts = generator.normal(0.5, 2.0, 400), np.full(400, 4.0)
    low, high = canary.interval(sums, counts, 0.05)
    half = 1.96 * sums.std() / 4 / np.sqrt(400)
    assert (low, high) == (
        pytest.approx(sums.mean() / 4 - half, abs=0.003),
        pytest.approx(sums.mean() / 4 + half, abs=0.003),
    )


def test_sign_flips_agree_with_all_of_them() -> None:
    sums = np.array([-3.0, -2.0, 1.0, -1.0, 0.0])
    signs = np.array(np.meshgrid(*[[-1, 1]] * 4)).reshape(4, -1).T
    exact = (signs @ np.abs(sums[:4]) <= sums.sum()).mean()
    assert canary.by_chance(sums) == pytest.approx(exact, abs=0.01)


def test_durations_and_rules_are_checked() -> None:
    entry = {"recipe": "r", "source": "s"}
    for key, value, said in [
        ("approve_within", "soon", "write a number and a unit of s, min, h, d, as 15 min"),
        ("approve_within", "0 d", "it is no time at all"),
        ("monitor", {"at_least": 3}, "greater than or equal to 10"),
        ("monitor", {"metric": "f1"}, "known: at_least, check, confidence, worse_by"),
        ("promote", "maybe", "'gate', 'ask' or 'never'"),
    ]:
        with pytest.raises(UsageError, match=said):
            parse({"sources": {"s": {"path": "x", "kind": "image"}}, "models": {"m": {**entry, key: value}}}, "p")
