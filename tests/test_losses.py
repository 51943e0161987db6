"""Cross-entropy against values worked by hand."""

import math

import numpy as np
import pytest
import torch
from torch import nn

from models import losses
from models.settings import Training

FACTS = {"classes": ["a", "b"]}
BATCH = {"image": torch.tensor([[0.0, math.log(3.0)], [math.log(3.0), 0.0]]), "label": torch.tensor([1, 1])}
LABELS = np.array([0, 1, 1, 1])


def scored(**given: object) -> losses.Scored:
    return losses.cross_entropy(Training(**given), FACTS, LABELS)(nn.Identity(), BATCH)


def test_the_mean_of_minus_log_probability() -> None:
    assert scored().loss.item() == pytest.approx(-(math.log(3 / 4) + math.log(1 / 4)) / 2)


def test_accuracy_is_measured_for_each_sample() -> None:
    assert scored().measures["accuracy"].tolist() == [1.0, 0.0]


def test_label_smoothing_gives_a_share_to_every_class() -> None:
    right, wrong = -math.log(3 / 4), -math.log(1 / 4)
    smoothed = [(0.9 * right + 0.1 * wrong), (0.9 * wrong + 0.1 * right)]
    assert scored(label_smoothing=0.2).loss.item() == pytest.approx(sum(smoothed) / 2)


def test_balanced_classes_weigh_the_same_in_sum() -> None:
    weights = losses.class_weights(LABELS, 2)
    assert weights.tolist() == pytest.approx([2.0, 2 / 3])
    assert losses.class_weights(LABELS, 3)[2] == 0.0


def test_class_weights_weigh_the_samples_of_a_batch() -> None:
    batch = BATCH | {"label": torch.tensor([0, 1])}  # both taken for the other class, with probability 3/4
    criterion = losses.cross_entropy(Training(class_weights="balanced"), FACTS, LABELS)
    net = nn.Linear(2, 2)
    with torch.no_grad():
        net.weight.copy_(torch.eye(2))
        net.bias.copy_(torch.tensor([math.log(2.0), 0.0]))
    a, b = -math.log(2 / 5), -math.log(1 / 7)  # probabilities 2/(2+3) of class a, 1/(6+1) of class b
    assert criterion(net, batch).loss.item() == pytest.approx((2.0 * a + 2 / 3 * b) / (2.0 + 2 / 3))
