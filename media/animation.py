"""Animated pictures, read by Pillow: GIF, APNG, WebP, AVIF."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from PIL import Image, UnidentifiedImageError

from media import picture
from media.footage import Footage, Frame, Unreadable

NAMES = {"GIF": "GIF", "PNG": "APNG", "WEBP": "WEBP", "AVIF": "AVIF"}
"""Pillow's name of a format that can move → ours."""
TICK_S = {"GIF": 0.01, "APNG": 0.001, "WEBP": 0.001, "AVIF": 0.001}
"""The unit of their frame times, as Pillow gives them."""
SHORTEST_MS, USUAL_MS = 10, 100
"""Browsers show a frame of 10 ms or less, or without a time, for 100 ms; animations are made to be seen so."""
GIF_END = b";"


@contextmanager
def opened(data: bytes) -> Iterator[Footage]:
    """The animation, its header read. Raises Unreadable, within the block too."""
    try:
        with picture.guarded(), picture.opened(data) as image:
            yield _described(image)
    except UnidentifiedImageError:
        raise Unreadable("not a video in a known format (GIF, APNG, WEBP, AVIF, MP4, MOV, MKV, WEBM)") from None
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise Unreadable(f"more than {Image.MAX_IMAGE_PIXELS:,} pixels a frame, too large to decode safely") from None
    except Unreadable:
        raise
    except picture.DAMAGED as error:
        raise Unreadable(f"damaged: {' '.join(str(error).split()) or type(error).__name__}") from None


def _described(image: Image.Image) -> Footage:
    name = NAMES.get(image.format or "")
    if name is None or (name != "GIF" and not getattr(image, "is_animated", False)):
        raise Unreadable(f"a still picture ({image.format}), not a video")
    return Footage(
        format=name,
        mode=image.mode,
        width=image.width,
        height=image.height,
        tick_s=TICK_S[name],
        channels=0,
        frames=lambda: _frames(image),
        spans=lambda: [(frame.start_s, frame.duration_s) for frame in _frames(image)],
    )


def _frames(image: Image.Image) -> Iterator[Frame]:
    """Every frame, decoded. The picture that an APNG shows where it cannot move is no frame."""
    start_ms = 0.0
    for number in _numbers(image):
        image.load()
        duration_ms = float(image.info.get("duration") or 0)
        duration_ms = duration_ms if duration_ms > SHORTEST_MS else USUAL_MS
        if number > 0 or not image.info.get("default_image"):
            yield Frame(start_ms / 1000, duration_ms / 1000, image.copy)
            start_ms += duration_ms


def _numbers(image: Image.Image) -> Iterator[int]:
    """Seek each frame. A GIF ends with its end mark, the others with the last frame that their header promises."""
    promised = None if image.format == "GIF" else int(getattr(image, "n_frames", 1))
    number = 0
    while promised is None or number < promised:
        try:
            image.seek(number)
        except EOFError:
            break
        yield number
        number += 1
    if promised is None and not _has_ended(image):
        raise Unreadable(f"cut short: it has no end mark after {number:,} frames")
    if promised is not None and number < promised:
        raise Unreadable(f"cut short: its header promises {promised:,} frames, {number:,} are there")


def _has_ended(image: Any) -> bool:
    """Whether the byte that was read last, where the next frame would begin, is the end mark."""
    image.fp.seek(-1, 1)
    return image.fp.read(1) == GIF_END
