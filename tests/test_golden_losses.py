"""The losses of the first five steps of every network, on pictures that never change.

A change that is not meant to alter results leaves them as they are. Other processors, thread counts and torch versions
sum in another order. Slow steps of SGD hardly magnify that (Adam's first steps do: they follow the sign of a gradient,
however small), so 1e-3 is well above it, and well below what a change of the mathematics does. After a change that is
meant to alter results, write the file again and say so in the commit:

    python -m tests.test_golden_losses
"""

import dataclasses
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from torch import Tensor, nn

from models import fit, jitter, losses, networks, toy
from models.fit import Job
from models.losses import Criterion, Scored
from models.settings import Training, setting

FILE = Path(__file__).parent / "golden" / "image_classification.json"
TOLERANCE = 1e-3


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class Settings(Training):
    width: int = setting(16)
    dropout: float = setting(0.1)
    jitter_shift: float = setting(0.1)
    jitter_rotate: float = setting(10.0)
    jitter_scale: float = setting(0.1)
    jitter_flip: bool = setting(True)


def first_losses(name: str) -> list[float]:
    """Everything that shapes a step is on: jitter, dropout, smoothing, class weights, clipping, warm-up."""
    settings = Settings(
        epochs=1, batch=32, optimizer="sgd", rate=0.02, label_smoothing=0.1, class_weights="balanced", clip=1.0, seed=3
    )
    samples, seen = toy.pictures(160, side=20, channels=3), []

    def recording(settings: Training, facts: Mapping[str, Any], labels: np.ndarray) -> Criterion:
        criterion = losses.cross_entropy(settings, facts, labels)

        def record(net: nn.Module, batch: Mapping[str, Tensor]) -> Scored:
            scored = criterion(net, batch)
            seen.append(scored.loss.item())
            return scored

        return record

    facts = toy.facts(samples)
    job = Job(
        net=networks.build(name, settings, facts),
        settings=settings,
        facts=facts,
        train=samples,
        validation=samples.where(np.zeros(160, dtype=bool)),
    )
    fit.supervised(job, loss=recording, jitter=jitter.geometry(settings))
    return seen


def test_every_network_is_in_the_file() -> None:
    assert sorted(json.loads(FILE.read_text())) == networks.names()


@pytest.mark.parametrize("name", networks.names())
def test_the_first_losses_are_golden(name: str) -> None:
    golden = json.loads(FILE.read_text())[name]
    assert len(golden) == 5
    assert first_losses(name) == pytest.approx(golden, rel=TOLERANCE)


if __name__ == "__main__":
    FILE.write_text(json.dumps({name: first_losses(name) for name in networks.names()}, indent=2) + "\n")
