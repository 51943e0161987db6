"""A training that is killed and started again ends with the weights of one that was not, bit for bit."""

import dataclasses
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from models import checkpoint, fit, jitter, losses, networks, toy, weights
from models.fit import Fitted, Job
from models.settings import Training, setting

ROOT = Path(__file__).parents[1]

PROGRAM = """
import os, signal, sys
from pathlib import Path
from tests.test_resume import toy_job, train
from models import checkpoint, weights

folder, every_s, kill_at = Path(sys.argv[1]), float(sys.argv[2]), int(sys.argv[3])
checkpoint.EVERY_S = every_s
ticks = 0

def tick(done, **values):
    global ticks
    ticks += 1
    if ticks == kill_at:
        os.kill(os.getpid(), signal.SIGKILL)

job = toy_job(folder / "checkpoints", tick=tick)
train(job)
weights.save(job.net, folder / "weights.safetensors")
print(ticks)
"""


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class Settings(Training):
    width: int = setting(16)
    dropout: float = setting(0.3)
    jitter_shift: float = setting(0.1)
    jitter_rotate: float = setting(10.0)
    jitter_scale: float = setting(0.1)
    jitter_flip: bool = setting(False)


class Stop(Exception):
    """Ends a training from within, where a test needs no new process."""


def toy_job(folder: Path | None, tick: Any = lambda done, **values: None, name: str = "cnn", **given: Any) -> Job:
    settings = Settings(**({"epochs": 3, "batch": 16, "average": 0.9, "patience": 2, "clip": 1.0} | given))
    train, validation = toy.pictures(80, 12), toy.pictures(20, 12, seed=1)
    net = networks.build(name, settings, toy.facts(train))
    return Job(
        net=net, settings=settings, facts=toy.facts(train), train=train, validation=validation,
        checkpoints=folder, tick=tick,
    )  # fmt: skip


def train(job: Job) -> Fitted:
    return fit.supervised(job, loss=losses.cross_entropy, jitter=jitter.geometry(job.settings))


def stopping_at(step: int) -> Any:
    steps = iter(range(1, 1000))

    def tick(done: float, **values: float) -> None:
        if next(steps) == step:
            raise Stop

    return tick


def run(folder: Path, every_s: float, kill_at: int) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", PROGRAM, str(folder), str(every_s), str(kill_at)]
    path = {"PYTHONPATH": str(ROOT), "DAILIES_THREADS": "1"}
    return subprocess.run(command, capture_output=True, text=True, cwd=ROOT, env=os.environ | path, check=False)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("every_s", "steps_left"),
    [
        (0.0, 6),  # a checkpoint a step: the second process killed has done 15 - 4 - 5 steps less
        (1e9, 10),  # a checkpoint an epoch: the step under way is done again
    ],
)
def test_a_process_killed_twice_ends_with_the_same_weights(tmp_path: Path, every_s: float, steps_left: int) -> None:
    whole, killed = tmp_path / "whole", tmp_path / "killed"
    for folder in (whole, killed):
        folder.mkdir()
    assert run(whole, every_s, kill_at=0).stdout == "15\n"
    assert run(killed, every_s, kill_at=4).returncode == -signal.SIGKILL
    assert run(killed, every_s, kill_at=7).returncode == -signal.SIGKILL
    last = run(killed, every_s, kill_at=0)
    assert last.stdout == f"{steps_left}\n", last.stderr
    assert (killed / "weights.safetensors").read_bytes() == (whole / "weights.safetensors").read_bytes()


@pytest.mark.parametrize("optimizer", ["sgd", "rmsprop", "adam", "adamw"])
@pytest.mark.parametrize("name", networks.names())
def test_every_optimizer_and_network_goes_on_exactly(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, optimizer: str, name: str
) -> None:
    monkeypatch.setattr(checkpoint, "EVERY_S", 0.0)
    given: dict[str, Any] = {"optimizer": optimizer, "name": name}
    whole = toy_job(None, **given)
    expected = train(whole)
    for step in (3, 7):  # the second counts from the first
        with pytest.raises(Stop):
            train(toy_job(tmp_path, stopping_at(step), **given))
    resumed = toy_job(tmp_path, **given)
    assert train(resumed) == expected
    assert weights.to_bytes(resumed.net) == weights.to_bytes(whole.net)


def test_a_training_killed_between_its_last_step_and_validation_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checkpoint, "EVERY_S", 0.0)
    expected = train(toy_job(None))
    with pytest.raises(Stop):
        train(toy_job(tmp_path, stopping_at(6)))  # step 5, the last of the epoch, is in the checkpoint
    assert train(toy_job(tmp_path)) == expected


def test_a_finished_training_is_not_done_again(tmp_path: Path) -> None:
    first, again = toy_job(tmp_path), toy_job(tmp_path, stopping_at(1))
    assert train(first) == train(again)
    assert weights.to_bytes(first.net) == weights.to_bytes(again.net)


@pytest.mark.parametrize("change", [{"rate": 0.5}, {"seed": 3}, {"epochs": 4}, {"name": "residual"}])
def test_a_checkpoint_of_other_settings_is_not_used(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], change: dict[str, Any]
) -> None:
    train(toy_job(tmp_path))
    fresh, other = toy_job(None, **change), toy_job(tmp_path, **change)
    assert train(other) == train(fresh)
    assert "belongs to other settings, samples or weights" in capsys.readouterr().out


def test_a_checkpoint_of_other_samples_is_not_used(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    train(toy_job(tmp_path))
    train(dataclasses.replace(toy_job(tmp_path), train=toy.pictures(80, 12, seed=5)))
    assert "belongs to other settings, samples or weights" in capsys.readouterr().out
