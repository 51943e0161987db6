"""Metric learning: the losses against their papers, the metrics against scikit-learn, people that were never seen."""

import dataclasses
import io
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import toy_jobs
import twins
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from sklearn import linear_model
from sklearn import metrics as published
from torch import Tensor, nn
from toy_jobs import EACH, people

from models import (
    calibration,
    embedding,
    metric_losses,
    order,
    verification,
    verification_pictures,
)
from models.fit import Job
from project.errors import DailiesError
from recipes.face_recognition import Settings, recipe


class Given(nn.Module):
    """Answers with the vectors that it is given, and has a direction for each of two classes."""

    def __init__(self, vectors: Tensor) -> None:
        super().__init__()
        self.vectors = vectors
        self.prototypes = nn.Parameter(torch.eye(2))

    def forward(self, images: Tensor) -> Tensor:
        return self.vectors


def at(*degrees: float) -> Tensor:
    angle = torch.tensor(degrees).deg2rad()
    return torch.stack([angle.cos(), angle.sin()], dim=1)


def scored(prepare: Any, vectors: Tensor, labels: list[int], *, train: bool = True, **given: Any) -> float:
    criterion = prepare(Settings(**given), {}, np.array(labels))
    batch = {"image": torch.zeros(len(labels)), "label": torch.tensor(labels)}
    return float(criterion(Given(vectors).train(train), batch).loss.item())


def chord(degrees: float) -> float:
    return 2 * float(np.sin(np.radians(degrees) / 2))


def test_triplets_take_the_farthest_of_a_person_and_the_nearest_of_another() -> None:
    vectors, labels = at(0, 20, 50, 90), [0, 0, 0, 1]
    farthest, nearest = metric_losses.batch_hard(vectors, torch.tensor(labels))
    assert farthest[:3].tolist() == pytest.approx([chord(50), chord(30), chord(50)], abs=1e-5)
    assert nearest.tolist() == pytest.approx([chord(90), chord(70), chord(40), chord(40)], abs=1e-5)
    assert farthest[3] == -torch.inf, "there is no other picture of this person"
    excess = np.array([chord(50) - chord(90), chord(30) - chord(70), chord(50) - chord(40)])
    expected = np.maximum(excess + 0.3, 0).mean()
    assert scored(metric_losses.triplet, vectors, labels, margin=0.3) == pytest.approx(expected, abs=1e-5)
    soft = np.log1p(np.exp(excess)).mean()
    assert scored(metric_losses.triplet, vectors, labels, margin=0.0) == pytest.approx(soft, abs=1e-5)


def test_a_batch_of_one_person_teaches_nothing() -> None:
    assert scored(metric_losses.triplet, at(0, 10), [0, 0]) == 0


def test_arcface_adds_its_margin_to_the_angle_of_the_own_class() -> None:
    own, other = np.cos(np.radians(20) + 0.3), np.cos(np.radians(70))  # 20° from the direction of class 0
    expected = np.log1p(np.exp(16 * (other - own)))
    reached = scored(metric_losses.arcface, at(20, 70), [0, 1], loss="arcface", margin=0.3, scale=16.0)
    assert reached == pytest.approx(expected, rel=1e-4)


def test_a_picture_of_two_people_mixed_belongs_to_both() -> None:
    criterion = metric_losses.arcface(Settings(margin=0.0, scale=1.0), {}, np.array([0, 1]))
    batch = {"image": torch.zeros(1), "label": torch.tensor([0]), "soft_label": torch.tensor([[0.75, 0.25]])}
    logits = np.cos(np.radians([20, 70]))
    expected = np.log(np.exp(logits).sum()) - logits @ [0.75, 0.25]
    assert criterion(Given(at(20)).train(), batch).loss.item() == pytest.approx(expected, rel=1e-5)


@given(margin=st.floats(0, 3), angle=st.floats(0, 180))
def test_a_margin_never_makes_it_easier(margin: float, angle: float) -> None:
    cosine = torch.tensor([[np.cos(np.radians(angle)), 0.5]])
    harder = metric_losses.with_margin(cosine, torch.tensor([[True, False]]), margin)
    assert harder[0, 0] <= cosine[0, 0] + 1e-5
    assert harder[0, 1] == cosine[0, 1]


