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
        (purpose, seed, epoch, step) for purpose in range(5) for seed in (0, 1) for epoch in (0, 1) for step in (0, 1)
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


LENGTHS = st.lists(st.integers(0, 500), min_size=1, max_size=400).map(np.array)


@given(lengths=LENGTHS, batch=st.integers(1, 40), seed=st.integers(0, 2**31 - 1), epoch=st.integers(0, 99))
def test_buckets_hold_every_sample_once(lengths: np.ndarray, batch: int, seed: int, epoch: int) -> None:
    batches = order.bucketed(lengths, batch, seed, epoch)
    assert sorted(np.concatenate(batches)) == list(range(len(lengths)))
    assert len(batches) == order.steps(len(lengths), batch)
    sizes = [len(each) for each in batches]
    assert max(sizes) <= batch and max(sizes) - min(sizes) <= 1
    again = order.bucketed(lengths, batch, seed, epoch)
    assert all(np.array_equal(*pair) for pair in zip(batches, again, strict=True))


def padding(lengths: np.ndarray, batches: list[np.ndarray]) -> float:
    """The share of a padded epoch that is padding."""
    padded = sum(lengths[each].max() * len(each) for each in batches)
    return float(1 - lengths.sum() / padded)


def skewed(count: int, seed: int) -> np.ndarray:
    """Lengths as texts have them: most short, few very long."""
    return np.ceil(np.random.default_rng(seed).lognormal(3, 1, count)).astype(np.int64)


@given(seed=st.integers(0, 999), batch=st.integers(8, 64))
def test_buckets_waste_less_than_a_plain_shuffle(seed: int, batch: int) -> None:
    lengths = skewed(2000, seed)
    plain = np.array_split(order.shuffled(2000, seed, 0), order.steps(2000, batch))
    assert padding(lengths, order.bucketed(lengths, batch, seed, 0)) < 0.9 * padding(lengths, plain)


def test_buckets_change_with_the_epoch_and_come_in_no_order_of_length() -> None:
    lengths = skewed(5000, 0)
    first, second = (order.bucketed(lengths, 32, 7, epoch) for epoch in (0, 1))
    assert not {tuple(sorted(each)) for each in first} & {tuple(sorted(each)) for each in second}
    trends = []
    for seed in range(30):
        means = np.array([np.log(lengths[each].mean()) for each in order.bucketed(lengths, 32, seed, 0)])
        trends.append(np.corrcoef(means, np.arange(len(means)))[0, 1])
    assert abs(np.mean(trends)) < 0.06  # four times its spread of 1 / sqrt(157 batches × 30)


COUNTS = st.lists(st.integers(0, 30), min_size=1, max_size=20)


@given(files=COUNTS, window=st.integers(1, 6), seed=st.integers(0, 2**31 - 1), epoch=st.integers(0, 99))
def test_a_window_needs_few_files_at_a_time(files: list[int], window: int, seed: int, epoch: int) -> None:
    visits = order.windowed(files, window, seed, epoch)
    assert sorted(visits) == list(range(sum(files)))
    assert np.array_equal(visits, order.windowed(files, window, seed, epoch))
    held = np.repeat(np.arange(len(files)), files)[visits]  # the file of each visit
    spans = {file: (int(np.flatnonzero(held == file)[0]), int(np.flatnonzero(held == file)[-1])) for file in set(held)}
    for place in range(len(held)):
        assert sum(first <= place <= last for first, last in spans.values()) <= window


def test_a_window_mixes_its_files_and_their_order() -> None:
    visits = order.windowed([100] * 40, 4, seed=1, epoch=0)
    files = visits // 100
    assert {len(set(files[start : start + 400])) for start in range(0, 4000, 400)} == {4}
    assert (np.diff(files) != 0).mean() > 0.6
    assert (np.diff(visits) == 1).mean() < 0.02
    assert not np.array_equal(visits, order.windowed([100] * 40, 4, seed=1, epoch=1))


def test_a_window_of_all_files_is_a_shuffle() -> None:
    visits = order.windowed([500, 500], 2, seed=0, epoch=0)
    assert abs(np.corrcoef(visits, np.arange(1000))[0, 1]) < 0.1
