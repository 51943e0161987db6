"""The pixels of any picture, upright and with 8 bits a channel: grey or RGB.

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


def turned(image: Image.Image) -> Image.Transpose | None:
    """What makes a picture upright by its EXIF tag, or None when it is."""
    if image.format in WITHOUT_EXIF:
        return None
    try:
        return TURNED.get(image.getexif().get(ORIENTATION, 1))
    except picture.DAMAGED:  # a picture with a broken EXIF block is still a picture
        return None


def upright(image: Image.Image) -> Image.Image:
    method = turned(image)
    return image if method is None else image.transpose(method)


def plain(image: Image.Image, mode: str) -> Image.Image:
    """The picture in mode L or RGB, with 8 bits a channel."""
    if image.mode == mode and "transparency" not in image.info:
        return image
    if image.mode in picture.WIDE_GREY:
        image = Image.fromarray(np.clip(np.asarray(image, np.int64) // 257, 0, 255).astype(np.uint8))
    elif image.mode == "F":
        image = _from_float(np.nan_to_num(np.asarray(image)))
    elif image.mode in picture.TRANSPARENT or "transparency" in image.info:
        image = _on_white(image)
    elif image.mode not in ("1", "L", "RGB"):
        image = image.convert("RGB")
    return image if image.mode == mode else image.convert(mode)


def _from_float(values: np.ndarray) -> Image.Image:
    scale = 255.0 if values.max(initial=0.0) <= 1.0 else 1.0
    return Image.fromarray(np.clip(values * scale + 0.5, 0, 255).astype(np.uint8))


def _on_white(image: Image.Image) -> Image.Image:
    straight = {"La": "LA", "RGBa": "RGBA"}.get(image.mode)
    coloured = (image.convert(straight) if straight else image).convert("RGBA")
    return Image.alpha_composite(Image.new("RGBA", coloured.size, "white"), coloured).convert("RGB")