def test_people_without_a_direction_are_compared_with_the_mean_of_their_other_pictures() -> None:
    vectors = at(0, 10, 90, 110)
    similarity = embedding.to_means(vectors, torch.tensor([0, 0, 1, 1]))
    assert similarity[0].tolist() == pytest.approx([np.cos(np.radians(10)), np.cos(np.radians(100))], abs=1e-6)
    assert similarity[3].tolist() == pytest.approx([np.cos(np.radians(105)), np.cos(np.radians(20))], abs=1e-6)
    unseen = scored(metric_losses.arcface, vectors, [7, 7, 9, 9], train=False, scale=4.0)
    assert 0 < unseen < 0.1


def batch_of(labels: np.ndarray, batch: int, each: int, epoch: int = 0) -> list[np.ndarray]:
    return order.grouped(labels, batch, each, 3, epoch)


@given(counts=st.lists(st.integers(1, 9), min_size=2, max_size=12), each=st.integers(2, 5), batch=st.integers(4, 40))
def test_a_batch_has_so_many_samples_of_each_of_its_classes(counts: list[int], each: int, batch: int) -> None:
    labels = np.repeat(np.arange(len(counts)), counts)
    batches = batch_of(labels, batch, each)
    assert len(batches) == order.steps(len(labels), batch)
    for indices in batches:
        found, times = np.unique(labels[indices], return_counts=True)
        assert len(found) == min(len(counts), max(2, batch // each))
        assert set(times) == {each}
        for label in found:
            own = indices[labels[indices] == label]
            assert len(set(own)) == min(each, counts[label]), "a sample is repeated while another is left out"


def test_batches_are_drawn_anew_and_pinned_for_ever() -> None:
    labels = np.arange(40) % 8
    first = [indices.tolist() for indices in batch_of(labels, 8, 2)]
    assert first == [indices.tolist() for indices in batch_of(labels, 8, 2)]
    assert first != [indices.tolist() for indices in batch_of(labels, 8, 2, epoch=1)]
    assert first[0] == [2, 10, 21, 13, 15, 31, 0, 32]


SCORES = st.lists(st.floats(-1, 1).map(lambda value: round(value, 2)), min_size=1, max_size=40)


@given(same=SCORES, different=SCORES)
def test_the_curve_and_its_area_are_those_of_scikit_learn(same: list[float], different: list[float]) -> None:
    truth, scores = [1] * len(same) + [0] * len(different), [*same, *different]
    false, true = verification.curve(np.array(same), np.array(different))
    expected_false, expected_true, _ = published.roc_curve(truth, scores, drop_intermediate=False)
    assert false == pytest.approx(expected_false) and true == pytest.approx(expected_true)
    area = verification.roc_area(np.array(same), np.array(different))
    assert area == pytest.approx(published.roc_auc_score(truth, scores))


@given(same=SCORES, different=SCORES)
def test_to_mistake_people_for_strangers_is_as_bad_as_the_reverse(same: list[float], different: list[float]) -> None:
    rate = verification.equal_error_rate(np.array(same), np.array(different))
    turned = verification.equal_error_rate(-np.array(different), -np.array(same))
    assert rate == pytest.approx(turned) and 0 <= rate <= 1


@pytest.mark.parametrize(
    ("same", "different", "expected"),
    [
        ([0.9, 0.8], [0.1, 0.2], 0.0),
        ([0.1, 0.2], [0.9, 0.8], 1.0),
        ([0.9, 0.8, 0.7, 0.2], [0.6, 0.1, 0.1, 0.1], 0.25),
        ([0.5], [0.5], 0.5),
    ],
)
def test_the_equal_error_rate_of_cases_worked_by_hand(same: Any, different: Any, expected: float) -> None:
    assert verification.equal_error_rate(np.array(same), np.array(different)) == pytest.approx(expected)


def test_calibration_is_logistic_regression_and_bounded_when_nothing_overlaps() -> None:
    draws = np.random.default_rng(0)
    same, different = draws.normal(0.7, 0.2, 300), draws.normal(0.2, 0.2, 3000)
    slope, offset = calibration.platt(same, different)
    reference = linear_model.LogisticRegression(C=1e9, class_weight="balanced", tol=1e-9)
    reference.fit(np.concatenate([same, different])[:, None], np.repeat([1, 0], [300, 3000]))
    assert slope == pytest.approx(reference.coef_[0, 0], rel=0.05)
    assert -offset / slope == pytest.approx(-reference.intercept_[0] / reference.coef_[0, 0], abs=0.01)
    slope, offset = calibration.platt(np.full(5, 0.9), np.full(20, 0.1))
    assert calibration.probability(np.array([0.1, 0.9]), slope, offset) == pytest.approx([1 / 22, 6 / 7], abs=1e-3)


@pytest.fixture(scope="module", params=["triplet", "arcface"])
def trained(request: pytest.FixtureRequest) -> Job:
    job = toy_jobs.faces(loss=request.param)
    recipe.fit(job)
    return job


def test_people_never_seen_are_told_apart(trained: Job) -> None:
    unseen = people(9, 3, seed=2)
    outcome = recipe.evaluate(trained.net, unseen, trained.facts)
    assert outcome.metrics["rank_1"] >= 0.9 and outcome.metrics["equal_error_rate"] <= 0.15
    assert "enrolled_rank_1" not in outcome.metrics
    assert set(outcome.rows["score"]) <= {0.0, 1.0} and len(outcome.rows["sample_id"]) == len(unseen)
    assert len(outcome.shown["same"]) == 3 * EACH * (EACH - 1) // 2
    assert len(outcome.shown["same"]) + len(outcome.shown["different"]) == 18 * 17 // 2


def test_who_is_enrolled_is_recognised_and_a_stranger_is_not(trained: Job) -> None:
    known = recipe.evaluate(trained.net, people(0, 9, seed=3), trained.facts)
    assert known.metrics["enrolled_rank_1"] >= 0.95
    answers = {
        person: recipe.predict(
            trained.net, {"image": people(person, 1, 4).take(np.array([0]))["image"][0]}, trained.facts
        )
        for person in (0, 10)
    }
    assert answers[0]["label"] == "class 0" and answers[0]["confidence"] >= 0.5
    assert answers[10]["label"] == "" and answers[10]["confidence"] < 0.5
    assert len(answers[0]["nearest"]) == 3
    assert np.linalg.norm(answers[0]["embedding"]) == pytest.approx(1, abs=1e-4)
    json.dumps(answers)


def test_pictures_of_any_outcome_are_whole(trained: Job) -> None:
    outcome = recipe.evaluate(trained.net, people(9, 3, seed=2), trained.facts)
    drawn = recipe.show(outcome, trained.facts | {"history": [{"epoch": 1, "train_loss": 1.0, "train_rank_1": 0.5}]})
    assert drawn.keys() == {"roc.png", "similarities.png", "hardest_pairs.png", "loss.png"}
    alone = verification_pictures.draw(
        dataclasses.replace(outcome, shown={"same": np.ones(1), "different": np.ones(1), "hardest": []}), {}
    )
    for content in [*drawn.values(), *alone.values()]:
        with Image.open(io.BytesIO(content)) as image:
            image.load()


def test_pictures_of_one_person_cannot_be_measured(trained: Job) -> None:
    with pytest.raises(DailiesError, match="no two people with two pictures each"):
        recipe.evaluate(trained.net, people(9, 1), trained.facts)


def test_the_twin_is_learnt(tmp_path: Path) -> None:
    samples = twins.shards("face_recognition", tmp_path)
    job = twins.job("face_recognition", samples)
    recipe.fit(job)
    outcome = recipe.evaluate(job.net, samples.split("test"), samples.facts)
    assert outcome.metrics["rank_1"] >= 0.9 and outcome.metrics["roc_area"] >= 0.85
