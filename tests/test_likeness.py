"""Distances between sets of pictures, against cases worked by hand and against scipy."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import linalg, spatial, stats

from models import likeness


@pytest.mark.parametrize(
    ("mean", "spread", "other_mean", "other", "expected"),
    [
        ([0, 0], [[1, 0], [0, 1]], [3, 4], [[1, 0], [0, 1]], 25.0),  # equal spread: the squared distance of the means
        ([0, 0], [[1, 0], [0, 4]], [0, 0], [[9, 0], [0, 16]], 8.0),  # (1 - 3)² + (2 - 4)²
        ([1, 2], [[4, 0], [0, 0]], [1, 0], [[1, 0], [0, 9]], 14.0),  # 2² + (2 - 1)² + (0 - 3)²
        ([0, 0], [[2, 1], [1, 2]], [0, 0], [[8, 4], [4, 8]], 4.0),  # one is 4 times the other: (1 - 2)² tr C
        ([5, 5], [[2, 1], [1, 2]], [5, 5], [[2, 1], [1, 2]], 0.0),
    ],
)
def test_the_distance_of_two_gaussians_worked_by_hand(
    mean: list[float], spread: list[list[float]], other_mean: list[float], other: list[list[float]], expected: float
) -> None:
    one, two = (np.array(mean), np.array(spread, float)), (np.array(other_mean), np.array(other, float))
    assert likeness.frechet_of_gaussians(*one, *two) == pytest.approx(expected, abs=1e-9)
    assert likeness.frechet_of_gaussians(*two, *one) == pytest.approx(expected, abs=1e-9)


@given(seed=st.integers(0, 1000), width=st.integers(1, 12))
def test_the_distance_of_features_is_that_with_the_root_of_scipy(seed: int, width: int) -> None:
    draws = np.random.default_rng(seed)
    one = draws.normal(size=(40, width)) @ draws.normal(size=(width, width))
    two = draws.normal(1, 2, size=(50, width))
    spreads = [np.atleast_2d(np.cov(each, rowvar=False)) for each in (one, two)]
    root = np.trace(linalg.sqrtm(spreads[0] @ spreads[1])).real
    apart = ((one.mean(0) - two.mean(0)) ** 2).sum()
    expected = apart + np.trace(spreads[0]) + np.trace(spreads[1]) - 2 * root
    assert likeness.frechet_distance(one, two) == pytest.approx(expected, rel=1e-6)


def test_fewer_samples_than_features_give_a_finite_distance() -> None:
    draws = np.random.default_rng(0)
    assert 0 < likeness.frechet_distance(draws.normal(size=(3, 20)), draws.normal(size=(4, 20))) < 1000
    same = draws.normal(size=(3, 20))
    assert likeness.frechet_distance(same, same) == pytest.approx(0, abs=1e-9)


def test_the_nearest_is_found_across_blocks_and_its_distance_is_a_root_mean_square() -> None:
    draws = np.random.default_rng(0)
    asked, all_of_them = (draws.integers(0, 256, (count, 30)).astype(np.uint8) for count in (9, 50))
    all_of_them[41] = asked[3]
    distance, place = likeness.nearest(asked, np.array_split(all_of_them, 7))
    expected = spatial.distance.cdist(asked.astype(float), all_of_them.astype(float)) / np.sqrt(30)
    assert place.tolist() == expected.argmin(1).tolist() and place[3] == 41
    assert distance == pytest.approx(expected.min(1), abs=0.01)


@given(
    values=st.lists(st.integers(0, 20), min_size=1, max_size=30),
    others=st.lists(st.integers(0, 20), min_size=1, max_size=30),
)
def test_the_share_below_is_the_statistic_of_mann_and_whitney(values: list[int], others: list[int]) -> None:
    above = stats.mannwhitneyu(values, others).statistic / (len(values) * len(others))
    assert likeness.share_below(np.array(values), np.array(others)) == pytest.approx(1 - above)


def test_copies_are_below_and_pictures_like_unseen_ones_are_even() -> None:
    unseen = np.arange(100.0)
    assert likeness.share_below(np.zeros(5), unseen + 1) == 1
    assert likeness.share_below(unseen, unseen) == 0.5
