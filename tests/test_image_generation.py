"""The recipe: a twin is learnt, measured, shown and asked for pictures."""

import io
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import twins
from PIL import Image
from workspaces import ROOT

from media.shards import Shards
from models import generated, generation, judge, toy
from models.data import InMemory
from models.job import Job
from models.outcome import Outcome
from project.errors import UsageError
from recipes import load

NAME = "image_generation"
recipe = load(NAME)


@pytest.fixture(scope="module")
def shards(tmp_path_factory: pytest.TempPathFactory) -> Shards:
    return twins.shards(NAME, tmp_path_factory.mktemp("twin"))


@pytest.fixture(scope="module")
def done(shards: Shards) -> Job:
    job = twins.job(NAME, shards, epochs=1)
    recipe.fit(job)
    return job


@pytest.fixture(scope="module")
def outcome(done: Job, shards: Shards) -> Outcome:
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(generation, "FEWEST", 200)
        measured: Outcome = recipe.measure(done.net, shards.split("test"), shards.facts, shards.split("train"))
    return measured


def test_the_judge_has_learnt_the_classes_from_the_training_split(done: Job, shards: Shards) -> None:
    _, scores = judge.opinions(done.net["judge"], shards.split("train"))  # type: ignore[index]
    assert (scores.argmax(1) == shards.split("train").column("label")).mean() > 0.6


def test_nothing_is_trained_to_please_the_judge(done: Job, shards: Shards) -> None:
    """The generator is the same whatever the judge has learnt."""
    other = twins.job(NAME, shards, epochs=1, judge_epochs=1)
    recipe.fit(other)
    for name, value in done.net["players"].state_dict().items():  # type: ignore[index]
        assert (value == other.net["players"].state_dict()[name]).all()  # type: ignore[index]


def test_an_outcome_has_its_metrics_and_a_score_a_sample(outcome: Outcome, shards: Shards) -> None:
    test = shards.split("test")
    assert outcome.metrics.keys() == {
        "frechet_ratio", "frechet_distance", "frechet_distance_of_training", "judge_accuracy", "recognised",
        "nearer_than_unseen", "copied", "nearest_distance", "nearest_distance_of_unseen",
    }  # fmt: skip
    assert outcome.metrics["frechet_ratio"] == pytest.approx(
        outcome.metrics["frechet_distance"] / outcome.metrics["frechet_distance_of_training"]
    )
    assert outcome.rows["sample_id"].tolist() == test.column("sample_id").tolist()
    assert len(outcome.rows["score"]) == len(test)
    assert ((outcome.rows["score"] >= 0) & (outcome.rows["score"] <= 1)).all()
    assert sum(row["pictures"] for row in outcome.tables["Classes"]) >= 200


