"""A classifier by which generated pictures are judged. It learns from the training split alone, and before any picture
is generated: nothing is ever trained to please it.

It travels in the weights beside the generator. So a figure follows from weights and test split, to the bit, and needs no
second training; two versions that learnt from the same samples with the same seed have the same judge.
"""

import dataclasses
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import nn

from models import device, fit, losses, networks
from models.data import Samples, blocks
from models.fit import Fitted, Job
from models.settings import Training, setting

NETWORK = "cnn"


@dataclass(frozen=True, kw_only=True, slots=True)
class Judge(Training):
    """How a judge learns: as `image_classification` does, and shorter."""

    width: int = setting(32)
    dropout: float = setting(0.1)
    rate: float = setting(0.005)
    weight_decay: float = setting(0.02)
    label_smoothing: float = setting(0.05)
    average: float = setting(0.99)


def build(facts: Mapping[str, Any], seed: int) -> nn.Module:
    """A judge that has learnt nothing."""
    return networks.build(NETWORK, Judge(seed=seed), facts)


def beside(players: nn.Module, facts: Mapping[str, Any], seed: int) -> nn.ModuleDict:
    """`players` and a judge that has learnt nothing, as one network."""
    return nn.ModuleDict({"players": players, "judge": build(facts, seed)})


def learn(job: Job, epochs: int) -> Fitted:
    """Train the judge `job.net` on the samples of a job, in its batches and with its seed and class weights."""
    given = job.settings
    settings = Judge(epochs=epochs, batch=given.batch, seed=given.seed, class_weights=given.class_weights)
    silent = dataclasses.replace(job, settings=settings, start=None, tick=lambda done, **values: None)
    return fit.supervised(silent, loss=losses.cross_entropy)


def opinion(judge: Any, images: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """What `judge` sees in images, uint8 (B, C, H, W): features (B, D) of its last layer, probabilities (B, classes)."""
    machine = device.prepare()
    judge.to(machine.device).eval()
    with torch.inference_mode():
        features = judge[:-1](device.tensor(images).to(machine.device)).mean((2, 3))
        scores = judge[-1].linear(features).double().softmax(1)
    return features.double().cpu().numpy(), scores.cpu().numpy()


def opinions(judge: nn.Module, samples: Samples) -> tuple[np.ndarray, np.ndarray]:
    """The same for all samples, in their order."""
    return _joined(opinion(judge, samples.take(indices)["image"]) for indices in blocks(samples))


def _joined(parts: Iterator[tuple[np.ndarray, np.ndarray]]) -> tuple[np.ndarray, np.ndarray]:
    features, scores = zip(*parts, strict=True)
    return np.concatenate(features), np.concatenate(scores)
