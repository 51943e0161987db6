"""Metrics against values worked by hand."""

import numpy as np
import pytest

from models import metrics

# true 0: 0 0 1    true 1: 1 1 1 0    true 2: 2 0 1
LABELS = np.array([0, 0, 0, 1, 1, 1, 1, 2, 2, 2])
PREDICTIONS = np.array([0, 0, 1, 1, 1, 1, 0, 2, 0, 1])
COUNTS = np.array([[2, 1, 0], [1, 3, 0], [1, 1, 1]])


def test_confusion_counts_true_classes_in_rows() -> None:
    assert metrics.confusion(LABELS, PREDICTIONS, 3).tolist() == COUNTS.tolist()


def test_per_class_values_worked_by_hand() -> None:
    assert metrics.precision(COUNTS) == pytest.approx([2 / 4, 3 / 5, 1 / 1])
    assert metrics.recall(COUNTS) == pytest.approx([2 / 3, 3 / 4, 1 / 3])
    assert metrics.f1(COUNTS) == pytest.approx([4 / 7, 6 / 9, 2 / 4])


def test_summaries_worked_by_hand() -> None:
    assert metrics.accuracy(COUNTS) == pytest.approx(6 / 10)
    assert metrics.balanced_accuracy(COUNTS) == pytest.approx((2 / 3 + 3 / 4 + 1 / 3) / 3)
    assert metrics.macro_f1(COUNTS) == pytest.approx((4 / 7 + 2 / 3 + 1 / 2) / 3)


def test_agrees_with_scikit_learn_on_random_answers() -> None:
    from sklearn import metrics as reference

    draws = np.random.default_rng(3)
    labels, predictions = draws.integers(0, 7, 500), draws.integers(0, 7, 500)
    counts = metrics.confusion(labels, predictions, 7)
    assert counts.tolist() == reference.confusion_matrix(labels, predictions).tolist()
    assert metrics.macro_f1(counts) == pytest.approx(reference.f1_score(labels, predictions, average="macro"))
    assert metrics.balanced_accuracy(counts) == pytest.approx(reference.balanced_accuracy_score(labels, predictions))


def test_a_class_that_never_occurs_counts_for_nothing() -> None:
    counts = metrics.confusion(np.array([0, 1]), np.array([0, 1]), 3)
    assert metrics.recall(counts).tolist() == [1, 1, 0]
    assert metrics.macro_f1(counts) == metrics.balanced_accuracy(counts) == 1.0


def test_no_samples_give_zero_and_not_nan() -> None:
    none = np.zeros((2, 2), dtype=np.int64)
    empty = np.array([])
    assert [metrics.accuracy(none), metrics.macro_f1(none), metrics.balanced_accuracy(none)] == [0, 0, 0]
    assert metrics.expected_calibration_error(empty, empty) == 0


def test_calibration_error_worked_by_hand() -> None:
    confidence = np.array([0.9, 0.8, 0.6, 0.55])
    right = np.array([True, False, True, True])
    # two bins, (0, 0.5] and (0.5, 1]: all four in the second; |mean confidence 0.7125 - accuracy 0.75|
    assert metrics.expected_calibration_error(confidence, right, bins=2) == pytest.approx(0.0375)
    # five bins of 0.2: {0.6, 0.55} gap |0.575 - 1|, {0.8} gap 0.8, {0.9} gap 0.1
    assert metrics.expected_calibration_error(confidence, right, bins=5) == pytest.approx((2 * 0.425 + 0.8 + 0.1) / 4)


def test_calibration_bins_are_closed_on_the_right() -> None:
    table = metrics.reliability(np.array([0.0, 0.5, 0.51, 1.0]), np.ones(4), bins=2)
    assert table[:, 0].tolist() == [2, 2]


def test_being_as_often_right_as_sure_is_no_error() -> None:
    confidence = np.full(10, 0.7)
    assert metrics.expected_calibration_error(confidence, np.arange(10) < 7) == pytest.approx(0.0)
