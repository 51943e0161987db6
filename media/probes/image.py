"""Decode a picture once, and say what it is."""

from typing import Any

import PIL
from PIL import Image, UnidentifiedImageError

from media import declared, picture
from media.fingerprints.image import DRAFT, fingerprint

VERSION = f"image 5, pillow {PIL.__version__}"
"""Names what `probe` would say: an earlier result of the same version holds."""

SUFFIXES: dict[str, tuple[str, ...]] = {}
"""A JPEG named .png is common and read by every viewer, so a picture's name is not held against its content."""

SIGNALS = {"exif": "exif", "icc_profile": "icc", "xmp": "xmp", "XML:com.adobe.xmp": "xmp"}


def probe(data: bytes) -> dict[str, Any]:
    """Format, mode, width and height in px, frames, channels, signals and fingerprint; or the reason why it cannot be used."""
    if not data:
        return {"reason": "an empty file"}
    try:
        with picture.guarded():
            return _examined(data)
    except UnidentifiedImageError:
        return {"reason": f"not a picture in a known format ({', '.join(picture.FORMATS)})"}
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        return {"reason": f"more than {Image.MAX_IMAGE_PIXELS:,} pixels, too large to decode safely"}
    except MemoryError:
        return {"reason": "needs more memory than a picture may"}
    except picture.DAMAGED as error:
        return {"reason": f"damaged: {' '.join(str(error).split()) or type(error).__name__}"}


def _examined(data: bytes) -> dict[str, Any]:
    image = picture.opened(data)
    frames = getattr(image, "n_frames", 1)
    mode, (width, height), channels = image.mode, image.size, len(image.getbands())
    image.draft("L", (DRAFT, DRAFT))  # of a JPEG all bytes are still read, but fewer pixels are made of them
    image.load()
    if mode not in picture.MODES:
        return {"reason": f"colour space {mode} is not read; convert it to RGB"}
    signals = {name for key, name in SIGNALS.items() if key in image.info}
    return {
        "format": image.format,
        "mode": mode,
        "width": width,
        "height": height,
        "frames": frames,
        "channels": channels,
        "signals": sorted(signals | declared.signals(data)),
        "fingerprint": fingerprint(image),
    }
