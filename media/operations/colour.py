"""Random variations of brightness and colour, and of what a coder leaves. Each takes uint8 (1 or 3, H, W) and gives the same.

Grey is Rec. 601 luma. Grey pictures have neither saturation nor hue, so those leave them as they are.
"""

import io
import math

import numpy as np
from PIL import Image

LUMA = np.array([0.299, 0.587, 0.114])
YIQ = np.array([LUMA, [0.5959, -0.2746, -0.3213], [0.2115, -0.5227, 0.3112]])
"""RGB to luma and two axes of colour, in which hue is an angle (ITU-R BT.1700, NTSC)."""
BEST_QUALITY = 100
"""Of libjpeg's scale, which starts at 1."""


def brightness(image: np.ndarray, draw: np.random.Generator, fraction: float) -> np.ndarray:
    """Brighter or darker by up to `fraction`."""
    return _bytes(image * (1 + draw.uniform(-fraction, fraction)))


def contrast(image: np.ndarray, draw: np.random.Generator, fraction: float) -> np.ndarray:
    """Further from its mean grey or closer to it by up to `fraction`."""
    mean = grey(image).mean()
    return _bytes(mean + (image - mean) * (1 + draw.uniform(-fraction, fraction)))


def saturation(image: np.ndarray, draw: np.random.Generator, fraction: float) -> np.ndarray:
    """Every pixel further from its grey or closer to it by up to `fraction`."""
    level = grey(image)
    return _bytes(level + (image - level) * (1 + draw.uniform(-fraction, fraction)))


def hue(image: np.ndarray, draw: np.random.Generator, degrees: float) -> np.ndarray:
    """Turn all colours about the axis of grey by up to `degrees` either way."""
    angle = math.radians(draw.uniform(-degrees, degrees))
    if len(image) != len(LUMA):
        return image
    cos, sin = math.cos(angle), math.sin(angle)
    turn = np.linalg.inv(YIQ) @ [[1, 0, 0], [0, cos, -sin], [0, sin, cos]] @ YIQ
    return _bytes(np.einsum("ij,jhw->ihw", turn, image.astype(np.float64)))


def jpeg(image: np.ndarray, draw: np.random.Generator, loss: float) -> np.ndarray:
    """Code as JPEG and decode again; up to `loss` of the quality is given up, so 0.6 draws qualities from 40 to 100."""
    if not loss:
        return image
    quality = max(1, round(BEST_QUALITY * (1 - draw.uniform(0, loss))))
    file = io.BytesIO()
    pixels = image[0] if len(image) == 1 else np.ascontiguousarray(image.transpose(1, 2, 0))
    Image.fromarray(pixels).save(file, "JPEG", quality=quality)
    decoded = np.asarray(Image.open(file, formats=["JPEG"])).reshape(*image.shape[1:], -1)
    return np.ascontiguousarray(decoded.transpose(2, 0, 1))


def grey(image: np.ndarray) -> np.ndarray:
    """Luma of (C, H, W): float64 (1, H, W)."""
    return image.astype(np.float64) if len(image) != len(LUMA) else np.einsum("i,ihw->hw", LUMA, image)[None]


def _bytes(values: np.ndarray) -> np.ndarray:
    return np.clip(np.rint(values), 0, 255).astype(np.uint8)
