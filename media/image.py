"""Pictures as samples: any picture file becomes a square of bytes, (channels, height, width), range 0 to 255.

What each kind of picture becomes is told in `media.pixels`.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
from PIL import Image

from media import picture, pixels
from media.operations import image as image_operations
from media.sample import Field

OPERATIONS = image_operations.OPERATIONS


def field(size: int, colour: bool) -> Field:
    """The field that `square` fills: uint8, (3 or 1, size, size)."""
    return Field("uint8", (3 if colour else 1, size, size))


def square(data: bytes, size: int, colour: bool) -> np.ndarray:
    """A picture file fitted into a square with its aspect ratio kept, the rest filled with the colour of its edge.

    Returns uint8, (3 or 1, size, size). Raises one of `picture.DAMAGED` for a file that ingest would not admit.
    """
    with picture.guarded():
        image = picture.opened(data)
        image.draft("RGB" if colour else "L", (size, size))
        image.load()
        image = pixels.upright(image)
    return centred(reduced(image, size, colour), size)


def fields(settings: Any) -> dict[str, Field]:
    """Of recipes whose samples are single pictures, with the settings `size` and `colour`."""
    return {"image": field(settings.size, settings.colour)}


def read(data: bytes, row: Mapping[str, Any], settings: Any) -> dict[str, np.ndarray]:
    """What fills those fields."""
    return {"image": square(data, settings.size, settings.colour)}


def reduced(image: Image.Image, size: int, colour: bool) -> np.ndarray:
    """An upright picture whose longer side becomes `size`: uint8, (3 or 1, h, w)."""
    fitted = _fitted(pixels.plain(image, "RGB" if colour else "L"), size)
    return np.asarray(fitted).reshape(fitted.height, fitted.width, -1).transpose(2, 0, 1)


def centred(pixels: np.ndarray, size: int) -> np.ndarray:
    """uint8 (…, C, h, w) in the middle of (…, C, size, size); the rest has the colour of the edge of the first picture."""
    *several, channels, height, width = pixels.shape
    if height == width == size:
        return np.ascontiguousarray(pixels)
    filled = np.empty((*several, channels, size, size), np.uint8)
    filled[:] = image_operations.edge_colour(pixels.reshape(-1, channels, height, width)[0])[:, None, None]
    top, left = (size - height) // 2, (size - width) // 2
    filled[..., top : top + height, left : left + width] = pixels
    return filled


def _fitted(image: Image.Image, size: int) -> Image.Image:
    """The longer side becomes `size`; bicubic, over an area when it shrinks."""
    scale = size / max(image.size)
    wanted = (max(1, round(image.width * scale)), max(1, round(image.height * scale)))
    if wanted == image.size:
        return image
    return image.resize(wanted, Image.Resampling.BICUBIC, reducing_gap=3.0)
