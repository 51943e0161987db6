"""Which split an asset goes to, and draws that depend on nothing but their purpose."""

import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from media import draws, splits
from project.errors import UsageError
from project.params import Split


def row(asset_id: str, *, label: str = "a", group: str = "", split: str = "") -> dict[str, Any]:
    return {"asset_id": asset_id, "labels": [label], "group": group, "split": split}


def assets(count: int, start: int = 0, **keys: str) -> list[dict[str, Any]]:
    return [row(f"{number:064x}", **keys) for number in range(start, start + count)]


ROOT = Path(__file__).parent.parent
RULE = Split(validation=0.1, test=0.2)
labels = st.sampled_from(["a", "b", "c"])
grouped = st.lists(st.tuples(st.integers(0, 40), labels), max_size=60).map(
    lambda pairs: [row(f"{i:064x}", group=f"{label}{g}", label=label) for i, (g, label) in enumerate(pairs)]
)


def test_the_fractions_are_met() -> None:
    counts = Counter(place.split for place in splits.assign(assets(5000), RULE).values())
    assert counts["test"] == pytest.approx(1000, abs=120)
    assert counts["validation"] == pytest.approx(500, abs=90)


@settings(max_examples=60, deadline=None)
@given(rows=grouped)
def test_a_group_is_never_divided(rows: list[dict[str, Any]]) -> None:
    places = splits.assign(rows, RULE)
    for group in {each["group"] for each in rows}:
        assert len({places[each["asset_id"]] for each in rows if each["group"] == group}) == 1


@settings(max_examples=60, deadline=None)
@given(rows=grouped)
def test_a_label_of_three_groups_is_in_every_split(rows: list[dict[str, Any]]) -> None:
    places = splits.assign(rows, RULE)
    for label in {each["labels"][0] for each in rows}:
        mine = [each for each in rows if each["labels"] == [label]]
        if len({each["group"] for each in mine}) >= 3:
            assert {places[each["asset_id"]].split for each in mine} == set(splits.NAMES)


def test_assets_keep_their_split_when_others_arrive() -> None:
    before, after = splits.assign(assets(300), RULE), splits.assign(assets(4000), RULE)
    assert {asset_id: after[asset_id] for asset_id in before} == before


@settings(max_examples=60, deadline=None)
@given(rows=grouped, seed=st.integers(0, 5))
def test_only_labels_that_lack_a_split_move_at_all(rows: list[dict[str, Any]], seed: int) -> None:
    """Where every label has every split by its own hashes, each asset is placed as if it were alone."""
    rule = Split(validation=0.3, test=0.3, seed=seed)
    alone = {each["asset_id"]: splits.assign([each], rule)[each["asset_id"]] for each in rows}
    present: dict[str, set[str]] = {}
    for each in rows:
        present.setdefault(each["labels"][0], set()).add(alone[each["asset_id"]].split)
    places = splits.assign(rows, rule)
    for each in rows:
        if present[each["labels"][0]] == set(splits.NAMES):
            assert places[each["asset_id"]] == alone[each["asset_id"]]


def test_an_official_test_split_is_kept_and_nothing_is_added_to_it() -> None:
    rows = assets(1000, split="train") + assets(100, 1000, split="test")
    places = splits.assign(rows, RULE)
    assert {places[each["asset_id"]].split for each in rows[1000:]} == {"test"}
    carved = Counter(places[each["asset_id"]].split for each in rows[:1000])
    assert set(carved) == {"train", "validation"}
    assert carved["validation"] == pytest.approx(100, abs=40)


