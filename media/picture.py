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
"""What `media.image.square` can turn into grey or RGB."""

DAMAGED = (
    OSError, SyntaxError, ValueError, TypeError, LookupError, ArithmeticError, EOFError, RuntimeError, AttributeError,
    struct.error, Image.DecompressionBombError, Image.DecompressionBombWarning,
)  # fmt: skip
"""What Pillow raises on files that are not what they say."""

ORIENTATION = 0x0112  # EXIF tag
TURNED = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
WITHOUT_EXIF = ("PPM", "BMP", "GIF")


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


def turned(image: Image.Image) -> Image.Transpose | None:
    """What makes a picture upright by its EXIF tag, or None when it is."""
    if image.format in WITHOUT_EXIF:
        return None
    try:
        return TURNED.get(image.getexif().get(ORIENTATION, 1))
    except DAMAGED:  # a picture with a broken EXIF block is still a picture
        return None
