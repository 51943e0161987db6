"""Random variations of pictures. Each takes uint8 (C, H, W) and gives the same; fields other than `image` pass through.

What comes in from outside the picture has the colour of its edge. An amount of 0 changes nothing.
"""

import math
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from PIL import Image

from media.operations import colour
from media.operations.amounts import from_zero_to, probability
from media.sample import Operation

Sample = Mapping[str, np.ndarray]
Change = Callable[[np.ndarray, np.random.Generator, Any], np.ndarray]
Places = tuple[float, ...]
ELASTIC_SMOOTHNESS = 4 / 28
"""Width of the smoothing of displacements as a fraction of the side: 4 px on MNIST, Simard et al. 2003, section 3."""

MOST_PERSPECTIVE = 0.2
"""Four corners that move by less than a quarter of the side still span a convex shape."""


def edge_colour(image: np.ndarray) -> np.ndarray:
    """The median of the outermost pixels of (C, H, W), for each channel: uint8 (C,)."""
    edge = np.concatenate([image[:, 0], image[:, -1], image[:, :, 0], image[:, :, -1]], axis=1)
    edge.sort(axis=1)
    return edge[:, edge.shape[1] // 2]


def rotate(image: np.ndarray, draw: np.random.Generator, degrees: float) -> np.ndarray:
    """Turn about the centre by up to `degrees` either way."""
    angle = math.radians(draw.uniform(-degrees, degrees))
    return _affine(image, (math.cos(angle), math.sin(angle), -math.sin(angle), math.cos(angle)), (0.0, 0.0))


def shift(image: np.ndarray, draw: np.random.Generator, fraction: float) -> np.ndarray:
    """Move by up to `fraction` of the side, in both directions, by parts of a pixel too."""
    right, down = draw.uniform(-fraction, fraction, 2)
    return _affine(image, (1.0, 0.0, 0.0, 1.0), (right, down))


def scale(image: np.ndarray, draw: np.random.Generator, fraction: float) -> np.ndarray:
    """Make larger or smaller by up to `fraction`, about the centre."""
    step = 1 / (1 + draw.uniform(-fraction, fraction))
    return _affine(image, (step, 0.0, 0.0, step), (0.0, 0.0))


def crop(image: np.ndarray, draw: np.random.Generator, fraction: float) -> np.ndarray:
    """Cut away up to `fraction` of the side, anywhere, and enlarge the rest to the old size."""
    lost = draw.uniform(0, fraction)
    right, down = draw.uniform(-lost / 2, lost / 2, 2)
    return _affine(image, (1 - lost, 0.0, 0.0, 1 - lost), (right, down))


def perspective(image: np.ndarray, draw: np.random.Generator, fraction: float) -> np.ndarray:
    """Look from another side: each corner shows what lies up to `fraction` of the side away from it, both ways.

    Four pairs of places fix the eight coefficients: Heckbert 1989, Fundamentals of Texture Mapping, section 2.2.
    """
    height, width = image.shape[1:]
    corners = np.array([(0, 0), (width, 0), (0, height), (width, height)], np.float64)
    seen = corners + draw.uniform(-fraction, fraction, (4, 2)) * (width, height)
    rows = [
        row
        for (x, y), (u, v) in zip(corners, seen, strict=True)
        for row in ((x, y, 1, 0, 0, 0, -u * x, -u * y), (0, 0, 0, x, y, 1, -v * x, -v * y))
    ]
    return _resampled(image, Image.Transform.PERSPECTIVE, tuple(np.linalg.solve(rows, seen.reshape(-1)).tolist()))


def flip(image: np.ndarray, draw: np.random.Generator, chance: float) -> np.ndarray:
    """Mirror left and right with this probability."""
    return np.ascontiguousarray(image[:, :, ::-1]) if draw.random() < chance else image


def noise(image: np.ndarray, draw: np.random.Generator, fraction: float) -> np.ndarray:
    """Add normal noise whose standard deviation is `fraction` of the full range."""
    grain = draw.standard_normal(image.shape, np.float32) * np.float32(255 * fraction)
    return np.clip(np.rint(image + grain), 0, 255).astype(np.uint8)


def elastic(image: np.ndarray, draw: np.random.Generator, fraction: float) -> np.ndarray:
    """Bend by a smooth random field, no point by more than `fraction` of the side. Simard et al. 2003, section 3."""
    from scipy import ndimage

    height, width = image.shape[1:]
    raw = draw.uniform(-1, 1, (2, height, width))
    width_px = ELASTIC_SMOOTHNESS * max(height, width)
    field = np.stack([ndimage.gaussian_filter(each, width_px, mode="constant") for each in raw])
    largest = np.abs(field).max()
    field *= fraction * max(height, width) / largest if largest > 0 else 0.0
    places = np.mgrid[:height, :width] + field  # (2, H, W)
    bent = [ndimage.map_coordinates(channel, places, order=1, mode="nearest") for channel in image.astype(np.float32)]
    return np.clip(np.rint(bent), 0, 255).astype(np.uint8)


def cutout(image: np.ndarray, draw: np.random.Generator, fraction: float) -> np.ndarray:
    """Blank a square of `fraction` of the side, its centre anywhere. DeVries and Taylor 2017, section 3."""
    height, width = image.shape[1:]
    half = fraction * max(height, width) / 2
    y, x = draw.uniform(0, height), draw.uniform(0, width)
    rows = slice(max(0, round(y - half)), max(0, round(y + half)))
    columns = slice(max(0, round(x - half)), max(0, round(x + half)))
    blanked = image.copy()
    blanked[:, rows, columns] = edge_colour(image)[:, None, None]
    return blanked


def _affine(image: np.ndarray, linear: tuple[float, float, float, float], moved: tuple[float, float]) -> np.ndarray:
    """Each output place takes what lies at `linear` times its distance from the centre, less `moved` (in sides)."""
    height, width = image.shape[1:]
    a, b, c, d = linear
    x = width / 2 - a * width / 2 - b * height / 2 - moved[0] * width
    y = height / 2 - c * width / 2 - d * height / 2 - moved[1] * height
    return _resampled(image, Image.Transform.AFFINE, (a, b, x, c, d, y))


def _resampled(image: np.ndarray, method: Image.Transform, places: Places) -> np.ndarray:
    """Each output place takes what lies where `places`, Pillow's coefficients for `method`, send it."""
    height, width = image.shape[1:]
    fill = tuple(edge_colour(image).tolist())
    source = Image.fromarray(image[0] if len(fill) == 1 else np.ascontiguousarray(image.transpose(1, 2, 0)))
    turned = source.transform(
        (width, height),
        method,
        places,
        Image.Resampling.BICUBIC,
        fillcolor=fill[0] if len(fill) == 1 else fill,
    )
    return np.ascontiguousarray(np.asarray(turned).reshape(height, width, -1).transpose(2, 0, 1))


def _on_image(change: Change) -> Callable[[Sample, np.random.Generator, Any], Sample]:
    return lambda sample, draw, amount: {**sample, "image": change(sample["image"], draw, amount)}


OPERATIONS = (
    Operation("rotate_deg", "degrees, either way", from_zero_to(180), _on_image(rotate)),
    Operation("scale", "fraction, up or down", from_zero_to(0.9), _on_image(scale)),
    Operation("perspective", "displacement of a corner, fraction of the side", from_zero_to(MOST_PERSPECTIVE),
              _on_image(perspective)),
    Operation("crop", "fraction of the side cut away", from_zero_to(0.9), _on_image(crop)),
    Operation("shift", "fraction of the side, either way", from_zero_to(0.5), _on_image(shift)),
    Operation("elastic", "largest displacement, fraction of the side", from_zero_to(0.5), _on_image(elastic)),
    Operation("flip", "probability of a mirror image; true is 0.5", probability, _on_image(flip)),
    Operation("brightness", "fraction, up or down", from_zero_to(1), _on_image(colour.brightness)),
    Operation("contrast", "fraction, up or down", from_zero_to(1), _on_image(colour.contrast)),
    Operation("saturation", "fraction, up or down", from_zero_to(1), _on_image(colour.saturation)),
    Operation("hue_deg", "degrees, either way", from_zero_to(180), _on_image(colour.hue)),
    Operation("noise", "standard deviation, fraction of the range", from_zero_to(1), _on_image(noise)),
    Operation("jpeg_loss", "fraction of JPEG quality given up", from_zero_to(1), _on_image(colour.jpeg)),
    Operation("cutout", "side of the blank square, fraction of the side", from_zero_to(1), _on_image(cutout)),
)  # fmt: skip
"""In the order in which they are applied."""
