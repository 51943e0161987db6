"""Pictures as samples: any picture file becomes a square of bytes, (channels, height, width), range 0 to 255.

orientation   as its EXIF tag says
animation     the first frame
palette       its colours
transparency  on white, as on paper
more bits     16-bit grey divided by 257, wider clipped; float is 0 to 1 unless it exceeds 1, then 0 to 255
CMYK, YCbCr   to RGB without a colour profile
grey          Rec. 601 luma
"""

import numpy as np
from PIL import Image

from media import picture
from media.operations import image as image_operations
from media.sample import Field

OPERATIONS = image_operations.OPERATIONS

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
        image = _upright(image)
    return centred(reduced(image, size, colour), size)


def reduced(image: Image.Image, size: int, colour: bool) -> np.ndarray:
    """An upright picture whose longer side becomes `size`: uint8, (3 or 1, h, w)."""
    fitted = _fitted(_plain(image, "RGB" if colour else "L"), size)
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


def _upright(image: Image.Image) -> Image.Image:
    if image.format in WITHOUT_EXIF:
        return image
    try:
        method = TURNED.get(image.getexif().get(ORIENTATION, 1))
    except picture.DAMAGED:  # a picture with a broken EXIF block is still a picture
        return image
    return image.transpose(method) if method is not None else image


def _plain(image: Image.Image, mode: str) -> Image.Image:
    """The picture in mode L or RGB, with 8 bits a channel."""
    if image.mode == mode and "transparency" not in image.info:
        return image
    if image.mode in picture.WIDE_GREY:
        image = Image.fromarray(np.clip(np.asarray(image, np.int64) // 257, 0, 255).astype(np.uint8))
    elif image.mode == "F":
        image = _from_float(np.nan_to_num(np.asarray(image)))
    elif image.mode in picture.TRANSPARENT or "transparency" in image.info:
        image = _on_white(image)
    elif image.mode not in ("1", "L"):
        image = image.convert("RGB")
    return image if image.mode == mode else image.convert(mode)


def _from_float(values: np.ndarray) -> Image.Image:
    scale = 255.0 if values.max(initial=0.0) <= 1.0 else 1.0
    return Image.fromarray(np.clip(values * scale + 0.5, 0, 255).astype(np.uint8))


def _on_white(image: Image.Image) -> Image.Image:
    straight = {"La": "LA", "RGBa": "RGBA"}.get(image.mode)
    coloured = (image.convert(straight) if straight else image).convert("RGBA")
    return Image.alpha_composite(Image.new("RGBA", coloured.size, "white"), coloured).convert("RGB")


def _fitted(image: Image.Image, size: int) -> Image.Image:
    """The longer side becomes `size`; bicubic, over an area when it shrinks."""
    scale = size / max(image.size)
    wanted = (max(1, round(image.width * scale)), max(1, round(image.height * scale)))
    if wanted == image.size:
        return image
    return image.resize(wanted, Image.Resampling.BICUBIC, reducing_gap=3.0)
