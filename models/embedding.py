"""Networks that turn a picture into a unit vector, close to those of the same person and far from those of others."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from models import calibration, device, networks
from models.data import Samples, blocks


class Embedder(nn.Module):
    """Images (B, C, H, W) → unit vectors (B, D). Outside of training a picture and its mirror image are averaged.

    prototypes   (classes, D), learnt by losses that need a direction a class; of no use afterwards
    gallery      (classes, D), the mean direction of each class that is enrolled; 0 for the others
    calibration  (2,), slope and offset from a similarity with the gallery to the log-odds of being that person
    """

    gallery: Tensor
    calibration: Tensor

    def __init__(self, trunk: nn.Module, prototypes: Tensor) -> None:
        super().__init__()
        self.trunk = trunk
        self.prototypes = nn.Parameter(prototypes)
        self.register_buffer("gallery", torch.zeros_like(prototypes))
        self.register_buffer("calibration", torch.tensor([1.0, 0.0]))

    def forward(self, images: Tensor) -> Tensor:
        images = images.float()
        features = self.trunk(images)
        if not self.training:
            features = features + self.trunk(images.flip(3))
        return functional.normalize(features)


def build(settings: Any, facts: Mapping[str, Any]) -> Embedder:
    """An embedder with the convolutions of the network `settings.network`; random weights of `settings.seed`.

    Each picture is brought to mean 0 and spread 1 by itself: light is not what a person is known by. The head is not
    pooled: where something is in a picture counts (Deng et al. 2019, ArcFace, section 3.1).
    """
    _, *convolutions, _ = networks.build(settings.network, settings, facts).children()  # its first: one mean for all
    shape = facts["fields"]["image"]["shape"]
    body = nn.Sequential(nn.InstanceNorm2d(shape[0]), *convolutions).eval()
    with torch.random.fork_rng(devices=[]), torch.no_grad():
        torch.manual_seed(settings.seed)
        features = body(torch.zeros(1, *shape)).numel()
        head = [nn.Linear(features, settings.dimensions, bias=False), nn.BatchNorm1d(settings.dimensions)]
        trunk = nn.Sequential(body, nn.Flatten(), nn.Dropout(settings.dropout), *head).train()
        return Embedder(trunk, torch.randn(len(facts["classes"]), settings.dimensions))


def embed(net: nn.Module, samples: Samples, *, field: str = "image") -> np.ndarray:
    """Unit vectors, float64 (N, D). `net` is moved to the device that trains and set to evaluation."""
    return np.concatenate([vectors(net, samples.take(indices)[field]) for indices in blocks(samples)])


def vectors(net: nn.Module, images: np.ndarray) -> np.ndarray:
    """The same of images (B, C, H, W)."""
    machine = device.prepare()
    net.to(machine.device).eval()
    with torch.inference_mode():
        found: np.ndarray = net(device.tensor(images).to(machine.device)).double().cpu().numpy()
    return found


def enrol(net: Embedder, *known: Samples) -> None:
    """Fill the gallery with everyone of whom there is an original in `known`, and learn how sure a similarity makes us.

    The latter from the last of `known` that is not empty: best are people whom the network was not trained on.
    """
    originals = [samples.where(np.asarray(samples.column("copy")) == 0) for samples in known if len(samples)]
    embedded = torch.from_numpy(np.concatenate([embed(net, samples) for samples in originals]))
    labels = torch.from_numpy(np.concatenate([samples.column("label") for samples in originals])).long()
    means = torch.zeros(net.gallery.shape, dtype=torch.float64).index_add_(0, labels, embedded)
    net.gallery.copy_(functional.normalize(means))
    if int(labels.min()) < int(labels.max()):
        net.calibration.copy_(torch.tensor(_calibrated(embedded, labels, len(originals[-1]))))


def _calibrated(embedded: Tensor, labels: Tensor, last: int) -> tuple[float, float]:
    """Slope and offset from the last so many pictures, each compared with the gallery as it would be without it: its
    own person is one case, and the nearest other, whom a stranger would be taken for, another."""
    people = torch.unique(labels, return_inverse=True)[1]
    similarity = to_means(embedded, people)[-last:]
    own = functional.one_hot(people)[-last:].bool()
    nearest_other = similarity.masked_fill(own, -1.0).amax(1)
    return calibration.platt(similarity[own].numpy(), nearest_other.numpy())


def to_means(embedded: Tensor, people: Tensor) -> Tensor:
    """Similarity of each unit vector (B, D) to the mean direction of each of the people 0 … P - 1, (B, P).

    A vector is left out of the mean that it is compared with; who has no other has similarity 0 with himself.
    """
    member = functional.one_hot(people).to(embedded.dtype)  # (B, P)
    sums = member.T @ embedded  # (P, D)
    others = embedded @ functional.normalize(sums).T
    own = (embedded * functional.normalize(sums[people] - embedded)).sum(1, keepdim=True)
    return torch.where(member.bool(), own, others)
