"""Losses for embeddings: what they compare are the unit vectors of a batch, (B, D), and who is on them."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from models.embedding import to_means
from models.losses import Criterion, Scored

NO_LENGTH = 1e-12  # squared distances are not nearer to 0: the slope of a square root has no end there


def triplet(settings: Any, facts: Mapping[str, Any], labels: np.ndarray, *, field: str = "image") -> Criterion:
    """Each picture against the farthest of its own class and the nearest of another within the batch.

    Hermans et al. 2017, In Defense of the Triplet Loss, equation 5; with `settings.margin` 0 their soft margin.
    Pictures without a partner or without an opponent do not count.
    """

    def criterion(net: nn.Module, batch: Mapping[str, Tensor]) -> Scored:
        vectors, label = net(batch[field]).float(), batch["label"].long()
        farthest, nearest = batch_hard(vectors, label)
        excess = farthest - nearest
        each = functional.relu(excess + settings.margin) if settings.margin else functional.softplus(excess)
        counted = each[excess.isfinite()]
        return Scored(counted.mean() if len(counted) else 0 * vectors.sum(), _measures(vectors, label))

    return criterion


def batch_hard(vectors: Tensor, label: Tensor) -> tuple[Tensor, Tensor]:
    """Distance of each vector (B, D) to the farthest of its own class and to the nearest of another, both (B,).

    The first is -inf without another of the class, the second inf without another class.
    """
    distance = (2 - 2 * vectors @ vectors.T).clamp_min(NO_LENGTH).sqrt()
    same = label[:, None] == label
    itself = torch.eye(len(label), dtype=torch.bool, device=label.device)
    farthest = distance.masked_fill(~same | itself, -torch.inf).amax(1)
    return farthest, distance.masked_fill(same, torch.inf).amin(1)


def arcface(settings: Any, facts: Mapping[str, Any], labels: np.ndarray, *, field: str = "image") -> Criterion:
    """Softmax over angles to a learnt direction a class, the own one made `settings.margin` harder.

    Deng et al. 2019, ArcFace, equation 3. Classes without training samples take no part. A picture with `soft_label`
    (B, classes) has several own classes, by their shares. People to validate on are others, who have no learnt
    direction: the mean of their other pictures takes its place.
    """
    trained = torch.from_numpy(np.unique(labels))

    def criterion(net: nn.Module, batch: Mapping[str, Tensor]) -> Scored:
        vectors, label = net(batch[field]).float(), batch["label"].long()
        if net.training:
            known = trained.to(label.device)
            cosines = vectors @ functional.normalize(net.get_parameter("prototypes")[known]).T
            shares = batch["soft_label"][:, known] if "soft_label" in batch else _one_hot(label, known)
        else:
            people, place = torch.unique(label, return_inverse=True)
            cosines, shares = to_means(vectors, place), _one_hot(label, people)
        logits = settings.scale * with_margin(cosines, shares > 0, settings.margin)
        loss = functional.cross_entropy(logits, shares, label_smoothing=settings.label_smoothing)
        return Scored(loss, {} if "soft_label" in batch else _measures(vectors, label))

    return criterion


def with_margin(cosines: Tensor, own: Tensor, margin_rad: float) -> Tensor:
    """Cosines (B, P), in which the angle to the own classes, bool (B, P), is larger by the margin, up to half a turn."""
    angle = cosines.clamp(-1 + 1e-6, 1 - 1e-6).acos()  # the slope of acos has no end at 1
    return torch.where(own, (angle + margin_rad).clamp_max(torch.pi).cos(), cosines)


def _one_hot(label: Tensor, known: Tensor) -> Tensor:
    return (label[:, None] == known).float()


def _measures(vectors: Tensor, label: Tensor) -> dict[str, Tensor]:
    """`rank_1`: whether the nearest other picture of the batch shows the same person."""
    similarity = (vectors.detach() @ vectors.detach().T).fill_diagonal_(-torch.inf)
    return {"rank_1": (label[similarity.argmax(1)] == label).float()}