def test_near_duplicates_stay_on_one_side() -> None:
    rows = [row(f"{i:064x}", group=str(i // 2)) for i in range(400)]
    pairs = [(f"{i:064x}", f"{i + 10:064x}") for i in range(0, 380, 20)]
    apart, joined = splits.assign(rows, RULE), splits.assign(rows, RULE, pairs)
    assert any(apart[first] != apart[second] for first, second in pairs)
    for first, second in pairs:
        groups = [
            each["asset_id"] for each in rows if each["group"] in {str(int(first, 16) // 2), str(int(second, 16) // 2)}
        ]
        assert len({joined[asset_id] for asset_id in groups}) == 1
    touched = {str(int(asset_id, 16) // 2) for pair in pairs for asset_id in pair}
    others = [each["asset_id"] for each in rows if each["group"] not in touched]
    assert sum(apart[asset_id] != joined[asset_id] for asset_id in others) == 0
    assert splits.assign(rows, RULE, reversed([pair[::-1] for pair in pairs])) == joined


def test_a_long_chain_of_near_duplicates_is_one_group() -> None:
    ids = [f"{i:064x}" for i in range(3000)]
    pairs = list(zip(ids[1:], ids, strict=False))[::-1]
    places = splits.assign([row(asset_id) for asset_id in ids], RULE, [*pairs, (ids[0], "of another catalog")])
    assert len(set(places.values())) == 1


def test_an_official_split_goes_before_near_duplicates() -> None:
    rows = [row("a" * 64, split="test"), row("b" * 64, split="train")]
    places = splits.assign(rows, RULE, [("a" * 64, "b" * 64)])
    assert [places[each["asset_id"]].split for each in rows] == ["test", "train"]


def test_two_official_splits_leave_nothing_to_hold_out() -> None:
    rows = assets(50, split="train") + assets(5, 50, split="test") + assets(5, 55, split="validation")
    places = splits.assign(rows, RULE)
    assert Counter(place.split for place in places.values()) == {"train": 50, "test": 5, "validation": 5}


def test_a_fraction_of_0_makes_no_such_split() -> None:
    places = splits.assign(assets(200), Split(validation=0, test=0.5))
    assert {place.split for place in places.values()} == {"train", "test"}


def test_fractions_must_leave_something_to_train_on() -> None:
    with pytest.raises(UsageError, match=r"split.validation 0.5 and split.test 0.5 leave nothing for train"):
        splits.assign(assets(3), Split(validation=0.5, test=0.5))


@pytest.mark.parametrize("folds", [2, 5, 7, 20])
def test_folds_are_of_about_equal_size_and_keep_groups(folds: int) -> None:
    rows = [row(f"{i:064x}", group=str(i // 4)) for i in range(4000)]
    places = splits.assign(rows, RULE)
    numbers = Counter(place.fold % folds for place in places.values())
    assert len(numbers) == folds
    assert max(numbers.values()) < 1.5 * 4000 / folds
    assert all(len({places[each["asset_id"]].fold for each in rows[i : i + 4]}) == 1 for i in range(0, 4000, 4))


def test_another_seed_is_another_split() -> None:
    first, second = (splits.assign(assets(200), Split(seed=seed)) for seed in (0, 1))
    assert first != second


def test_draws_depend_on_their_purpose_alone() -> None:
    purposes = [
        (0, "a", 1, "rotate"),
        (1, "a", 1, "rotate"),
        (0, "b", 1, "rotate"),
        (0, "a", 2, "rotate"),
        (0, "a", 1, "x"),
    ]
    first = [draws.generator(*purpose).random() for purpose in purposes]
    second = [draws.generator(*purpose).random() for purpose in reversed(purposes)]
    assert first == second[::-1]
    assert len(set(first)) == len(purposes)


def test_draws_are_the_same_in_another_process() -> None:
    code = "from media import draws; print(draws.generator(3, 'a', 1, 'rotate').random(2).tolist())"
    told = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert told.strip() == str(draws.generator(3, "a", 1, "rotate").random(2).tolist())


def test_draws_are_uniform() -> None:
    values = [draws.generator(0, f"{i}", 1, "rotate").random() for i in range(4000)]
    counts, _ = np.histogram(values, bins=10, range=(0, 1))
    assert ((counts - 400) ** 2 / 400).sum() < 27.9  # chi-squared of 9 degrees of freedom, p = 0.001
