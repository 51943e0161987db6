"""The order of samples is a function of seed and epoch alone."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from models import order


@given(count=st.integers(1, 500), seed=st.integers(0, 2**31 - 1), epoch=st.integers(0, 9999))
def test_an_epoch_visits_every_sample_once(count: int, seed: int, epoch: int) -> None:
    assert sorted(order.shuffled(count, seed, epoch)) == list(range(count))


def test_the_order_is_pinned_for_ever() -> None:
    assert order.shuffled(10, seed=7, epoch=0).tolist() == [1, 2, 6, 9, 8, 0, 7, 3, 4, 5]


def test_seed_and_epoch_each_change_the_order() -> None:
    orders = [order.shuffled(1000, seed, epoch).tolist() for seed in (0, 1) for epoch in (0, 1)]
    assert len({tuple(visits) for visits in orders}) == 4


def test_streams_of_different_purpose_or_step_share_nothing() -> None:
    keys = [
        (purpose, seed, epoch, step) for purpose in range(3) for seed in (0, 1) for epoch in (0, 1) for step in (0, 1)
    ]
    firsts = {int(order.stream(*key).random_raw()) for key in keys}
    assert len(firsts) == len(keys)


def test_uniform_draws_fill_the_unit_interval() -> None:
    draws = order.uniform(order.stream(order.JITTER, 1, 2, 3), (10_000, 2))
    assert draws.shape == (10_000, 2)
    assert draws.min() >= 0 and draws.max() < 1
    assert np.abs(draws.mean(0) - 0.5).max() < 0.02


def test_balanced_sampling_visits_a_rare_class_as_often_as_a_common_one() -> None:
    labels = np.array([0] * 9_000 + [1] * 1_000)
    visits = order.balanced(labels, seed=0, epoch=0)
    assert len(visits) == len(labels)
    assert abs((labels[visits] == 1).mean() - 0.5) < 0.02
    assert len(np.unique(visits[labels[visits] == 1])) > 950  # of 1,000: nearly all are seen


def test_a_short_last_batch_counts_as_a_step() -> None:
    assert [order.steps(count, 128) for count in (1, 128, 129, 256)] == [1, 1, 2, 2]
