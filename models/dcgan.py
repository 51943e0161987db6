"""Pictures from noise and a class: a generator of convolutions (Radford et al. 2016, DCGAN) and its critic.

Axes: B pictures, C channels, H × W pixels. Pictures are floats from -1 to 1.
"""

import itertools
import math
from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.nn.utils.parametrizations import spectral_norm

SMALLEST_PX = 7  # of the first feature map; it doubles until the picture is there
SLOPE = 0.1  # of the leaky ReLU (Miyato et al. 2018, Spectral Normalization, appendix B)


class Players(nn.Module):
    """The generator and its critic. `settings`: width, noise."""

    def __init__(self, settings: Any, facts: Mapping[str, Any]) -> None:
        super().__init__()
        self.generator = Generator(settings, facts)
        self.critic = Critic(settings, facts)


class ClassNorm(nn.Module):
    """Batch normalisation with a scale and a shift for each class, and ReLU (Dumoulin et al. 2017, A Learned
    Representation for Artistic Style, section 2.2)."""

    def __init__(self, channels: int, classes: int) -> None:
        super().__init__()
        self.norm = nn.BatchNorm2d(channels, affine=False)
        self.scale_and_shift = nn.Embedding(classes, 2 * channels)
        nn.init.zeros_(self.scale_and_shift.weight)

    def forward(self, features: Tensor, label: Tensor) -> Tensor:
        scale, shift = self.scale_and_shift(label)[:, :, None, None].chunk(2, 1)
        return functional.relu(torch.addcmul(shift, self.norm(features), 1 + scale))


class Generator(nn.Module):
    """(noise (B, N), class number (B,)) → pictures (B, C, H, W). `noise` is N, `classes` how many it knows.

    The class multiplies the noise, and scales and shifts after each normalisation. Given beside the noise instead, as
    more inputs of the first layer, it drowns the noise: all pictures of a class become one.
    """

    def __init__(self, settings: Any, facts: Mapping[str, Any]) -> None:
        super().__init__()
        channels, self.height, self.width = facts["fields"]["image"]["shape"]
        doublings = _doublings(max(self.height, self.width))
        widths = [settings.width * min(2**place, 8) for place in range(doublings, -1, -1)]
        self.noise, self.classes = settings.noise, len(facts["classes"])
        self.first = [-(-side // 2**doublings) for side in (self.height, self.width)]
        self.embedding = nn.Embedding(self.classes, self.noise)
        self.seed = nn.Linear(self.noise, widths[0] * math.prod(self.first))
        self.grow = nn.ModuleList(
            nn.ConvTranspose2d(inside, outside, 4, stride=2, padding=1, bias=False)
            for inside, outside in itertools.pairwise(widths)
        )
        self.norms = nn.ModuleList(ClassNorm(width, self.classes) for width in widths)
        self.paint = nn.Conv2d(widths[-1], channels, 3, padding=1)
        self.to(memory_format=torch.channels_last)  # type: ignore[call-overload]

    def forward(self, noise: Tensor, label: Tensor) -> Tensor:
        features = self.seed(noise * self.embedding(label)).view(len(noise), -1, *self.first)
        features = self.norms[0](features.contiguous(memory_format=torch.channels_last), label)
        for grow, norm in zip(self.grow, list(self.norms)[1:], strict=True):
            features = norm(grow(features), label)
        return torch.tanh(self.paint(features))[:, :, : self.height, : self.width]


class Critic(nn.Module):
    """(pictures (B, C, H, W), class number (B,)) → how real each looks as one of its class, (B,), without a bound.

    Every layer is held to a gain of 1 (Miyato et al. 2018, Spectral Normalization). The class enters as a projection
    (Miyato and Koyama 2018, cGANs with Projection Discriminator, equation 4).
    """

    def __init__(self, settings: Any, facts: Mapping[str, Any]) -> None:
        super().__init__()
        channels, *sides = facts["fields"]["image"]["shape"]
        width = settings.width
        layers: list[nn.Module] = [*_judging(channels, width, stride=2)]
        for place in range(1, _doublings(max(sides))):
            wider = settings.width * min(2**place, 8)
            layers += [*_judging(width, wider), *_judging(wider, 2 * wider, stride=2)]
            width = 2 * wider
        self.features = nn.Sequential(*layers, *_judging(width, width))
        self.realness = spectral_norm(nn.Linear(width, 1))
        self.of_class = spectral_norm(nn.Embedding(len(facts["classes"]), width))
        self.to(memory_format=torch.channels_last)  # type: ignore[call-overload]

    def forward(self, pictures: Tensor, label: Tensor) -> Tensor:
        features = self.features(pictures).sum((2, 3))
        scores: Tensor = self.realness(features)[:, 0] + (self.of_class(label) * features).sum(1)
        return scores


def _judging(inside: int, outside: int, stride: int = 1) -> list[nn.Module]:
    kernel = nn.Conv2d(inside, outside, 4 if stride == 2 else 3, stride, padding=1)
    return [spectral_norm(kernel), nn.LeakyReLU(SLOPE)]


def _doublings(longest_px: int) -> int:
    return max(1, math.ceil(math.log2(longest_px / SMALLEST_PX)))
