"""Learning rates over a training, against values worked by hand."""

import itertools

import pytest

from models import schedules
from models.settings import Training

STEPS = 100


def rates(schedule: str, warmup: float) -> list[float]:
    settings = Training(schedule=schedule, warmup=warmup, rate=0.1)
    return [schedules.rate(settings, step, STEPS) for step in range(STEPS)]


@pytest.mark.parametrize(
    ("schedule", "at_half", "at_end"),
    [
        ("constant", 0.1, 0.1),
        ("linear", 0.05, 0.001),
        ("step", 0.01, 0.001),
        ("cosine", 0.05, 0.1 * 0.000247),
        ("one_cycle", 0.05, 0.1 * 0.000257),
    ],
)
def test_without_warmup(schedule: str, at_half: float, at_end: float) -> None:
    values = rates(schedule, warmup=0)
    assert values[0] == pytest.approx(0.1)
    assert values[50] == pytest.approx(at_half, rel=1e-3)
    assert values[99] == pytest.approx(at_end, rel=5e-3)


@pytest.mark.parametrize("schedule", ["constant", "linear", "step", "cosine", "one_cycle"])
def test_the_rate_rises_to_its_peak_when_warmup_ends_and_never_again(schedule: str) -> None:
    values = rates(schedule, warmup=0.25)
    assert all(a < b for a, b in itertools.pairwise(values[:26]))
    assert values[25] == pytest.approx(0.1)
    assert all(a >= b for a, b in itertools.pairwise(values[25:]))


def test_one_cycle_is_that_of_torch() -> None:
    import torch

    optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=1.0)
    reference = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, max_lr=0.1, total_steps=STEPS + 1, pct_start=0.25, final_div_factor=4000
    )
    ours = rates("one_cycle", warmup=0.25)
    assert ours[0] == pytest.approx(reference.get_last_lr()[0])


@pytest.mark.parametrize("schedule", ["constant", "linear", "step", "cosine", "one_cycle"])
@pytest.mark.parametrize("warmup", [0.0, 0.5, 1.0])
@pytest.mark.parametrize("steps", [1, 2, 3])
def test_the_shortest_trainings_have_a_rate_too(schedule: str, warmup: float, steps: int) -> None:
    settings = Training(schedule=schedule, warmup=warmup, rate=0.1)
    assert all(0 < schedules.rate(settings, step, steps) <= 0.1 for step in range(steps))
