"""Opening moving pictures safely: known formats only, one frame after the other, each with the time at which it appears.

Animated pictures are read by Pillow (`media.animation`), films by FFmpeg (`media.film`).
"""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass

from PIL import Image

from media import film_container

SUFFIXES = {
    "GIF": (".gif",), "APNG": (".apng", ".png"), "WEBP": (".webp",), "AVIF": (".avif", ".avifs"),
    "MP4": (".mp4", ".m4v", ".mov", ".qt"), "MOV": (".mov", ".qt", ".mp4", ".m4v"),
    "MKV": (".mkv",), "WEBM": (".webm", ".mkv"),
}  # fmt: skip
"""What a file of each format may be called. MP4 and MOV are told apart by one word of the header, and every reader of
one reads the other."""

NO_FRAME = "holds no frame that can be decoded"


class Unreadable(ValueError):
    """A file that cannot be used as a video; the message is the reason for a catalog."""


@dataclass(frozen=True, slots=True)
class Frame:
    """One frame: when it appears and for how long.

    `picture` gives it upright, which is costly, and must be called before the next frame. `turned` says that the file
    stores it otherwise.
    """

    start_s: float
    duration_s: float
    picture: Callable[[], Image.Image]
    turned: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Footage:
    """A video whose header was read.

    format   a key of SUFFIXES
    mode     how frames are coded: Pillow's mode, FFmpeg's codec
    width    in px, as stored; so is `height`
    tick_s   the unit in which the format measures time
    channels of its sound; 0 without
    frames   decodes all frames, once; raises Unreadable
    spans    start and duration in s of the frames, in order, as far as they are known without decoding; raises Unreadable
    """

    format: str
    mode: str
    width: int
    height: int
    tick_s: float
    channels: int
    frames: Callable[[], Iterator[Frame]]
    spans: Callable[[], list[tuple[float, float]]]


def opened(data: bytes) -> AbstractContextManager[Footage]:
    """The video, its header read and no frame yet. Raises Unreadable, within the block too."""
    from media import animation, film

    kind = film_container.recognised(data)
    return film.opened(data, kind) if kind else animation.opened(data)
