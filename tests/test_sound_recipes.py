"""Sound classification and speech to text on their twins: from files to weights, pictures and answers."""

import dataclasses
import functools
import io
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from sounds import encoded
from twins import RATE_HZ, TWINS, shards, word

from media.shards import Shards
from media.units import Unit
from models.fit import Job
from models.settings import resolve
from project.errors import DailiesError
from recipes import load
from steps.train import new_net

NAMES = ("sound_classification", "speech_to_text")


@dataclasses.dataclass(frozen=True)
class Made:
    """A twin's samples, and the recipe and settings that they were made for."""

    recipe: Any
    settings: Any
    shards: Shards

    def job(self, folder: Path | None = None, tick: Any = lambda done, **values: None, **given: Any) -> Job:
        settings = dataclasses.replace(self.settings, **given)
        return Job(
            net=new_net(self.recipe, settings, self.shards.facts), settings=settings, facts=self.shards.facts,
            train=self.shards.split("train"), validation=self.shards.split("validation"), checkpoints=folder, tick=tick,
        )  # fmt: skip


@pytest.fixture(scope="module", params=NAMES)
def made(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Made:
    return _make(request.param, tmp_path_factory.mktemp(request.param))


def _make(name: str, folder: Path) -> Made:
    recipe = load(name)
    return Made(recipe, resolve(recipe.settings, TWINS[name].settings, name), shards(name, folder))


@functools.cache
def _trained(recipe_name: str, made: Made) -> Job:
    job = made.job()
    made.recipe.fit(job)
    return job


def name_of(made: Made) -> str:
    return str(made.recipe.settings.__module__).rpartition(".")[2]


def test_the_twin_is_learnt(made: Made) -> None:
    job = _trained(name_of(made), made)
    outcome = made.recipe.evaluate(job.net, made.shards.split("test"), job.facts)
    assert outcome.metrics.get("accuracy", 0.9) >= 0.9 and outcome.metrics.get("word_error_rate", 0.2) <= 0.2
    assert outcome.metrics.keys() & {"accuracy", "word_error_rate"}
    scores = outcome.rows["score"]
    assert len(scores) == len(outcome.rows["sample_id"]) == len(made.shards.split("test"))
    assert ((scores >= 0) & (scores <= 1)).all()


def test_what_is_shown_are_whole_pictures(made: Made) -> None:
    job = _trained(name_of(made), made)
    outcome = made.recipe.evaluate(job.net, made.shards.split("test"), job.facts)
    history = [{"epoch": 1, "train_loss": 1.0, "train_accuracy": 0.5}]
    shown = made.recipe.show(outcome, job.facts | {"history": history})
    assert "loss.png" in shown and len(shown) >= 2
    for content in shown.values():
        with Image.open(io.BytesIO(content)) as image:
            image.load()


def test_nothing_to_measure_on_is_said(made: Made) -> None:
    job, test = _trained(name_of(made), made), made.shards.split("test")
    with pytest.raises(DailiesError, match="no sample to measure on"):
        made.recipe.evaluate(job.net, test.where(np.zeros(len(test), dtype=bool)), job.facts)


def test_a_file_is_answered(made: Made) -> None:
    job, recipe, settings = _trained(name_of(made), made), made.recipe, made.settings
    draws = np.random.default_rng(5)
    words = ["high"] if name_of(made) == "sound_classification" else ["high", "low"]
    pause = draws.normal(0, 0.01, 600).astype(np.float32)
    wave = np.concatenate([np.concatenate([pause, word(each, draws)]) for each in words])
    unit = Unit(("file",), "test")
    sample = recipe.join([recipe.read(encoded(wave, rate_hz=RATE_HZ), {}, settings)], unit, settings)
    answer = recipe.predict(job.net, recipe.encode(sample, settings, job.facts["learnt"]), job.facts)
    json.dumps(answer)
    assert answer["label" if len(words) == 1 else "text"] == " ".join(words)
    assert 0.5 < answer["confidence"] <= 1
