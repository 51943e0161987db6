"""Random geometry: what it does to a picture, and that a restart repeats it."""

from types import SimpleNamespace

import numpy as np
import pytest
import torch

from models import jitter


def settings(**given: float) -> SimpleNamespace:
    off = {"jitter_shift": 0.0, "jitter_rotate": 0.0, "jitter_scale": 0.0, "jitter_flip": False}
    return SimpleNamespace(**(off | given))


def picture() -> torch.Tensor:
    return torch.randint(0, 256, (1, 2, 8, 8), dtype=torch.uint8, generator=torch.Generator().manual_seed(0))


def drawn(**given: float) -> np.ndarray:
    names = ("angle", "size", "right", "down", "mirror")
    return np.array([[given.get(name, 0.5) for name in names]])


def test_nothing_on_is_no_operation() -> None:
    assert jitter.geometry(settings()) is None


@pytest.mark.parametrize(
    ("name", "amount"), [("jitter_shift", 0.2), ("jitter_rotate", 30.0), ("jitter_scale", 0.5), ("jitter_flip", True)]
)
def test_each_setting_alone_changes_pictures_and_nothing_else_of_a_batch(name: str, amount: float) -> None:
    operation = jitter.geometry(settings(**{name: amount}))
    assert operation is not None
    label = torch.arange(16)
    batch = {"image": picture().expand(16, 2, 8, 8), "label": label}
    varied = operation(batch, 0, 0, 0)
    assert varied["label"] is label
    assert varied["image"].shape == (16, 2, 8, 8)
    assert not torch.equal(varied["image"], batch["image"].float())
    assert batch["image"].dtype == torch.uint8


def test_a_step_repeats_itself_and_no_other() -> None:
    operation = jitter.geometry(settings(jitter_shift=0.2, jitter_rotate=30))
    assert operation is not None
    batch = {"image": picture()}
    images = {key: operation(batch, *key)["image"] for key in [(0, 0, 0), (1, 0, 0), (0, 1, 0), (0, 0, 1)]}
    assert torch.equal(operation(batch, 0, 0, 0)["image"], images[0, 0, 0])
    assert len({image.numpy().tobytes() for image in images.values()}) == 4


def test_the_middle_of_every_range_is_the_picture_itself() -> None:
    maps = jitter.affine(drawn(), shift=0.3, rotate_deg=90, scale=0.5, flip=True)
    assert torch.allclose(jitter.warp(picture(), maps), picture().float(), atol=1e-3)


def test_a_mirror_swaps_left_and_right() -> None:
    maps = jitter.affine(drawn(mirror=0.1), shift=0, rotate_deg=0, scale=0, flip=True)
    assert torch.allclose(jitter.warp(picture(), maps), picture().float().flip(3), atol=1e-3)


def test_a_quarter_turn() -> None:
    maps = jitter.affine(drawn(angle=1.0), shift=0, rotate_deg=90, scale=0, flip=False)
    turned = jitter.warp(picture(), maps)
    assert torch.allclose(turned, picture().float().rot90(1, (2, 3)), atol=1e-2)


def test_a_shift_of_a_quarter_moves_eight_pixels_by_two_and_repeats_the_border() -> None:
    maps = jitter.affine(drawn(right=1.0), shift=0.25, rotate_deg=0, scale=0, flip=False)
    shifted, image = jitter.warp(picture(), maps), picture().float()
    assert torch.allclose(shifted[..., :6], image[..., 2:], atol=1e-3)
    assert torch.allclose(shifted[..., 6:], image[..., 7:].expand(1, 2, 8, 2), atol=1e-3)


def test_a_larger_picture_shows_its_centre() -> None:
    ramp = torch.linspace(-70, 70, 8).expand(1, 1, 8, 8)
    maps = jitter.affine(drawn(size=1.0), shift=0, rotate_deg=0, scale=1.0, flip=False)
    assert torch.allclose(jitter.warp(ramp, maps), ramp / 2, atol=1e-3)


def test_later_moves_each_sample_by_itself_and_loses_nothing() -> None:
    operation = jitter.later("sound", 0.2)
    assert operation is not None and jitter.later("sound", 0.0) is None
    sound = torch.arange(20).expand(16, 1, 3, 20)
    moved = operation({"sound": sound}, 1, 2, 3)["sound"]
    first = moved[:, 0, 0, 0]
    assert torch.equal(moved, (torch.arange(20) + first[:, None]).remainder(20)[:, None, None].expand_as(sound))
    assert len(first.unique()) > 3 and torch.minimum(first, 20 - first).max() <= 4
    assert torch.equal(operation({"sound": sound}, 1, 2, 3)["sound"], moved)
