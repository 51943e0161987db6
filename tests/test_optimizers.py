"""Optimizers by name."""

import pytest
import torch
from torch import nn

from models import optimizers
from models.settings import Training

NAMES = ("sgd", "rmsprop", "adam", "adamw")


@pytest.mark.parametrize("name", NAMES)
def test_each_finds_the_bottom_of_a_bowl(name: str) -> None:
    net = nn.Linear(3, 1)
    optimizer = optimizers.build(net, Training(optimizer=name, rate=0.02))
    for _ in range(300):
        optimizer.zero_grad()
        loss = (net(torch.eye(3)) - torch.tensor([[1.0], [2.0], [3.0]])).square().mean()
        loss.backward()
        optimizer.step()
    assert loss.item() < 1e-2


@pytest.mark.parametrize("name", NAMES)
def test_only_matrices_are_decayed(name: str) -> None:
    net = nn.Sequential(nn.Linear(3, 2), nn.BatchNorm1d(2))
    optimizer = optimizers.build(net, Training(optimizer=name, weight_decay=0.3))
    decay = {tuple(p.shape): group["weight_decay"] for group in optimizer.param_groups for p in group["params"]}
    assert decay == {(2, 3): 0.3, (2,): 0.0}


def test_what_is_frozen_is_left_out() -> None:
    net = nn.Linear(3, 2)
    net.weight.requires_grad_(False)
    groups = optimizers.build(net, Training()).param_groups
    assert [tuple(p.shape) for group in groups for p in group["params"]] == [(2,)]
