"""Two players: what is refused, what each learns, and that a training goes on exactly after a kill."""

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn
from toy_jobs import players as toy_job

from models import adversarial, checkpoint, dcgan, order, toy, weights
from models.adversarial import adversarial as play
from models.job import Job
from project.errors import DailiesError, UsageError
from recipes.image_generation import Settings

ROOT = Path(__file__).parents[1]

PROGRAM = """
import os, signal, sys
from pathlib import Path
from models import checkpoint, weights
from models.adversarial import adversarial
from toy_jobs import players as toy_job

folder, kill_at = Path(sys.argv[1]), int(sys.argv[2])
checkpoint.EVERY_S = 0.0
ticks = 0

def tick(done, **values):
    global ticks
    ticks += 1
    if ticks == kill_at:
        os.kill(os.getpid(), signal.SIGKILL)

job = toy_job(folder / "checkpoints", tick)
adversarial(job)
weights.save(job.net, folder / "weights.safetensors")
print(ticks)
"""


class Stop(Exception):
    """Ends a training from within, where a test needs no new process."""


def stopping_at(step: int) -> Any:
    steps = iter(range(1, 1000))

    def tick(done: float, **values: float) -> None:
        if next(steps) == step:
            raise Stop

    return tick


@pytest.mark.parametrize("steps", [(2, 4), (5,), (5, 1), (10,)])
def test_a_training_that_stops_goes_on_exactly(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, steps: tuple[int, ...]
) -> None:
    """Steps 5 and 10 are the last of an epoch: what they left is in the checkpoint only after the epoch is closed."""
    monkeypatch.setattr(checkpoint, "EVERY_S", 0.0)
    whole = toy_job()
    expected = play(whole)
    for step in steps:
        with pytest.raises(Stop):
            play(toy_job(tmp_path, stopping_at(step)))
    resumed = toy_job(tmp_path)
    assert play(resumed) == expected
    assert weights.to_bytes(resumed.net) == weights.to_bytes(whole.net)


def test_a_stop_between_the_last_step_and_the_end_of_its_epoch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checkpoint, "EVERY_S", 0.0)
    expected = play(toy_job())
    with monkeypatch.context() as patched, pytest.raises(Stop):
        patched.setattr(adversarial, "_means", _stopping_when_called(6))
        play(toy_job(tmp_path))
    assert play(toy_job(tmp_path)) == expected


def _stopping_when_called(times: int) -> Any:
    calls, real = iter(range(1, 100)), adversarial._means

    def means(position: Any) -> dict[str, float]:
        if next(calls) == times:
            raise Stop
        return real(position)

    return means


@pytest.mark.slow
def test_a_process_killed_twice_ends_with_the_same_weights(tmp_path: Path) -> None:
    def run(folder: Path, kill_at: int) -> subprocess.CompletedProcess[str]:
        folder.mkdir(exist_ok=True)
        env = os.environ | {"PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "tests")]), "DAILIES_THREADS": "1"}
        command = [sys.executable, "-c", PROGRAM, str(folder), str(kill_at)]
        return subprocess.run(command, capture_output=True, text=True, cwd=ROOT, env=env, check=False)

    whole, killed = tmp_path / "whole", tmp_path / "killed"
    assert run(whole, 0).stdout == "10\n"
    assert run(killed, 3).returncode == -signal.SIGKILL  # two steps are kept
    assert run(killed, 5).returncode == -signal.SIGKILL  # four more
    last = run(killed, 0)
    assert last.stdout == "4\n", last.stderr
    assert (killed / "weights.safetensors").read_bytes() == (whole / "weights.safetensors").read_bytes()


def test_a_checkpoint_of_other_settings_is_not_used(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    play(toy_job(tmp_path))
    other = toy_job(tmp_path, critic_rate=3.0)
    expected = toy_job(None, critic_rate=3.0)
    assert play(other) == play(expected)
    assert "belongs to other settings" in capsys.readouterr().out


def test_the_generator_ends_with_its_average_and_the_critic_with_its_last_weights() -> None:
    averaged, plain = toy_job(average=0.9), toy_job(average=0.0)
    play(averaged)
    play(plain)
    generators = [weights.to_bytes(each.net.generator) for each in (averaged, plain)]  # type: ignore[arg-type]
    critics = [weights.to_bytes(each.net.critic) for each in (averaged, plain)]  # type: ignore[arg-type]
    assert generators[0] != generators[1] and critics[0] == critics[1]


@pytest.mark.parametrize("still", ["critic", "generator"])
def test_each_player_moves_only_itself(still: str, monkeypatch: pytest.MonkeyPatch) -> None:
    real = adversarial._move
    monkeypatch.setattr(
        adversarial, "_move", lambda run, player, loss, step: player == still or real(run, player, loss, step)
    )
    job = toy_job(average=0.0)
    before = {name: value.clone() for name, value in job.net.named_parameters()}
    play(job)
    moved = {name.split(".")[0] for name, value in job.net.named_parameters() if not torch.equal(value, before[name])}
    assert moved == {"critic", "generator"} - {still}


def test_a_loss_that_is_not_finite_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    job = toy_job()
    nn.init.constant_(job.net.generator.paint.weight, float("nan"))  # type: ignore[union-attr, arg-type]
    with pytest.raises(DailiesError, match="loss of the critic is nan in epoch 1, step 1 of 5: it must be finite"):
        play(job)


def test_patience_and_nothing_to_learn_from_are_refused() -> None:
    with pytest.raises(UsageError, match="patience is 3: must be 0"):
        play(toy_job(patience=3))
    job = toy_job()
    empty = Job(net=job.net, settings=job.settings, facts=job.facts, train=toy.pictures(0), validation=job.train)
    with pytest.raises(DailiesError, match="no training sample"):
        play(empty)


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("side", [8, 9, 14, 28, 33, 64])
def test_any_size_and_colour_is_drawn_and_judged(channels: int, side: int) -> None:
    facts = {"classes": ["a", "b"], "fields": {"image": {"dtype": "uint8", "shape": [channels, side, side]}}}
    players = dcgan.Players(Settings(width=4, noise=8), facts)
    label = torch.tensor([0, 1, 1])
    drawn = players.generator(torch.randn(3, 8), label)
    assert drawn.shape == (3, channels, side, side) and drawn.abs().max() <= 1
    scores = players.critic(drawn, label)
    assert scores.shape == (3,) and scores.isfinite().all()


def test_no_layer_of_the_critic_has_a_gain_above_one() -> None:
    critic = dcgan.Critic(Settings(width=4), toy.facts(toy.pictures(8, 12))).train()
    for _ in range(50):
        critic(torch.zeros(2, 1, 12, 12), torch.tensor([0, 1]))
    for layer in (critic.realness, critic.of_class, *(each for each in critic.features if isinstance(each, nn.Conv2d))):
        gain = torch.linalg.matrix_norm(layer.weight.flatten(1), 2).item()
        assert gain == pytest.approx(1, abs=0.02)


def test_noise_is_normal_and_pinned_for_ever() -> None:
    drawn = order.normal(order.stream(order.NOISE, 1, 2, 3), (20_000,))
    assert drawn.dtype == np.float32
    assert drawn.mean() == pytest.approx(0, abs=0.03) and drawn.std() == pytest.approx(1, abs=0.03)
    assert (np.abs(drawn) > 1.96).mean() == pytest.approx(0.05, abs=0.01)
    assert order.normal(order.stream(5, 1, 2, 3), (3,)) == pytest.approx([-0.488023, 0.408985, -0.010204], abs=1e-6)
