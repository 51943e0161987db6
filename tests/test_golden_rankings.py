"""The losses of the first five steps of every network that ranks, with both losses; see tests/test_golden_losses.py.

Written again after a change that is meant to alter results: python -m tests.test_golden_rankings
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from torch import Tensor, nn

from models import fit, next_item, toy
from models.fit import Job
from models.losses import Criterion, Scored
from models.settings import resolve
from recipes import load

FILE = Path(__file__).parent / "golden" / "recommendation.json"
TOLERANCE = 1e-3
CASES = [(name, loss) for name in ("attention", "factors", "recency") for loss in ("softmax", "pairwise")]
recipe = load("recommendation")


def first_losses(name: str, loss: str) -> list[float]:
    """Everything that shapes a step is on: crops, dropout, drawn others, clipping."""
    given = {"network": name, "epochs": 1, "batch": 16, "window": 5, "width": 16, "dropout": 0.2, "negatives": 8}
    slow = {"optimizer": "sgd", "rate": 0.02, "clip": 1.0, "seed": 3}
    settings = resolve(recipe.settings, given | slow, "test")
    samples, seen = toy.histories(80), []

    def recording(settings: Any, facts: Mapping[str, Any], labels: np.ndarray) -> Criterion:
        criterion = getattr(next_item, loss)(settings, facts, labels)

        def record(net: nn.Module, batch: Mapping[str, Tensor]) -> Scored:
            scored = criterion(net, batch)
            seen.append(scored.loss.item())
            return scored

        return record

    facts = toy.ranking_facts(samples)
    nobody = samples.where(np.zeros(80, dtype=bool))
    job = Job(net=recipe.net(settings, facts), settings=settings, facts=facts, train=samples, validation=nobody)
    fit.supervised(job, loss=recording, jitter=next_item.crops(settings))
    return seen


@pytest.mark.parametrize(("name", "loss"), CASES)
def test_the_first_losses_are_golden(name: str, loss: str) -> None:
    golden = json.loads(FILE.read_text())[f"{name} {loss}"]
    assert len(golden) == 5
    assert first_losses(name, loss) == pytest.approx(golden, rel=TOLERANCE)


if __name__ == "__main__":
    FILE.write_text(json.dumps({f"{name} {loss}": first_losses(name, loss) for name, loss in CASES}, indent=2) + "\n")
