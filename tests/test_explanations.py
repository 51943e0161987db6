"""Explanations: worked by hand for a linear classifier, and pointing at what a twin is made of."""

import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor, nn
from twins import TWINS, job, shards

from models import evaluate, explanation_pictures, explanations, fit, losses, networks, toy
from models.data import InMemory
from models.explanations import Explained
from models.outcome import Outcome
from recipes import load


class Linear(nn.Module):
    """Two classes: the left half of a picture speaks for the first, the right half for the second."""

    def __init__(self) -> None:
        super().__init__()
        weight = torch.zeros(2, 1, 4, 4)
        weight[0, :, :, :2] = 0.01
        weight[1, :, :, 2:] = 0.02
        self.weight = nn.Parameter(weight)

    def forward(self, images: Tensor) -> Tensor:
        return torch.einsum("bchw,kchw->bk", images.float(), self.weight)


def rows(labels: list[str], predictions: list[str], confidence: list[float]) -> Outcome:
    made = {"label": np.array(labels, object), "prediction": np.array(predictions, object)}
    return Outcome(metrics={}, rows={**made, "confidence": np.array(confidence)})


def test_right_answers_are_spread_and_wrong_ones_are_the_surest() -> None:
    outcome = rows(["a"] * 10, ["a"] * 7 + ["b"] * 3, [0.9, 0.8, 0.7, 0.6, 0.5, 0.4, 0.3, 0.2, 0.99, 0.5])
    assert explanations.chosen(outcome).tolist() == [0, 2, 4, 6, 8, 9, 7]
    assert explanations.chosen(rows([], [], [])).tolist() == []


def test_a_linear_classifier_is_explained_exactly() -> None:
    images = np.full((1, 1, 4, 4), 150, np.uint8)
    samples = InMemory({"image": images, "label": np.zeros(1, np.int64)})
    facts = {"classes": ["left", "right"], "mean": [100.0]}
    [found] = explanations.pictures(Linear(), samples, rows(["left"], ["right"], [0.8]), facts)
    expected = np.zeros((4, 4))
    expected[:, 2:] = 0.02 * 50
    assert found.spoke == pytest.approx(expected, abs=1e-5)
    assert (found.label, found.prediction, found.confidence) == ("left", "right", 0.8)


@pytest.mark.parametrize("name", networks.names())
def test_what_spoke_adds_up_to_the_score(name: str) -> None:
    """Completeness, Sundararajan et al. 2017, proposition 1."""
    samples = toy.pictures(160)
    done = job_of(name, samples)
    outcome = evaluate.classification(done, samples, toy.facts(samples))
    facts = toy.facts(samples)
    mean = torch.tensor(facts["mean"]).view(1, -1, 1, 1).expand(1, 1, 16, 16)
    for each in explanations.pictures(done, samples, outcome, facts):
        target = facts["classes"].index(each.prediction)
        with torch.no_grad():
            score = done(torch.from_numpy(each.seen[None]).float())[0, target] - done(mean)[0, target]
        assert each.spoke.sum() == pytest.approx(float(score), rel=0.1, abs=0.2)


def job_of(name: str, samples: InMemory) -> nn.Module:
    from test_fit import Settings

    settings = Settings(epochs=1, batch=32, rate=0.01)
    facts = toy.facts(samples)
    net = networks.build(name, settings, facts)
    fit.supervised(
        fit.Job(net=net, settings=settings, facts=facts, train=samples, validation=samples), loss=losses.cross_entropy
    )
    return net


@pytest.mark.parametrize("network", networks.names("text"))
def test_the_word_that_decides_is_found(tmp_path: Path, network: str) -> None:
    name = "text_classification"
    samples, recipe = shards(name, tmp_path), load(name)
    done = job(name, samples, network=network, epochs=12)
    recipe.fit(done)
    test = samples.split("test")
    outcome = recipe.evaluate(done.net, test, done.facts)
    found = explanations.texts(done.net, test, outcome, done.facts, lambda text: text.tobytes().decode().split())
    right = [each for each in found if each.label == each.prediction]
    telling = {"fine", "warm", "bright", "lovely", "dull", "cold", "bleak", "awful", "not"}
    strongest = [each.seen[int(each.spoke.argmax())] for each in right]
    assert sum(word in telling for word in strongest) >= len(right) - 1, strongest
    [(file, png)] = recipe.explain(done.net, test, outcome, done.facts).items()
    assert recipe.explain(done.net, test, outcome, done.facts) == {file: png}
    assert Image.open(io.BytesIO(png)).width > 1000


@pytest.mark.parametrize("name", ["sound_classification"])
def test_a_sound_is_explained_in_the_same_bytes_again(tmp_path: Path, name: str) -> None:
    samples, recipe = shards(name, tmp_path), load(name)
    done = job(name, samples, epochs=2)
    recipe.fit(done)
    test = samples.split("test")
    outcome = recipe.evaluate(done.net, test, done.facts)
    first, again = (recipe.explain(done.net, test, outcome, done.facts) for _ in range(2))
    assert first == again and set(first) == {"explained.png"}
    assert TWINS[name].source["kind"] == "audio"


def test_odd_shapes_and_long_words_are_drawn() -> None:
    def explained(seen: Any, spoke: np.ndarray) -> Explained:
        return Explained(label="a", prediction="a $class$ with a long name", confidence=0.5, seen=seen, spoke=spoke)

    for shape in ((8, 40), (40, 8), (1, 1)):
        image = np.zeros((1, *shape), np.uint8)
        assert explanation_pictures.pictures([explained(image, np.zeros(shape))])["explained.png"][:4] == b"\x89PNG"
    words = ["word"] * 90 + ["x" * 500, "語", ""]
    assert explanation_pictures.texts([explained(words, np.ones(len(words)))])["explained.png"][:4] == b"\x89PNG"
    assert explanation_pictures.pictures([]) == explanation_pictures.texts([]) == {}
