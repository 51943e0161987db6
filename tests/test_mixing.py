"""Mixed pictures have mixed labels, in the share of what is seen; and a restart repeats them."""

from types import SimpleNamespace

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from models import jitter, losses, mixing
from models.settings import Training

FACTS = {"classes": ["a", "b", "c"]}
LABELS = torch.tensor([0, 1, 2, 1, 0, 2])


def batch(side: int = 8) -> dict[str, torch.Tensor]:
    """Pictures that are white in the channel of their class."""
    images = torch.zeros((6, 3, side, side), dtype=torch.uint8)
    images[torch.arange(6), LABELS] = 255
    return {"image": images, "label": LABELS}


def chosen(mixup: float = 0.0, cutmix: float = 0.0) -> jitter.Jitter:
    made = mixing.images(SimpleNamespace(mixup=mixup, cutmix=cutmix), FACTS)
    assert made is not None
    return made


def test_nothing_on_is_no_operation() -> None:
    assert mixing.images(SimpleNamespace(mixup=0.0, cutmix=0.0), FACTS) is None
    assert jitter.chain(None, None) is None


@pytest.mark.parametrize("alphas", [(0.2, 0.0), (0.0, 1.0), (1.0, 1.0)])
@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 2**31 - 1), epoch=st.integers(0, 99), step=st.integers(0, 999))
def test_a_picture_shows_its_classes_in_the_share_of_its_label(
    alphas: tuple[float, float], seed: int, epoch: int, step: int
) -> None:
    before = batch()
    mixed = chosen(*alphas)(before, seed, epoch, step)
    assert (mixed["image"].shape, mixed["image"].dtype) == (before["image"].shape, torch.float32)
    assert mixed["image"].min() >= 0 and mixed["image"].max() <= 255
    shown = mixed["image"].mean((2, 3)) / 255
    assert torch.allclose(shown, mixed["soft_label"], atol=1e-5)
    assert torch.allclose(mixed["soft_label"].sum(1), torch.ones(6))
    assert mixed["label"] is before["label"]
    assert torch.equal(before["image"], batch()["image"]), "the batch that came in was changed"


def test_a_step_repeats_itself_and_no_other() -> None:
    operation = chosen(1.0, 1.0)
    keys = [(0, 0, 0), (1, 0, 0), (0, 1, 0), (0, 0, 1)]
    images = {key: operation(batch(), *key)["image"] for key in keys}
    assert torch.equal(operation(batch(), 0, 0, 0)["image"], images[0, 0, 0])
    assert len({image.numpy().tobytes() for image in images.values()}) == 4


def test_both_ways_are_drawn_evenly() -> None:
    boxes = [bool((chosen(1.0, 1.0)(batch(), 0, 0, step)["image"] % 255 == 0).all()) for step in range(300)]
    assert np.mean(boxes) == pytest.approx(0.5, abs=0.1)


@pytest.mark.parametrize(("alpha", "spread"), [(0.2, 1 / 4 / 1.4), (1.0, 1 / 12), (5.0, 1 / 4 / 11)])
def test_shares_have_the_spread_of_their_beta(alpha: float, spread: float) -> None:
    """The variance of Beta(a, a) is 1 / (4 (2a + 1)); the share of one picture is the same for the whole batch."""
    pair = {"image": torch.tensor([0, 255], dtype=torch.uint8).reshape(2, 1, 1, 1), "label": torch.tensor([0, 1])}
    mixed = [chosen(alpha)(pair, 3, 0, step) for step in range(3000)]
    own = [float(each["soft_label"][0, 0]) for each in mixed if each["soft_label"][0, 1] > 0]
    assert np.mean(own) == pytest.approx(0.5, abs=0.03)
    assert np.var(own) == pytest.approx(spread, rel=0.1)


def test_a_box_in_the_middle() -> None:
    images, others = torch.zeros((1, 1, 8, 8)), torch.ones((1, 1, 8, 8))
    mixed, own = mixing.cut_mix(images, others, 0.75, (0.5, 0.5))
    assert own == 0.75
    assert mixed[0, 0, 2:6, 2:6].all() and mixed.sum() == 16
    corner, own = mixing.cut_mix(images, others, 0.75, (0.0, 0.0))
    assert corner.sum() == 4 and own == 1 - 4 / 64


def test_jitters_are_chained_in_order() -> None:
    def add(amount: int) -> jitter.Jitter:
        return lambda batch, seed, epoch, step: {**batch, "image": batch["image"] * 2 + amount + step}

    chained = jitter.chain(add(1), None, add(5))
    assert chained is not None
    assert chained({"image": torch.tensor(1)}, 0, 0, 10)["image"].item() == (2 + 11) * 2 + 15


@pytest.mark.parametrize("smoothing", [0.0, 0.2])
@pytest.mark.parametrize("weights", ["none", "balanced"])
def test_a_share_of_one_gives_what_the_label_gives(smoothing: float, weights: str) -> None:
    criterion = losses.cross_entropy(
        Training(label_smoothing=smoothing, class_weights=weights), FACTS, np.array([0, 0, 0, 1, 2, 2])
    )
    logits = torch.randn((6, 3), generator=torch.Generator().manual_seed(0))
    hard = {"image": logits, "label": LABELS}
    soft = {**hard, "soft_label": torch.eye(3)[LABELS]}
    scored = [criterion(torch.nn.Identity(), each) for each in (hard, soft)]
    assert scored[0].loss.item() == pytest.approx(scored[1].loss.item(), rel=1e-6)
    assert torch.equal(scored[0].measures["accuracy"], scored[1].measures["accuracy"])


def test_soft_labels_worked_by_hand() -> None:
    logits = torch.tensor([[0.0, np.log(3.0)]])
    loss = losses.soft_cross_entropy(logits, torch.tensor([[0.25, 0.75]]), None, 0.0)
    assert loss.item() == pytest.approx(-0.25 * np.log(1 / 4) - 0.75 * np.log(3 / 4))
