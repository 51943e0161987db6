"""Batches whose pictures are mixed with each other, keyed on (seed, epoch, step) like `models.jitter`.

A mixed batch has `soft_label`, float32 (B, classes): the share of each class in a picture. Its `label` stays that of the
picture which the batch began with.
"""

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from scipy import special
from torch import Tensor
from torch.nn import functional

from models import order
from models.jitter import Jitter


def images(settings: Any, facts: Mapping[str, Any]) -> Jitter | None:
    """Mix-up or cut-mix, as `settings.mixup` and `settings.cutmix` say; a batch gets one of both by even odds.

    Each setting is the alpha of Beta(alpha, alpha), from which a batch draws the share of its own pictures; 0 is off.
    """
    ways = [(mix, alpha) for mix, alpha in ((mix_up, settings.mixup), (cut_mix, settings.cutmix)) if alpha]
    classes = len(facts["classes"])
    if not ways:
        return None

    def jitter(batch: Mapping[str, Tensor], seed: int, epoch: int, step: int) -> dict[str, Tensor]:
        stream = order.stream(order.MIX, seed, epoch, step)
        way, share, down, right = order.uniform(stream, (4,))
        partners = np.argsort(stream.random_raw(len(batch["label"])), kind="stable")
        mix, alpha = ways[int(way * len(ways))]
        own = float(special.betaincinv(alpha, alpha, share))
        others = batch["image"][torch.from_numpy(partners).to(batch["image"].device)]
        mixed, own = mix(batch["image"].float(), others.float(), own, (down, right))
        label = functional.one_hot(batch["label"].long(), classes).float()
        soft = own * label + (1 - own) * label[torch.from_numpy(partners).to(label.device)]
        return {**batch, "image": mixed, "soft_label": soft}

    return jitter


def mix_up(images: Tensor, others: Tensor, own: float, centre: tuple[float, float]) -> tuple[Tensor, float]:
    """Both pictures through each other (B, C, H, W). Zhang et al. 2018, mixup, section 2."""
    return torch.lerp(others, images, own), own


def cut_mix(images: Tensor, others: Tensor, own: float, centre: tuple[float, float]) -> tuple[Tensor, float]:
    """A box of the other picture, 1 - `own` of the area, about `centre` (0 to 1). Yun et al. 2019, CutMix, section 3.1.

    What lies outside the picture is lost, so the share that is left of it is returned.
    """
    height, width = images.shape[2:]
    half = math.sqrt(1 - own) / 2
    top, bottom = (min(max(round((centre[0] + side) * height), 0), height) for side in (-half, half))
    left, right = (min(max(round((centre[1] + side) * width), 0), width) for side in (-half, half))
    mixed = images.clone()
    mixed[:, :, top:bottom, left:right] = others[:, :, top:bottom, left:right]
    return mixed, 1 - (bottom - top) * (right - left) / (height * width)
