"""Opening a picture safely: known formats only, no bombs, no truncated files. Imports no numpy."""

import io
import struct
import warnings
from collections.abc import Iterator
from contextlib import contextmanager

from PIL import (
    AvifImagePlugin,
    BmpImagePlugin,
    GifImagePlugin,
    Image,
    JpegImagePlugin,
    MpoImagePlugin,
    PngImagePlugin,
    PpmImagePlugin,
    TiffImagePlugin,
    WebPImagePlugin,
)

PLUGINS = (
    PngImagePlugin, JpegImagePlugin, MpoImagePlugin, PpmImagePlugin, BmpImagePlugin,
    GifImagePlugin, TiffImagePlugin, WebPImagePlugin, AvifImagePlugin,
)  # fmt: skip
FORMATS = ("PNG", "JPEG", "PPM", "BMP", "GIF", "TIFF", "WEBP", "AVIF")
"""What is opened, most frequent first (JPEG includes MPO). Pillow knows some forty more, each open to hostile files."""

WIDE_GREY = ("I;16", "I;16L", "I;16B", "I;16N", "I")
"""Modes of Pillow with more than 8 bits a pixel."""
TRANSPARENT = ("LA", "La", "PA", "RGBA", "RGBa")
MODES = ("1", "L", "P", "RGB", "RGBX", "CMYK", "YCbCr", "HSV", "F", *WIDE_GREY, *TRANSPARENT)
"""What `media.pixels.plain` can turn into grey or RGB."""

DAMAGED = (
    OSError, SyntaxError, ValueError, TypeError, LookupError, ArithmeticError, EOFError, RuntimeError, AttributeError,
    struct.error, Image.DecompressionBombError, Image.DecompressionBombWarning,
)  # fmt: skip
"""What Pillow raises on files that are not what they say."""


@contextmanager
def guarded() -> Iterator[None]:
    """Make a suspiciously large picture an error, and keep Pillow's remarks about odd metadata to itself."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        yield


def opened(data: bytes) -> Image.Image:
    """The picture, its header read and its pixels not decoded yet. Raises one of DAMAGED; call it `guarded`."""
    return Image.open(io.BytesIO(data), formats=FORMATS)
