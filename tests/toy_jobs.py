"""Trainings on pictures made in memory, where a test needs no files."""

from pathlib import Path
from typing import Any

import numpy as np
import torch

from models import dcgan, toy
from models.data import InMemory
from models.job import Job
from recipes import face_recognition, image_generation

PEOPLE, EACH, SIDE = 12, 6, 16


def silent(done: float, **values: float) -> None:
    """A tick that nobody hears."""


def people(first: int, count: int, seed: int = 0) -> InMemory:
    """Noisy pictures of people `first` … `first + count - 1`, each a pattern of its own."""
    draws = np.random.default_rng(seed)
    patterns = np.random.default_rng(99).normal(0, 40, (PEOPLE, 4, 4)).repeat(SIDE // 4, 1).repeat(SIDE // 4, 2)
    labels = np.repeat(np.arange(first, first + count), EACH)
    noisy = 128 + patterns[labels] + draws.normal(0, 20, (len(labels), SIDE, SIDE))
    return InMemory({"image": np.clip(noisy, 0, 255).astype(np.uint8)[:, None], "label": labels})


def faces(tick: Any = silent, **given: Any) -> Job:
    """Six people to learn from, three others to validate on."""
    usual = {"size": SIDE, "width": 8, "dimensions": 16, "epochs": 30, "batch": 24, "jitter_flip": False, "seed": 5}
    settings = face_recognition.Settings(**(usual | given))
    facts = toy.facts(people(0, PEOPLE)) | {"learnt": {}}
    net = face_recognition.recipe.net(settings, facts)
    return Job(net=net, settings=settings, facts=facts, train=people(0, 6), validation=people(6, 3, 1), tick=tick)


def players(folder: Path | None = None, tick: Any = silent, **given: Any) -> Job:
    """Generator and critic, without a judge."""
    usual = {"size": 12, "width": 4, "noise": 8, "epochs": 2, "batch": 16, "clip": 10.0, "average": 0.9}
    settings = image_generation.Settings(**(usual | given))
    samples = toy.pictures(70, 12)
    torch.manual_seed(settings.seed)
    net = dcgan.Players(settings, toy.facts(samples))
    return Job(
        net=net, settings=settings, facts=toy.facts(samples), train=samples, validation=toy.pictures(0, 12),
        checkpoints=folder, tick=tick,
    )  # fmt: skip
