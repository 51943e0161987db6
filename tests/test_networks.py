"""Every network takes every size, kind and number of channels of picture that settings allow."""

import dataclasses
import subprocess
import sys

import numpy as np
import pytest
import torch

from models import evaluate, networks, toy, weights
from models.settings import Training, setting
from project.errors import UsageError


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class Settings(Training):
    width: int = setting(16)
    dropout: float = setting(0.1)


@pytest.mark.parametrize("name", networks.names())
@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("side", [8, 9, 16, 28, 33, 64, 65, 224])
def test_any_picture_becomes_one_finite_number_a_class(name: str, channels: int, side: int) -> None:
    samples = toy.pictures(5, side, channels)
    net = networks.build(name, Settings(), toy.facts(samples))
    logits = net(torch.from_numpy(samples.take(np.arange(5))["image"]))
    assert logits.shape == (5, 4)
    assert logits.isfinite().all()
    logits.sum().backward()
    assert all(p.grad is not None and p.grad.isfinite().all() for p in net.parameters())


@pytest.mark.parametrize("name", networks.names())
def test_pictures_that_are_not_square_fit(name: str) -> None:
    facts = toy.facts(toy.pictures(4)) | {"fields": {"image": {"dtype": "uint8", "shape": [1, 12, 40]}}}
    assert networks.build(name, Settings(), facts)(torch.zeros(2, 1, 12, 40)).shape == (2, 4)


@pytest.mark.parametrize("name", networks.names())
def test_bytes_and_floats_of_one_picture_give_one_answer(name: str) -> None:
    samples = toy.pictures(4)
    net = networks.build(name, Settings(), toy.facts(samples)).eval()
    images = torch.from_numpy(samples.take(np.arange(4))["image"])
    assert torch.equal(net(images), net(images.float()))


@pytest.mark.parametrize("name", networks.names())
def test_the_seed_decides_the_first_weights_and_nothing_else_does(name: str) -> None:
    facts = toy.facts(toy.pictures(4))
    first = weights.to_bytes(networks.build(name, Settings(seed=1), facts))
    before = torch.random.get_rng_state()
    torch.rand(100)
    assert weights.to_bytes(networks.build(name, Settings(seed=1), facts)) == first
    assert weights.to_bytes(networks.build(name, Settings(seed=2), facts)) != first
    torch.random.set_rng_state(before)


@pytest.mark.parametrize(
    ("name", "low", "high"),
    [("cnn", 1e5, 2e5), ("residual", 1e5, 8e5), ("separable", 1e4, 1e5), ("gru", 2e5, 4e5), ("lstm", 3e5, 5e5)],
)
def test_the_card_tells_the_number_of_weights(name: str, low: float, high: float) -> None:
    net = networks.build(name, Settings(width=32), toy.facts(toy.pictures(20, 28, classes=10)))
    assert low < weights.count(net) < high


def test_a_blank_channel_divides_by_nothing() -> None:
    facts = toy.facts(toy.pictures(4)) | {"mean": [0.0], "std": [0.0]}
    net = networks.build("cnn", Settings(), facts)
    assert np.isfinite(evaluate.probabilities(net, toy.pictures(4))).all()


def test_an_unknown_network_lists_the_known_ones() -> None:
    with pytest.raises(
        UsageError, match=r"'resdual' .* did you mean 'residual'\? known: cnn, gru, lstm, residual, separable"
    ):
        networks.build("resdual", Settings(), {})


def test_only_the_chosen_network_is_imported() -> None:
    program = (
        "import sys, types; from models import networks, toy;"
        "s = types.SimpleNamespace(width=16, dropout=0.0, seed=0);"
        "networks.build('separable', s, toy.facts(toy.pictures(4)));"
        "print(*sorted(m for m in sys.modules if m.startswith('models.networks.')))"
    )
    answer = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert answer.stdout.split() == ["models.networks.separable"]
