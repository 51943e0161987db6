"""Evaluation of a network whose answers are known."""

import json

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from models import evaluate
from models.data import InMemory
from project.errors import DailiesError

FACTS = {"classes": ["cat", "dog", "owl"]}
SCORES = np.array([[8, 1, 1], [1, 8, 1], [6, 3, 1], [1, 2, 7], [0.5, 9, 0.5]]) / 10
LABELS = np.array([0, 1, 1, 2, 2])


class Pixels(nn.Module):
    """Says what is in the first row of the picture: log scores."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(1))

    def forward(self, images: Tensor) -> Tensor:
        return images[:, 0, 0].float() * self.weight


def samples() -> InMemory:
    images = np.log(SCORES).astype(np.float32)[:, None, None, :]
    return InMemory({"image": images, "label": LABELS}, {"sample_id": np.array(list("abcde"))})


def test_metrics_worked_by_hand() -> None:
    found = evaluate.classification(Pixels(), samples(), FACTS).metrics
    assert found["accuracy"] == pytest.approx(3 / 5)
    assert found["balanced_accuracy"] == pytest.approx((1 + 1 / 2 + 1 / 2) / 3)
    assert found["macro_f1"] == pytest.approx((2 / 3 + 2 / 4 + 2 / 3) / 3)
    # bins of a fifteenth: 0.8 and 0.8 right, 0.6 wrong, 0.7 right, 0.9 wrong
    assert found["expected_calibration_error"] == pytest.approx((2 * 0.2 + 0.6 + 0.3 + 0.9) / 5)
    json.dumps(found)


def test_a_row_a_sample() -> None:
    rows = evaluate.classification(Pixels(), samples(), FACTS).rows
    assert rows["sample_id"].tolist() == list("abcde")
    assert rows["label"].tolist() == ["cat", "dog", "dog", "owl", "owl"]
    assert rows["prediction"].tolist() == ["cat", "dog", "cat", "owl", "dog"]
    assert rows["confidence"] == pytest.approx([0.8, 0.8, 0.6, 0.7, 0.9])


def test_a_row_a_class() -> None:
    cat, dog, owl = evaluate.classification(Pixels(), samples(), FACTS).tables["Classes"]
    assert cat == {"class": "cat", "samples": 1, "precision": 0.5, "recall": 1.0, "f1": pytest.approx(2 / 3)}
    assert dog == {"class": "dog", "samples": 2, "precision": 0.5, "recall": 0.5, "f1": 0.5}
    assert owl == {"class": "owl", "samples": 2, "precision": 1.0, "recall": 0.5, "f1": pytest.approx(2 / 3)}


def test_the_surest_mistake_comes_first_with_its_picture() -> None:
    mistakes = evaluate.classification(Pixels(), samples(), FACTS).shown["mistakes"]
    assert [mistake["sample_id"] for mistake in mistakes] == ["e", "c"]
    assert np.exp(mistakes[0]["image"][0, 0]) == pytest.approx(SCORES[4])


def test_one_sample_is_answered_ready_for_json() -> None:
    answer = evaluate.classify(Pixels(), {"image": samples().take(np.array([2]))["image"][0]}, FACTS)
    assert answer["label"] == "cat"
    assert answer["confidence"] == pytest.approx(0.6)
    assert answer["scores"] == pytest.approx({"cat": 0.6, "dog": 0.3, "owl": 0.1})
    assert json.loads(json.dumps(answer)) == answer


def test_nothing_is_measured_on_no_samples() -> None:
    nobody = samples().where(np.zeros(5, dtype=bool))
    with pytest.raises(DailiesError, match="no sample to measure on"):
        evaluate.classification(Pixels(), nobody, FACTS)
