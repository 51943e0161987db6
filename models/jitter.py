"""Cheap random variation of whole batches while training, keyed on (seed, epoch, step): never the same twice, and the
same again after a restart."""

import functools
import math
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from models import order

Jitter = Callable[[Mapping[str, Tensor], int, int, int], dict[str, Tensor]]
"""(batch, seed, epoch, step) → a new batch."""


def chain(*jitters: Jitter | None) -> Jitter | None:
    """One after the other, without those that are off; None when all are."""
    on = [jitter for jitter in jitters if jitter]
    if not on:
        return None

    def jitter(batch: Mapping[str, Tensor], seed: int, epoch: int, step: int) -> dict[str, Tensor]:
        return functools.reduce(lambda done, each: each(done, seed, epoch, step), on, dict(batch))

    return jitter


def geometry(settings: Any) -> Jitter | None:
    """Shift, rotation, scaling and mirroring of images in one resampling, as much as `settings.jitter_*` say.

    Returns None when all of them are off, so that nothing is resampled for nothing.
    """
    amounts = (settings.jitter_shift, settings.jitter_rotate, settings.jitter_scale, settings.jitter_flip)
    if not any(amounts):
        return None

    def jitter(batch: Mapping[str, Tensor], seed: int, epoch: int, step: int) -> dict[str, Tensor]:
        images = batch["image"]
        draws = order.uniform(order.stream(order.JITTER, seed, epoch, step), (len(images), 5))
        return {**batch, "image": warp(images, affine(draws, *amounts))}

    return jitter


def affine(draws: np.ndarray, shift: float, rotate_deg: float, scale: float, flip: bool) -> Tensor:
    """Inverse affine maps, float32 (B, 2, 3), for draws (B, 5) in [0, 1): angle, size, right, down, mirror.

    Angles are uniform in ±rotate_deg, sizes log-uniform in 1/(1+scale) … 1+scale, shifts uniform in ±shift of the side.
    All five are always drawn: turning one on leaves the others as they were.
    """
    signed = 2 * draws - 1
    angle = np.radians(rotate_deg * signed[:, 0])
    shrink = np.exp(-math.log1p(scale) * signed[:, 1])
    mirror = np.where(flip & (draws[:, 4] < 0.5), -1.0, 1.0)
    maps = np.empty((len(draws), 2, 3))
    maps[:, 0, 0], maps[:, 0, 1] = mirror * shrink * np.cos(angle), -mirror * shrink * np.sin(angle)
    maps[:, 1, 0], maps[:, 1, 1] = shrink * np.sin(angle), shrink * np.cos(angle)
    maps[:, :, 2] = 2 * shift * signed[:, 2:4]  # the grid runs from -1 to 1, so a whole side is 2
    return torch.from_numpy(maps.astype(np.float32))


def warp(images: Tensor, maps: Tensor) -> Tensor:
    """Images (B, C, H, W), uint8 or float, resampled bilinearly by `maps` (B, 2, 3) to float32 in the same range.

    What comes in from outside repeats the border.
    """
    grid = functional.affine_grid(maps.to(images.device), list(images.shape), align_corners=False)
    return functional.grid_sample(images.float(), grid, padding_mode="border", align_corners=False)
