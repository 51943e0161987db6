"""Agents that learn from reward: each method on a small game, resumed exactly; what is measured; what is refused."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import twins
from PIL import Image
from twins import GAMES, Twin

from models import checkpoint, game_pictures, games, reinforcement, weights
from models.job import Fitted, Job
from recipes import load
from steps import predict

pytestmark = pytest.mark.slow
NAME = "game_agent"


UNFIT = {
    "reach": "a board of 1 x 22 tiles does not fit into 9 x 9",
    "ppo": "environment is 'Acrobot-v1', the model has learnt 'CartPole-v1'",
}


class Stop(Exception):
    """Ends a training from within."""


@pytest.fixture(scope="module", params=GAMES)
def twin(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[Twin, Any]:
    chosen = GAMES[request.param]
    return chosen, twins.shards(NAME, tmp_path_factory.mktemp(request.param), chosen)


def fitted(job: Job) -> Fitted:
    done: Fitted = load(NAME).fit(job)
    return done


def test_killed_after_any_epoch_it_ends_with_the_same_weights(
    twin: tuple[Twin, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checkpoint, "EVERY_S", 0.0)
    chosen, samples = twin
    whole = twins.job(NAME, samples, chosen, epochs=3)
    expected = fitted(whole)
    for epoch in (1, 2):

        def tick(done: float, epoch: int = epoch, **values: float) -> None:
            if done == epoch + 1:  # the epoch before is in the checkpoint, this one is lost
                raise Stop

        with pytest.raises(Stop):
            fitted(twins.job(NAME, samples, chosen, epochs=3, checkpoints=tmp_path, tick=tick))
    resumed = twins.job(NAME, samples, chosen, epochs=3, checkpoints=tmp_path)
    assert fitted(resumed) == expected
    assert weights.to_bytes(resumed.net) == weights.to_bytes(whole.net)


PROGRAM = """
import os, signal, sys
from pathlib import Path
import test_game_agent as here, twins
from media.shards import Shards
from models import checkpoint, weights

checkpoint.EVERY_S = 0.0
folder, kill_at = Path(sys.argv[1]), int(sys.argv[2])

def tick(done, **values):
    if done == kill_at:
        os.kill(os.getpid(), signal.SIGKILL)

job = twins.job("game_agent", Shards(folder / "shards"), twins.GAMES["dqn"], checkpoints=folder / "kept", tick=tick)
done = here.fitted(job)
weights.save(job.net, folder / "weights.safetensors")
"""


def test_a_process_that_is_killed_goes_on(tmp_path: Path) -> None:
    samples = twins.shards(NAME, tmp_path, GAMES["dqn"])
    whole = twins.job(NAME, samples, GAMES["dqn"])
    fitted(whole)
    path = {"PYTHONPATH": f"{Path(__file__).parents[1]}{os.pathsep}{Path(__file__).parent}"}
    codes = [
        subprocess.run(
            [sys.executable, "-c", PROGRAM, str(tmp_path), kill], env=os.environ | path, check=False
        ).returncode
        for kill in ("2", "4", "0")
    ]
    assert codes == [-signal.SIGKILL, -signal.SIGKILL, 0]
    assert (tmp_path / "weights.safetensors").read_bytes() == weights.to_bytes(whole.net)


def test_it_ends_with_the_epoch_that_played_best(twin: tuple[Twin, Any]) -> None:
    chosen, samples = twin
    job = twins.job(NAME, samples, chosen)
    done = fitted(job)
    scores = [row["validation_score"] for row in done.history]
    assert scores[done.best_epoch - 1] == max(scores)
    assert games.score(job.facts)(job.net, job.validation) == max(scores)


def test_outcome_pictures_and_answer(
    twin: tuple[Twin, Any], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    chosen, samples = twin
    job = twins.job(NAME, samples, chosen, epochs=2)
    done = fitted(job)
    test = samples.split("test")
    outcome = load(NAME).evaluate(job.net, test, job.facts)
    assert sorted(outcome.rows["sample_id"]) == sorted(test.column("sample_id"))
    assert ((outcome.rows["score"] >= 0) & (outcome.rows["score"] <= 1)).all()
    assert all(np.isfinite(value) for value in outcome.metrics.values())
    shown = load(NAME).show(outcome, job.facts | {"history": done.history})
    assert "learning.png" in shown
    for name, data in shown.items():
        (tmp_path / name).write_bytes(data)
        Image.open(tmp_path / name).verify()
    capsys.readouterr()
    (tmp_path / "good").write_bytes(chosen.good[1])
    (tmp_path / "bad").write_bytes(chosen.bad[1])
    predict.main(twins.card(NAME, job, tmp_path / "weights"), [tmp_path / "good", tmp_path / "bad"])
    good, bad = (json.loads(line) for line in capsys.readouterr().out.splitlines())
    assert "error" not in good and good.keys() & {"moves", "return"}
    assert bad["error"] == chosen.bad[2]


def test_a_path_is_found_on_small_boards_never_seen(tmp_path: Path) -> None:
    samples = twins.shards(NAME, tmp_path)
    job = twins.job(NAME, samples)
    fitted(job)
    metrics = games.evaluate(job.net, samples.split("test"), job.facts).metrics
    assert metrics["solved"] == 1
    assert metrics["path_ratio"] == 1


def test_a_board_too_large_and_another_environment_are_refused_in_a_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name, reason in UNFIT.items():
        samples = twins.shards(NAME, tmp_path / name, GAMES[name])
        job = twins.job(NAME, samples, GAMES[name])
        (tmp_path / name / "board").write_text("A" + "." * 20 + "G\n")
        (tmp_path / name / "other").write_text('{"environment": "Acrobot-v1", "seed": 1}')
        file = tmp_path / name / ("board" if name == "reach" else "other")
        capsys.readouterr()
        predict.main(twins.card(NAME, job, tmp_path / name / "weights"), [file])
        assert json.loads(capsys.readouterr().out)["error"] == reason


def test_a_loss_that_is_not_finite_names_its_place(tmp_path: Path) -> None:
    job = twins.job(NAME, twins.shards(NAME, tmp_path))
    with torch.no_grad():
        next(job.net.parameters()).fill_(float("nan"))
    with pytest.raises(Exception, match=r"the loss is nan in epoch 1, update 1 of \d+: it must be finite; lower rate"):
        reinforcement.fit(job, lambda net, samples: 0.0)


def test_pictures_are_the_same_bytes_again() -> None:
    values = np.arange(20.0)
    assert game_pictures.returns(values) == game_pictures.returns(values)