def test_measuring_again_gives_the_same(
    done: Job, shards: Shards, outcome: Outcome, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(generation, "FEWEST", 200)
    again = recipe.measure(done.net, shards.split("test"), shards.facts, shards.split("train"))
    assert again.metrics == outcome.metrics


class Copyist:
    """A generator that hands out the pictures it was given, whatever is asked for."""

    noise = 4

    def __init__(self, images: np.ndarray) -> None:
        import torch

        self.classes = 4
        self._images = torch.from_numpy(images)
        self._next = 0

    def to(self, device: Any) -> "Copyist":
        return self

    def eval(self) -> "Copyist":
        return self

    def __call__(self, noise: Any, label: Any) -> Any:
        chosen = (np.arange(len(noise)) + self._next) % len(self._images)
        self._next += len(noise)
        return self._images[chosen].float() / 127.5 - 1


class Players:
    def __init__(self, generator: Any) -> None:
        self.generator = generator


def measured(drawn: InMemory, training: InMemory, unseen: InMemory) -> dict[str, float]:
    net = {
        "players": Players(Copyist(drawn.take(np.arange(len(drawn)))["image"])),
        "judge": judge.build(toy.facts(training), 0),
    }
    return recipe.measure(net, unseen, toy.facts(training), training).metrics  # type: ignore[no-any-return]


def test_copies_of_training_pictures_are_found_out_and_unseen_ones_are_not(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(generation, "FEWEST", 100)
    training, unseen, others = (toy.pictures(100, 12, seed=seed) for seed in range(3))
    copied = measured(training, training, unseen)
    assert copied["copied"] == copied["nearer_than_unseen"] == 1 and copied["nearest_distance"] == 0
    assert copied["frechet_ratio"] == pytest.approx(1, abs=1e-3)
    fresh = measured(others, training, unseen)
    assert fresh["copied"] < 0.1 and 0.35 < fresh["nearer_than_unseen"] < 0.65


def test_a_class_that_was_never_learnt_scores_nothing(
    done: Job, shards: Shards, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(generation, "FEWEST", 20)
    test = shards.split("test")
    images = test.take(np.arange(len(test)))["image"]
    strange = InMemory({"image": images, "label": np.full(len(test), 2)})
    facts = shards.facts | {"classes": [*shards.facts["classes"], "star"]}
    outcome = recipe.measure(done.net, strange, facts, shards.split("train"))
    assert outcome.metrics["recognised"] == 0 and not outcome.rows["score"].any()


def test_the_report_shows_samples_neighbours_and_losses(outcome: Outcome, shards: Shards) -> None:
    history = [{"epoch": 1, "rate": 0.1, "train_critic_loss": 1.5, "train_generator_loss": 0.2}]
    shown = recipe.show(outcome, shards.facts | {"history": history})
    assert shown.keys() == {"samples_by_class.png", "nearest_training_pictures.png", "loss.png"}
    for content in shown.values():
        Image.open(io.BytesIO(content)).verify()


def test_a_picture_follows_from_its_number_and_label_alone(done: Job) -> None:
    generator = done.net["players"].generator  # type: ignore[index]
    together = generated.pictures(generator, np.array([0, 1, 1]), [5, 6, 7])
    alone = generated.pictures(generator, np.array([1]), [6])
    assert np.abs(together[1].astype(int) - alone[0]).max() <= 1  # other batches round in another place
    assert together.dtype == np.uint8 and (together[1] != together[2]).any()


def test_wishes_become_files(done: Job, shards: Shards) -> None:
    answer = recipe.predict(done.net, {"text": " square \n\ndisc\n"}, shards.facts)
    assert [(each["label"], each["file"]) for each in answer["pictures"]] == [
        ("square", "00001-square.png"), ("disc", "00003-disc.png"),
    ]  # fmt: skip
    assert Image.open(io.BytesIO(answer["files"]["00003-disc.png"])).size == (12, 12)
    assert 0 <= answer["pictures"][0]["confidence"] <= 1


def test_too_many_wishes_are_refused(done: Job, shards: Shards) -> None:
    with pytest.raises(UsageError, match="10,001 pictures are asked for: must be at most 10,000"):
        recipe.predict(done.net, {"text": "disc\n" * 10_001}, shards.facts)


def test_pictures_without_labels_are_refused() -> None:
    with pytest.raises(UsageError, match="no asset has a label"):
        recipe.net(recipe.settings(), {"classes": []})


def test_a_warm_start_takes_the_players_and_trains_its_judge_anew(done: Job, shards: Shards, monkeypatch: Any) -> None:
    start = done.net.state_dict()
    warm = twins.job(NAME, shards, epochs=1, rate=0.0, average=0.0, start=start)
    recipe.fit(warm)
    weight = "players.generator.paint.weight"
    assert (warm.net.state_dict()[weight] == start[weight]).all()


@pytest.mark.slow
def test_predict_on_files_writes_pictures_and_names_a_bad_line(done: Job, tmp_path: Path) -> None:
    twin = twins.TWINS[NAME]
    weights = twins.card(NAME, done, tmp_path / "weights")
    asked = []
    for folder, content in (("good", twin.good[1]), ("bad", twin.bad[1])):
        (tmp_path / folder).mkdir()
        asked.append(tmp_path / folder / twin.good[0])
        asked[-1].write_bytes(content)
    picture = tmp_path / "picture.txt"
    Image.new("L", (4, 4)).save(picture, format="PNG")
    command = [sys.executable, "-m", "steps.predict", weights, tmp_path / "out", *asked, picture]
    ran = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    good, bad, odd = (json.loads(line) for line in ran.stdout.splitlines())
    assert [Path(file).relative_to(tmp_path).as_posix() for file in good["files"]] == [
        f"out/1-wishes.txt/{name}" for name in ("00001-disc.png", "00002-square.png", "00004-disc.png")
    ]
    for file in good["files"]:
        with Image.open(file) as drawn:
            assert drawn.format == "PNG" and drawn.size == (12, 12)
    assert bad["error"] == twin.bad[2]
    assert "not a text" in odd["error"]
