"""What a recipe is given beside its own settings: balance between classes, folds, early stopping, a warm start."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from twins import job, shards

from media.shards import Shards
from models import batches, folds, order
from models.data import InMemory
from models.settings import Training, resolve
from project.errors import UsageError
from recipes import load
from steps.train import new_net

CLASSIFIERS = ("sound_classification", "text_classification")
UNCLASSED = ("speech_to_text", "translation", "recommendation", "game_agent", "face_recognition")


@pytest.fixture(scope="module")
def twins(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Shards]:
    return {name: shards(name, tmp_path_factory.mktemp(name)) for name in CLASSIFIERS}


def test_balanced_sampling_holds_where_batches_are_of_like_lengths() -> None:
    """One of ten samples is of the second class; then every second visit is."""
    lengths = np.arange(2000) % 50 + 1
    label = (np.arange(2000) % 10 == 0).astype(np.int64)
    samples = InMemory({"text": np.zeros((2000, 1)), "text_length": lengths, "label": label})
    settings = Training(sampling="balanced", batch=20)
    made = batches.by_length("text")(samples, settings, 0)
    seen = np.concatenate(made)
    assert len(made) == order.steps(2000, 20) and len(seen) == 2000
    assert 0.45 < label[seen].mean() < 0.55
    assert np.mean([np.ptp(lengths[each]) for each in made]) < 10
    pooled = np.concatenate(made[: len(made) // 2])
    assert abs(float(np.mean(pooled)) - 1000) < 100, "batches come in the order of the samples"


@pytest.mark.parametrize("name", CLASSIFIERS)
@pytest.mark.parametrize("way", [{"class_weights": "balanced"}, {"sampling": "balanced"}])
def test_a_classifier_can_be_balanced(twins: Mapping[str, Shards], name: str, way: dict[str, str]) -> None:
    few = {"epochs": 1, "optimizer": "sgd"}
    lopsided = twins[name].split("train")
    labels = lopsided.column("label")
    lopsided = lopsided.where((labels != 0) | (np.arange(len(labels)) % 5 == 0))

    def history(**given: Any) -> list[dict[str, float]]:
        import dataclasses

        made = dataclasses.replace(job(name, twins[name], **few, **given), train=lopsided)
        return load(name).fit(made).history

    assert history(**way)[0]["train_loss"] != history()[0]["train_loss"]
    assert history(**way) == history(**way)


@pytest.mark.parametrize("name", UNCLASSED)
def test_a_balance_that_means_nothing_is_refused(name: str) -> None:
    with pytest.raises(UsageError, match=r"class_weights is 'balanced': must be one of none"):
        resolve(load(name).settings, {"class_weights": "balanced"}, "x")
    with pytest.raises(UsageError, match=r"sampling is 'balanced': must be one of"):
        resolve(load(name).settings, {"sampling": "balanced"}, "x")


@pytest.mark.parametrize("name", CLASSIFIERS)
def test_any_classifier_is_cross_validated(twins: Mapping[str, Shards], name: str) -> None:
    recipe = load(name)
    measured = folds.cross_validate(
        job(name, twins[name], folds=2, epochs=2, patience=1),
        net=lambda settings, facts: new_net(recipe, settings, dict(facts)),
        fit=recipe.fit,
        evaluate=recipe.measure,
    )
    assert 0 <= measured["accuracy"]["mean"] <= 1 and measured["accuracy"]["spread"] >= 0


@pytest.mark.parametrize("name", CLASSIFIERS)
def test_a_warm_start_goes_on_and_patience_stops(twins: Mapping[str, Shards], name: str, tmp_path: Path) -> None:
    champion = job(name, twins[name], epochs=10)
    load(name).fit(champion)
    start = {key: value.clone() for key, value in champion.net.state_dict().items()}
    slow: dict[str, Any] = {"epochs": 1, "rate": 1e-6, "average": 0, "seed": 9}
    warm = load(name).fit(job(name, twins[name], start=start, **slow)).history[0]["train_loss"]
    assert warm < load(name).fit(job(name, twins[name], **slow)).history[0]["train_loss"]
    stopped = load(name).fit(job(name, twins[name], start=start, epochs=50, patience=2, rate=0.05))
    assert stopped.stopped_early and len(stopped.history) - stopped.best_epoch == 2
