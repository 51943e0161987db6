"""Videos made on the spot: frame n is filled with the grey level 20 n (twelve of them), but for a white upper left corner."""

import io
from collections.abc import Sequence
from typing import Any

import av
import numpy as np
from PIL import Image

CODECS = {"mp4": "libx264", "mov": "mpeg4", "matroska": "libx264", "webm": "libvpx"}


def level(number: int) -> int:
    return 20 * (number % 12)


def pixels(number: int, size: tuple[int, int]) -> np.ndarray:
    """uint8 (height, width, 3)."""
    filled = np.full((size[1], size[0], 3), level(number), np.uint8)
    filled[: size[1] // 4, : size[0] // 4] = 255
    return filled


def animation(kind: str = "GIF", *, frames: int = 5, size: tuple[int, int] = (16, 12), **options: Any) -> bytes:
    """The bytes of an animated picture; by default each frame lasts 100 ms."""
    pictures = [Image.fromarray(pixels(number, size)) for number in range(frames)]
    file = io.BytesIO()
    options = {"save_all": True, "append_images": pictures[1:], "duration": 100, "lossless": True, **options}
    pictures[0].save(file, kind, **options)
    return file.getvalue()


def film(
    kind: str = "mp4",
    *,
    frames: int = 10,
    size: tuple[int, int] = (64, 48),
    rate_hz: int = 10,
    times: Sequence[int] | None = None,
    sound: bool = False,
    codec: str = "",
    coded: str = "yuv420p",
) -> bytes:
    """The bytes of a film in the pixel format `coded`. `times` are those of its frames, in units of 1/`rate_hz` s."""
    file = io.BytesIO()
    with av.open(file, "w", format=kind) as container:
        stream: Any = container.add_stream(codec or CODECS[kind], rate=rate_hz)
        stream.width, stream.height, stream.pix_fmt = *size, coded
        stream.thread_count = 1
        speech: Any = container.add_stream("aac", rate=8000, layout="stereo") if sound else None
        for number, time in enumerate(times or range(frames)):
            frame = av.VideoFrame.from_ndarray(pixels(number, size), format="rgb24")
            frame.pts = time
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
        if sound:
            silence = av.AudioFrame.from_ndarray(np.zeros((2, 8000), np.float32), format="fltp", layout="stereo")
            silence.sample_rate = 8000
            container.mux([*speech.encode(silence), *speech.encode()])
    return file.getvalue()


def turned(data: bytes) -> bytes:
    """An MP4 film whose display matrix turns it by 90° with the clock, as a phone held upright writes it."""
    upright = b"".join(value.to_bytes(4, "big") for value in (1 << 16, 0, 0, 0, 1 << 16, 0, 0, 0, 1 << 30))
    sideways = b"".join(
        value.to_bytes(4, "big", signed=True) for value in (0, 1 << 16, 0, -(1 << 16), 0, 0, 0, 0, 1 << 30)
    )
    head, track = data[: data.index(b"tkhd")], data[data.index(b"tkhd") :]
    assert upright in track
    return head + track.replace(upright, sideways, 1)
