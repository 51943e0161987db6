"""Drift: the index by hand, its limits, and no alarm where there are too few assets."""

import math
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from media import catalog, drift
from media.checks import Finding


def table(labels: str = "", **columns: list[Any]) -> pa.Table:
    """A catalog whose assets have these labels, a letter each, and these columns."""
    count = len(labels) or len(next(iter(columns.values())))
    rows = [
        {"asset_id": f"{number:064x}", "labels": list(labels[number : number + 1]), "status": "admitted"}
        | {name: values[number] for name, values in columns.items()}
        for number in range(count)
    ]
    return catalog.table(rows)


def compared(before: pa.Table, now: pa.Table, limit: float | None = None) -> dict[str, Finding]:
    return {finding.check: finding for finding in drift.compare(before, now, limit)}


def test_the_index_worked_by_hand() -> None:
    """60 and 40 before, 45 and 55 now, each raised by one half."""
    p, q = np.array([60.5, 40.5]) / 101, np.array([45.5, 55.5]) / 101
    expected = sum((q - p) * np.log(q / p))
    parts = drift.stability({"cat": (60, 45), "dog": (40, 55)})
    assert sum(parts.values()) == pytest.approx(expected) == pytest.approx(0.0891, abs=1e-4)


def test_no_drift_is_zero_and_only_filled_columns_are_told() -> None:
    same = table("ab" * 200, width=[28] * 400)
    found = compared(same, same)
    assert found.keys() == {"drift_labels", "drift_width"}
    assert {(each.value, each.verdict) for each in found.values()} == {(0.0, "ok")}


def test_a_shift_is_noted_and_a_limit_exceeded() -> None:
    before, now = table("a" * 300 + "b" * 300), table("a" * 150 + "b" * 300 + "c" * 150)
    noted = compared(before, now)["drift_labels"]
    assert (noted.verdict, noted.limit) == ("noted", None)
    assert "much has changed, most of all others: 0.0% before, 25.0% now" in noted.message
    assert compared(before, now, 0.5)["drift_labels"].verdict == "exceeded"
    assert compared(before, now, 5)["drift_labels"].verdict == "noted"


def test_numbers_are_compared_by_the_deciles_of_before() -> None:
    rng = np.random.default_rng(0)
    before = table(duration_s=rng.normal(2, 0.5, 2000).tolist())
    alike = table(duration_s=rng.normal(2, 0.5, 2000).tolist())
    longer = table(duration_s=rng.normal(3, 0.5, 2000).tolist())
    assert compared(before, alike)["drift_duration_s"].value < drift.LITTLE
    found = compared(before, longer)["drift_duration_s"]
    assert found.value > drift.MUCH and "most of all more than 2.6" in found.message
    constant = compared(table(width=[28] * 500), table(width=[32] * 500))["drift_width"]
    assert (constant.verdict, constant.value > 5) == ("noted", True)


def test_groups_are_compared_by_their_sizes() -> None:
    few = table("a" * 400, group=[f"speaker {number % 100}" for number in range(400)])
    many = table("a" * 400, group=[f"person {number % 200}" for number in range(400)])
    assert compared(few, few)["drift_assets_per_group"].value == 0
    assert compared(few, many)["drift_assets_per_group"].verdict == "noted"


def test_what_is_new_or_gone_counts_as_nothing_before_or_now() -> None:
    found = compared(table("a" * 300), table("a" * 300, group=["x"] * 300))
    assert "drift_labels" in found
    none = compared(table("a" * 300, licence=[""] * 300), table("a" * 300, licence=["MIT"] * 300))["drift_licence"]
    assert "nothing: 100.0% before, 0.0% now" in none.message or "others: 0.0% before, 100.0% now" in none.message


def test_a_catalog_without_a_column_is_compared_by_the_others() -> None:
    before = table("a" * 300).drop_columns(["width"])
    found = compared(before, table("a" * 300, width=[28] * 300))
    assert (found["drift_labels"].value, found["drift_width"].verdict) == (0, "noted")


def test_too_few_assets_are_no_alarm() -> None:
    found = compared(table("aabb"), table("abbbcc"), 0.01)["drift_labels"]
    assert (found.verdict, found.value > 0.01) == ("ok", True)
    assert found.message.endswith("4 assets before and 6 now are too few to judge")


def test_refused_assets_do_not_count() -> None:
    before = table("a" * 300)
    rows = table("a" * 300 + "b" * 300).to_pylist()
    now = catalog.table([row | {"status": "quarantined"} if row["labels"] == ["b"] else row for row in rows])
    assert compared(before, now)["drift_labels"].value == 0


NUMBERS = st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=60)


@given(before=NUMBERS, now=NUMBERS)
def test_the_index_is_never_negative_and_every_asset_is_in_one_bin(before: list[float], now: list[float]) -> None:
    counts = drift.COLUMNS["duration_s"][1](pa.chunked_array([before]), pa.chunked_array([now]))
    assert np.sum(list(counts.values()), axis=0).tolist() == [len(before), len(now)]
    index = sum(drift.stability(counts).values())
    assert index >= 0 and math.isfinite(index)
