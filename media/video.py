"""Videos as samples: any video file becomes a fixed number of square frames, (frames, channels, height, width), 0 to 255.

choice    the duration is cut into equal parts, and each gives the frame that is shown at its middle; so a clip of as many
          frames as the video has, at a steady rate, holds each of them once
rotation  as the file's display matrix says
sound     left out
pixels    as `media.image` makes them, all frames in one place; what is left over has the edge colour of the first
"""

from collections.abc import Iterator, Sequence

import numpy as np

from media import footage, image
from media.operations import video as video_operations
from media.sample import Field

OPERATIONS = video_operations.OPERATIONS


def field(*, frames: int, size: int, colour: bool) -> Field:
    """The field that `clip` fills: uint8, (frames, 3 or 1, size, size)."""
    return Field("uint8", (frames, 3 if colour else 1, size, size))


def clip(data: bytes, *, frames: int, size: int, colour: bool) -> np.ndarray:
    """A video file as `frames` pictures, each fitted into a square with its aspect ratio kept.

    Returns uint8, (frames, 3 or 1, size, size). Raises `footage.Unreadable`, a ValueError, for a file that ingest would
    not admit.
    """
    with footage.opened(data) as film:
        wanted = _shown(film.spans(), frames)
        pixels = _taken(film.frames(), wanted, size, colour)
    return image.centred(pixels, size)


def _shown(spans: Sequence[tuple[float, float]], parts: int) -> list[int]:
    """The number of the frame that is shown at the middle of each of `parts` equal parts of the whole time."""
    if not spans:
        raise footage.Unreadable(footage.NO_FRAME)
    starts = [start for start, _ in spans]
    middles = (np.arange(parts) + 0.5) / parts * sum(spans[-1])
    places: list[int] = (np.searchsorted(starts, middles, side="right") - 1).tolist()
    return places


def _taken(frames: Iterator[footage.Frame], wanted: Sequence[int], size: int, colour: bool) -> np.ndarray:
    """The frames of these numbers, which come in order: (T, C, h, w). A film that ends too early stays at its last."""
    taken: dict[int, np.ndarray] = {}
    for number, frame in enumerate(frames):
        if number in wanted:
            taken[number] = image.reduced(frame.picture(), size, colour)
        if number == wanted[-1]:
            break
    if not taken:
        raise footage.Unreadable(footage.NO_FRAME)
    return np.stack([taken.get(number, taken[max(taken)]) for number in wanted])
