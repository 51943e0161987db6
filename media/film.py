"""Films, read by FFmpeg through PyAV, in one thread: MP4, MOV, MKV, WebM."""

import functools
import io
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from PIL import Image

from media import film_container
from media.footage import Footage, Frame, Unreadable

DEMUXERS = {"MP4": "mov", "MOV": "mov", "MKV": "matroska", "WEBM": "matroska"}
"""Our name of a format → FFmpeg's. FFmpeg knows some four hundred more, and some of those open other files."""
CODECS = (
    "h264", "hevc", "av1", "vp8", "vp9", "mpeg4", "mpeg2video", "h263", "mjpeg", "prores", "dnxhd", "ffv1", "qtrle",
    "png", "rawvideo",
)  # fmt: skip
"""What is decoded: what cameras, browsers, editors and archives write."""
TURNED = {90: Image.Transpose.ROTATE_90, 180: Image.Transpose.ROTATE_180, 270: Image.Transpose.ROTATE_270}
"""How far the display matrix turns a frame against the clock → what Pillow calls it."""


@contextmanager
def opened(data: bytes, kind: str) -> Iterator[Footage]:
    """The film in format `kind`, its header read. Raises Unreadable, within the block too."""
    import av

    if cut := film_container.cut_short(data):
        raise Unreadable(cut)
    try:
        with av.open(io.BytesIO(data), format=DEMUXERS[kind], metadata_errors="replace") as container:
            yield _described(container, kind)
    except (av.error.FFmpegError, IndexError) as error:
        said = getattr(error, "strerror", None) or str(error)
        raise Unreadable(f"damaged: FFmpeg cannot read it ({said.lower()})") from None


def _described(container: Any, kind: str) -> Footage:
    stream = _pictures(container)
    sound = container.streams.audio
    return Footage(
        format=kind,
        mode=stream.codec_context.codec.canonical_name,
        width=stream.codec_context.width,
        height=stream.codec_context.height,
        tick_s=float(stream.time_base),
        channels=sound[0].codec_context.channels if sound else 0,
        frames=lambda: _frames(container, stream),
        spans=lambda: _spans(container, stream),
    )


def _pictures(container: Any) -> Any:
    """The first stream of pictures, to be decoded in one thread, so that it costs the same everywhere."""
    if not container.streams.video:
        raise Unreadable("holds no pictures, only sound or text")
    stream = container.streams.video[0]
    codec = stream.codec_context.codec.canonical_name if stream.codec_context else "an unknown one"
    if codec not in CODECS:
        raise Unreadable(f"its codec, {codec}, is not read; convert it to H.264, VP9 or AV1")
    if stream.codec_context.width * stream.codec_context.height > (Image.MAX_IMAGE_PIXELS or 0):
        raise Unreadable(f"more than {Image.MAX_IMAGE_PIXELS:,} pixels a frame, too large to decode safely")
    stream.thread_type = "NONE"
    stream.codec_context.thread_count = 1
    return stream


def _frames(container: Any, stream: Any) -> Iterator[Frame]:
    size = (stream.codec_context.width, stream.codec_context.height)
    usual_s, tick_s = _usual_s(stream), float(stream.time_base)
    container.seek(0)
    first, end_s = None, 0.0
    for number, frame in enumerate(container.decode(stream), 1):
        if frame.is_corrupt:
            raise Unreadable(f"damaged: frame {number:,} cannot be decoded whole")
        if (frame.width, frame.height) != size:
            raise Unreadable(f"its pictures change their size at frame {number:,}; convert it to one size")
        first = frame.pts if first is None else first
        start_s = end_s if frame.pts is None else (frame.pts - first) * tick_s
        duration_s = (frame.duration or 0) * tick_s or usual_s
        end_s = start_s + duration_s
        yield Frame(start_s, duration_s, functools.partial(_upright, frame), bool(frame.rotation))


def _spans(container: Any, stream: Any) -> list[tuple[float, float]]:
    """From the packets alone. They come in the order of decoding, and some are marked as not to be shown."""
    usual_s, tick_s = _usual_s(stream), float(stream.time_base)
    container.seek(0)
    shown = [packet for packet in container.demux(stream) if packet.size and not packet.is_discard]
    times = [(packet.pts if packet.pts is not None else packet.dts or 0, packet.duration or 0) for packet in shown]
    first = min((ticks for ticks, _ in times), default=0)
    return sorted(((ticks - first) * tick_s, duration * tick_s or usual_s) for ticks, duration in times)


def _usual_s(stream: Any) -> float:
    return 1 / float(stream.average_rate) if stream.average_rate else 0.0


def _upright(frame: Any) -> Image.Image:
    image: Image.Image = frame.to_image()
    turn = TURNED.get(round(frame.rotation) % 360)
    return image if turn is None else image.transpose(turn)
