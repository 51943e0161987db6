"""A budget of minutes ends a training, fits its schedule to the time, and counts what a killed process has used."""

import dataclasses
import itertools
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from twins import job, shards

from media.shards import Shards
from models import checkpoint, fit, losses, networks, toy
from models.job import Fitted, Job
from models.pace import Pace
from models.settings import Training, setting
from project.errors import UsageError
from recipes import load


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class Settings(Training):
    width: int = setting(16)
    dropout: float = setting(0.0)


class Stop(Exception):
    """Ends a training from within."""


def clock(step_s: float, start_s: float = 1000.0) -> Callable[[], float]:
    """Goes on by so much whenever it is asked."""
    times = itertools.count()
    return lambda: start_s + step_s * next(times)


def toy_job(folder: Path | None = None, step_s: float = 0.1, tick: Any = None, **given: Any) -> Job:
    settings = Settings(**({"minutes": 0.2, "batch": 16, "rate": 0.01} | given))
    samples = toy.pictures(80, 12)
    return Job(
        net=networks.build("cnn", settings, toy.facts(samples)), settings=settings, facts=toy.facts(samples),
        train=samples, validation=toy.pictures(20, 12, seed=1), checkpoints=folder, clock=clock(step_s),
        tick=tick or (lambda done, **values: None),
    )  # fmt: skip


def train(job: Job) -> Fitted:
    return fit.supervised(job, loss=losses.cross_entropy)


def test_a_share_is_of_the_epochs_or_of_the_time() -> None:
    by_epochs = Pace(Training(epochs=8), clock(5))
    by_epochs.begin(0)
    assert (by_epochs.share(2), by_epochs.done(2), by_epochs.used_s) == (0.25, 2, 0)
    assert by_epochs.over(8) and not by_epochs.over(7.9)
    by_time = Pace(Training(minutes=1), clock(5))
    by_time.begin(10)
    assert [by_time.share(0) for _ in range(3)] == pytest.approx([15 / 60, 20 / 60, 25 / 60])
    assert not by_time.over(1000)
    assert [by_time.used_s for _ in range(5)][-1] == 55 and by_time.over(0) and by_time.done(0) == 1


def test_the_rate_comes_down_as_the_time_runs_out() -> None:
    told: list[float] = []
    done = toy_job(tick=lambda minutes, **values: told.append(minutes))
    history = train(done).history
    assert 60 * history[-1]["minutes"] == pytest.approx(12, abs=0.5)
    assert history[-1]["rate"] < 1e-3 < 5e-3 < history[len(history) // 3]["rate"]
    assert told == sorted(told) and told[-1] <= 0.2
    assert [row["epoch"] for row in history] == [*range(1, len(history) + 1)]
    assert history[-1]["validation_loss"] < history[0]["validation_loss"]


def test_an_epoch_longer_than_the_time_is_cut() -> None:
    [row] = train(toy_job(step_s=3.0)).history
    assert row["epoch"] == 1 and {"train_loss", "validation_loss"} <= row.keys()


def test_twice_the_time_is_twice_the_epochs() -> None:
    short, long = (len(train(toy_job(minutes=minutes)).history) for minutes in (0.2, 0.4))
    assert short >= 3 and 1.6 * short < long < 2.4 * short


def test_a_killed_training_counts_the_time_it_has_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checkpoint, "EVERY_S", 0.0)
    left = iter(range(12))

    def tick(done: float, **values: float) -> None:
        if next(left, None) is None:
            raise Stop

    with pytest.raises(Stop):
        train(toy_job(tmp_path, tick=tick))
    whole, resumed = train(toy_job()).history, train(toy_job(tmp_path)).history
    assert abs(len(resumed) - len(whole)) <= 1
    assert resumed[-1]["minutes"] == pytest.approx(0.2, abs=0.02)
    assert (
        train(toy_job(tmp_path, tick=tick)).history == resumed
    )  # a finished one is not begun again: `tick` would stop


def test_patience_stops_before_the_time(tmp_path: Path) -> None:
    fitted = train(toy_job(minutes=100, patience=2, rate=0.5, optimizer="sgd"))
    assert fitted.stopped_early and fitted.history[-1]["minutes"] < 100


@pytest.fixture(scope="module")
def boards(tmp_path_factory: pytest.TempPathFactory) -> Shards:
    return shards("game_agent", tmp_path_factory.mktemp("boards"))


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Shards:
    return shards("image_generation", tmp_path_factory.mktemp("pictures"))


def test_reward_is_learnt_by_time_too(boards: Shards) -> None:
    done = job("game_agent", boards, minutes=0.5, clock=clock(0.5))
    fitted = load("game_agent").fit(done)
    assert fitted.history[-1]["minutes"] >= 0.5 and not fitted.stopped_early
    assert len(fitted.history) >= 2


def test_two_players_learn_by_time_too(pictures: Shards) -> None:
    done = job("image_generation", pictures, minutes=0.5, clock=clock(0.5), judge_epochs=1)
    fitted = load("image_generation").fit(done)
    assert fitted.history[-1]["minutes"] >= 0.5
    assert fitted.history[-1]["rate"] < 0.2 * done.settings.rate


def test_minutes_are_checked() -> None:
    from models.settings import resolve

    with pytest.raises(UsageError, match=r"minutes is -1: must be from 0 to 10080 minutes"):
        resolve(Training, {"minutes": -1}, "models.x.settings")
