"""Fitting: what is learnt, what is kept, when it stops."""

import dataclasses
import math
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from models import batches, evaluate, fit, jitter, losses, networks, toy, weights
from models.data import InMemory
from models.fit import Job
from models.losses import Criterion, Scored
from models.settings import Training, setting
from project.errors import DailiesError
from recipes import load


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class Settings(Training):
    width: int = setting(16)
    dropout: float = setting(0.1)
    jitter_shift: float = setting(0.05)
    jitter_rotate: float = setting(5.0)
    jitter_scale: float = setting(0.0)
    jitter_flip: bool = setting(False)


def toy_job(name: str = "cnn", **given: Any) -> Job:
    settings = Settings(**({"epochs": 4, "batch": 32, "rate": 0.01} | given))
    train, validation = toy.pictures(160), toy.pictures(40, seed=1)
    net = networks.build(name, settings, toy.facts(train))
    return Job(net=net, settings=settings, facts=toy.facts(train), train=train, validation=validation)


def fitted(job: Job) -> fit.Fitted:
    return fit.supervised(job, loss=losses.cross_entropy, jitter=jitter.geometry(job.settings))


class Drift(nn.Module):
    """One weight that starts at 0."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(1, 1))


def drift_job(**given: Any) -> Job:
    """SGD with a gradient of -1: the weight grows by the rate each step; four samples, so a step an epoch."""
    plain = {"optimizer": "sgd", "momentum": 0.0, "weight_decay": 0.0, "schedule": "constant", "warmup": 0.0}
    settings = Training(**(plain | {"rate": 0.25, "batch": 4, "epochs": 9} | given))
    samples = InMemory({"label": np.zeros(4, dtype=np.int64)})
    return Job(net=Drift(), settings=settings, facts={"classes": ["a"]}, train=samples, validation=samples)


def drift(settings: Training, facts: Mapping[str, Any], labels: np.ndarray) -> Criterion:
    """In training the more the better; in validation 1 is best."""

    def criterion(net: nn.Module, batch: Mapping[str, Tensor]) -> Scored:
        assert isinstance(net, Drift)
        return Scored(-net.weight.sum() if net.training else (net.weight.sum() - 1).square(), {})

    return criterion


@pytest.mark.parametrize("name", networks.names())
def test_each_network_learns_bars(name: str) -> None:
    job = toy_job(name, epochs=8)
    history = fitted(job).history
    assert history[-1]["validation_accuracy"] >= 0.95
    assert history[-1]["train_loss"] < history[0]["train_loss"] / 2
    assert evaluate.classification(job.net, job.validation, job.facts).metrics["accuracy"] >= 0.95


def test_a_row_of_history_an_epoch() -> None:
    result = fitted(toy_job(epochs=2, schedule="linear", warmup=0.0))
    assert [row["epoch"] for row in result.history] == [1, 2]
    assert [row["rate"] for row in result.history] == pytest.approx([0.006, 0.001])  # steps 4 and 9 of 10
    names = {"train_loss", "train_accuracy", "validation_loss", "validation_accuracy"}
    assert result.history[0].keys() == names | {"epoch", "rate"}
    best = min(result.history, key=lambda row: row["validation_loss"])
    assert result.best_epoch == best["epoch"]
    assert not result.stopped_early


def test_history_tells_the_loss_of_the_final_network() -> None:
    job = toy_job(average=0.9, precision="full")
    last = fitted(job).history[-1]
    probabilities = evaluate.probabilities(job.net, job.validation)
    expected = -np.log(probabilities[np.arange(40), job.validation.column("label")]).mean()
    assert last["validation_loss"] == pytest.approx(expected, rel=1e-5)


def test_the_same_job_gives_the_same_bytes_whatever_was_drawn_before() -> None:
    first, second = toy_job(), toy_job()
    fitted(first)
    torch.rand(1000)
    fitted(second)
    assert weights.to_bytes(first.net) == weights.to_bytes(second.net)


@pytest.mark.parametrize("change", [{"seed": 1}, {"dropout": 0.2}, {"jitter_shift": 0.1}, {"label_smoothing": 0.1}])
def test_a_setting_that_counts_changes_the_weights(change: dict[str, Any]) -> None:
    first, second = toy_job(epochs=1), toy_job(epochs=1, **change)
    fitted(first)
    fitted(second)
    assert weights.to_bytes(first.net) != weights.to_bytes(second.net)


def test_batches_differ_in_size_by_one_at_most() -> None:
    sizes: list[int] = []

    def count(batch: Mapping[str, Tensor], seed: int, epoch: int, step: int) -> dict[str, Tensor]:
        sizes.append(len(batch["image"]))
        return dict(batch)

    fit.supervised(toy_job(epochs=1, batch=50), loss=losses.cross_entropy, jitter=count)
    assert sizes == [40, 40, 40, 40]


def test_jitter_is_told_seed_epoch_and_step() -> None:
    told: list[tuple[int, int, int]] = []

    def note(batch: Mapping[str, Tensor], *key: int) -> dict[str, Tensor]:
        told.append((key[0], key[1], key[2]))
        return dict(batch)

    fit.supervised(toy_job(epochs=2, batch=80, seed=5), loss=losses.cross_entropy, jitter=note)
    assert told == [(5, 0, 0), (5, 0, 1), (5, 1, 0), (5, 1, 1)]


def test_progress_is_told_in_epochs() -> None:
    ticks: list[float] = []
    job = dataclasses.replace(toy_job(epochs=2, batch=80), tick=lambda done, **values: ticks.append(done))
    fitted(job)
    assert ticks == [0.5, 1.0, 1.5, 2.0]


def test_patience_stops_and_gives_back_the_best_weights() -> None:
    job = drift_job(patience=2)
    result = fit.supervised(job, loss=drift)
    assert (result.best_epoch, len(result.history), result.stopped_early) == (4, 6, True)
    assert job.net.weight.item() == pytest.approx(1.0)


def test_without_patience_the_last_weights_stay() -> None:
    job = drift_job()
    result = fit.supervised(job, loss=drift)
    assert (result.best_epoch, len(result.history), result.stopped_early) == (4, 9, False)
    assert job.net.weight.item() == pytest.approx(9 * 0.25)


def test_clipping_limits_a_step() -> None:
    job = drift_job(clip=0.1, epochs=1)
    fit.supervised(job, loss=drift)
    assert job.net.weight.item() == pytest.approx(0.25 * 0.1, rel=1e-4)


def test_the_average_is_that_worked_by_hand() -> None:
    job = drift_job(average=0.2, epochs=3)
    fit.supervised(job, loss=drift)
    average = 0.0
    for step in (1, 2, 3):
        decay = min(0.2, step / (step + 10))  # 1/11, 2/12, 0.2
        average = decay * average + (1 - decay) * 0.25 * step
    assert job.net.weight.item() == pytest.approx(average)


def test_without_validation_samples_there_is_no_validation() -> None:
    job = toy_job(epochs=1)
    nobody = job.validation.where(np.zeros(len(job.validation), dtype=bool))
    result = fitted(dataclasses.replace(job, validation=nobody))
    assert "validation_loss" not in result.history[0]
    assert result.best_epoch == 0


def test_without_training_samples_the_error_says_so() -> None:
    job = toy_job()
    nobody = job.train.where(np.zeros(len(job.train), dtype=bool))
    with pytest.raises(DailiesError, match="no training sample"):
        fitted(dataclasses.replace(job, train=nobody))


def test_a_loss_that_is_not_finite_names_its_place_and_leaves_the_checkpoint(tmp_path: Path) -> None:
    def failing(settings: Training, facts: Mapping[str, Any], labels: np.ndarray) -> Criterion:
        criterion, calls = losses.cross_entropy(settings, facts, labels), iter(range(100))

        def sometimes(net: nn.Module, batch: Mapping[str, Tensor]) -> Scored:
            scored = criterion(net, batch)
            return scored if not net.training or next(calls) < 7 else Scored(scored.loss * math.nan, scored.measures)

        return sometimes

    job = dataclasses.replace(toy_job(), checkpoints=tmp_path)
    with pytest.raises(DailiesError, match=r"loss is nan in epoch 2, step 3 of 5.* lower rate \(=0.01\)"):
        fit.supervised(job, loss=failing)
    before = [path.stat().st_size for path in tmp_path.iterdir()]
    assert len(before) == 1
    assert all(value.isfinite().all() for value in job.net.state_dict().values())


def test_balanced_sampling_shows_a_rare_class_as_often() -> None:
    job = toy_job(epochs=1, sampling="balanced")
    rare = job.train.where((job.train.column("label") != 3) | (np.arange(160) < 16))
    seen: list[int] = []

    def note(batch: Mapping[str, Tensor], *key: int) -> dict[str, Tensor]:
        seen.extend(batch["label"].tolist())
        return dict(batch)

    fit.supervised(dataclasses.replace(job, train=rare), loss=losses.cross_entropy, jitter=note)
    assert seen.count(3) > 0.15 * len(seen)  # 4 of 124 samples


def test_a_warm_start_goes_on_from_the_champion() -> None:
    champion = toy_job(epochs=6)
    fitted(champion)
    job = dataclasses.replace(toy_job(epochs=1, rate=1e-5, seed=9), start=champion.net.state_dict())
    cold = toy_job(epochs=1, rate=1e-5, seed=9)
    assert fitted(job).history[0]["train_loss"] < fitted(cold).history[0]["train_loss"] / 4


def test_a_warm_start_with_other_classes_keeps_a_random_head(capsys: pytest.CaptureFixture[str]) -> None:
    champion = toy_job()
    five = toy.facts(toy.pictures(160, classes=5))
    net = networks.build("cnn", champion.settings, five)
    head = {name: value.clone() for name, value in net.state_dict().items() if "linear" in name}
    weights.warm_start(net, champion.net.state_dict())
    assert "2 of 17 weights do not fit" in capsys.readouterr().out
    assert all(torch.equal(net.state_dict()[name], value) for name, value in head.items())
    assert torch.equal(net.state_dict()["1.weight"], champion.net.state_dict()["1.weight"])


def test_a_warm_start_from_another_network_is_refused() -> None:
    with pytest.raises(DailiesError, match="start_from: no weight of the champion fits"):
        weights.warm_start(Drift(), toy_job().net.state_dict())


def test_batches_taken_ahead_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    plain, threaded = toy_job(), toy_job()
    first = fitted(plain)
    monkeypatch.setattr("models.fit.LARGE_BATCH_NUMBERS", 0)
    assert fitted(threaded) == first
    for one, other in zip(plain.net.parameters(), threaded.net.parameters(), strict=True):
        assert torch.equal(one, other)


def test_a_failing_step_leaves_no_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("models.fit.LARGE_BATCH_NUMBERS", 0)
    before = threading.active_count()

    def fail(batch: Mapping[str, Tensor], seed: int, epoch: int, step: int) -> dict[str, Tensor]:
        raise DailiesError("enough")

    with pytest.raises(DailiesError, match="enough"):
        fit.supervised(toy_job(), loss=losses.cross_entropy, jitter=fail)
    assert threading.active_count() == before


def sequences(count: int) -> InMemory:
    """Padded sequences of ones, as long as `length` says."""
    length = np.arange(count) % 20 + 1
    return InMemory({
        "text": (np.arange(20) < length[:, None]).astype(np.float32),
        "text_length": length,
        "label": np.zeros(count, np.int64),
    })  # fmt: skip


@pytest.mark.parametrize("chosen", [batches.by_length("text"), batches.by_window(2)])
def test_a_recipe_may_choose_its_batches(chosen: batches.Batches) -> None:
    seen: list[np.ndarray] = []

    def watching(settings: Training, facts: Mapping[str, Any], labels: np.ndarray) -> Criterion:
        def criterion(net: nn.Module, batch: Mapping[str, Tensor]) -> Scored:
            if net.training:
                seen.append(batch["text_length"].numpy())
            return Scored(next(net.parameters()).sum(), {})

        return criterion

    samples = sequences(200)
    job = Job(
        net=Drift(),
        settings=Training(epochs=2, batch=16),
        facts={"classes": ["a"]},
        train=samples,
        validation=samples.where(np.zeros(200, dtype=bool)),
    )
    fit.supervised(job, loss=watching, batches=chosen)
    assert len(seen) == 2 * 13
    for epoch in (seen[:13], seen[13:]):
        assert sorted(np.concatenate(epoch)) == sorted(samples.lengths("text"))
    spread = np.mean([np.ptp(lengths) for lengths in seen])
    assert spread < 3 if chosen.__name__ == "bucketed" else spread > 10


@pytest.mark.parametrize("way", [{"mixup": 0.4}, {"cutmix": 1.0}])
def test_the_recipe_mixes_pictures_when_asked_to(way: dict[str, float]) -> None:
    recipe = load("image_classification")

    def trained(**given: float) -> fit.Fitted:
        settings = recipe.settings(epochs=1, batch=32, width=16, **given)
        job = toy_job(epochs=1)
        net = recipe.net(settings, job.facts)
        return recipe.fit(dataclasses.replace(job, net=net, settings=settings))

    plain, mixed = trained().history[0], trained(**way).history[0]
    assert trained(**way).history[0] == mixed
    assert mixed["train_loss"] > plain["train_loss"] and math.isfinite(mixed["validation_loss"])
