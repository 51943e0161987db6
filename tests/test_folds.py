"""Cross-validation holds out each fold once, and nothing made from it is trained on."""

import dataclasses
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from torch import nn

from models import evaluate, fit, folds, losses, networks, toy
from models.data import InMemory, Samples
from models.fit import Fitted, Job
from models.outcome import Outcome
from models.settings import Training, setting
from project.errors import DailiesError


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class Settings(Training):
    width: int = setting(16)
    dropout: float = setting(0.0)


def job(count: int, checkpoints: Path | None = None) -> Job:
    """Six assets in folds 0 1 2 0 1 2, each with one augmented copy."""
    columns = {
        "fold": np.array([0, 1, 2] * 4),
        "copy": np.array([0] * 6 + [1] * 6),
        "sample_id": np.array([str(number) for number in range(12)]),
    }
    samples = InMemory({"label": np.zeros(12, dtype=np.int64)}, columns)
    return Job(
        net=nn.Identity(), settings=Settings(folds=count), facts={}, train=samples, validation=samples,
        checkpoints=checkpoints,
    )  # fmt: skip


def ids(samples: Samples) -> list[int]:
    return [int(name) for name in samples.column("sample_id")]


def test_originals_are_held_out_once_and_their_copies_are_not_trained_on(tmp_path: Path) -> None:
    trained, held_out, watched = [], [], []

    def fake_fit(part: Job) -> Fitted:
        trained.append(ids(part.train))
        watched.append(ids(part.validation))
        assert part.checkpoints == tmp_path / f"fold-{len(trained) - 1}"
        return Fitted(history=[], best_epoch=0, stopped_early=False)

    def fake_evaluate(net: nn.Module, samples: Samples, facts: Mapping[str, Any], training: Samples) -> Outcome:
        held_out.append(ids(samples))
        return Outcome(metrics={"score": float(ids(samples)[0])}, rows={})

    measured = folds.cross_validate(
        job(3, tmp_path), net=lambda settings, facts: nn.Identity(), fit=fake_fit, evaluate=fake_evaluate
    )
    assert held_out == [[0, 3], [1, 4], [2, 5]]
    assert watched == [list(range(12))] * 3, "what is measured must not be looked at while learning"
    assert trained == [[1, 2, 4, 5, 7, 8, 10, 11], [0, 2, 3, 5, 6, 8, 9, 11], [0, 1, 3, 4, 6, 7, 9, 10]]
    assert measured == {"score": {"mean": 1.0, "spread": 1.0}}


def test_more_folds_than_there_are_is_an_error() -> None:
    def never(*parts: Any) -> Any:
        raise AssertionError("a fold was trained before all were checked")

    with pytest.raises(DailiesError, match="folds is 4: fold 3 has no original sample; set fewer folds"):
        folds.cross_validate(job(4), net=never, fit=never, evaluate=never)


def test_a_real_network_is_cross_validated() -> None:
    samples = toy.pictures(120)
    settings = Settings(epochs=6, batch=16, rate=0.01, folds=2)
    facts = toy.facts(samples)
    whole = Job(net=nn.Identity(), settings=settings, facts=facts, train=samples, validation=samples)
    measured = folds.cross_validate(
        whole,
        net=lambda settings, facts: networks.build("cnn", settings, facts),
        fit=lambda part: fit.supervised(part, loss=losses.cross_entropy),
        evaluate=lambda net, held_out, facts, training: evaluate.classification(net, held_out, facts),
    )
    assert measured["accuracy"]["mean"] > 0.9
    assert measured["accuracy"]["spread"] < 0.15
