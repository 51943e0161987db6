"""One shape a picture, as PNG in colours: anywhere, of any size, turned by any angle, on a noisy ground.

Its label is its name. PNG is written without compression, so that its bytes do not depend on the version of zlib.
"""

import io
from typing import Annotated, Literal

import numpy as np
from pydantic import Field

from project.source import Strict

KIND, SUFFIX = "image", ".png"
Shape = Literal["circle", "square", "star", "triangle"]
FINER = 4
"""Points in each direction that a pixel is the mean of."""
SMALLEST, LARGEST = 0.2, 0.4
"""Radius as a fraction of the side."""
LEAST_CONTRAST = 64
CORNERS = {
    "square": np.exp(1j * np.pi / 2 * np.arange(4)),
    "star": np.exp(1j * np.pi / 5 * np.arange(10)) * np.tile([1, 0.4], 5),
    "triangle": np.exp(1j * 2 * np.pi / 3 * np.arange(3)),
}
"""Corners in the complex plane, on a circle of radius 1."""


class Settings(Strict):
    """Size is the side of a picture, noise the standard deviation of its grey levels."""

    size_px: Annotated[int, Field(ge=8, le=512)] = 32
    noise_levels: Annotated[float, Field(ge=0, le=128)] = 8.0
    shapes: Annotated[tuple[Shape, ...], Field(min_length=1)] = ("circle", "square", "star", "triangle")


def labels(settings: Settings) -> tuple[str, ...]:
    return settings.shapes


def make(draws: np.random.Generator, settings: Settings, label: str) -> bytes:
    """One picture as a PNG file."""
    from PIL import Image

    ground = draws.integers(0, 256, 3)
    colour = (ground + draws.integers(LEAST_CONTRAST, 257 - LEAST_CONTRAST, 3)) % 256
    covered = _covered(draws, settings.size_px, label)[..., None]  # (size, size, 1), 0 to 1
    noise = settings.noise_levels * draws.standard_normal((settings.size_px, settings.size_px, 3))
    pixels = ground + covered * (colour - ground) + noise
    content = io.BytesIO()
    Image.fromarray(np.clip(np.rint(pixels), 0, 255).astype(np.uint8)).save(content, "PNG", compress_level=0)
    return content.getvalue()


def _covered(draws: np.random.Generator, size_px: int, shape: str) -> np.ndarray:
    """How much of each pixel the shape covers: (size, size), 0 to 1."""
    radius = draws.uniform(SMALLEST, LARGEST)
    x, y = draws.uniform(radius, 1 - radius, 2)
    turned = np.exp(1j * draws.uniform(0, 2 * np.pi))
    places = (np.arange(size_px * FINER) + 0.5) / (size_px * FINER)
    points = ((places[None, :] - x) + 1j * (places[:, None] - y)) / (
        radius * turned
    )  # the shape has radius 1, unturned
    inside = np.abs(points) <= 1 if shape == "circle" else _within(points, CORNERS[shape])
    return inside.reshape(size_px, FINER, size_px, FINER).mean((1, 3))


def _within(points: np.ndarray, corners: np.ndarray) -> np.ndarray:
    """Which points of the complex plane lie in a polygon, by the even-odd rule: a ray to the right crosses its sides."""
    inside = np.zeros(points.shape, bool)
    for start, end in zip(corners, np.roll(corners, -1), strict=True):
        if start.imag != end.imag:
            between = (start.imag > points.imag) != (end.imag > points.imag)
            crossing = start.real + (points.imag - start.imag) * (end.real - start.real) / (end.imag - start.imag)
            inside ^= between & (points.real < crossing)
    return inside
