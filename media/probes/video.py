"""Decode a video once, and say what it is."""

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import av
import PIL

from media import declared, footage
from media.probe_process import Limits

VERSION = f"video 2, pillow {PIL.__version__}, av {av.__version__}, ffmpeg {av.ffmpeg_version_info}"
"""Names what `probe` would say: an earlier result of the same version holds."""

SUFFIXES = footage.SUFFIXES
LIMITS = Limits(cpu_s=600, wall_s=900.0)
"""Every frame is decoded: ten minutes of 720p take half a minute of processor time."""
LONGEST_S = 4 * 3600
MOST_FRAMES = 1_000_000
"""An animation of one pixel costs its author ten bytes a frame."""


def probe(data: bytes) -> dict[str, Any]:
    """Format, mode, width, height, frames as decoded, rate, duration, channels of the sound and signals; or the reason."""
    if not data:
        return {"reason": "an empty file"}
    try:
        with footage.opened(data) as film:
            return _examined(film, data)
    except footage.Unreadable as error:
        return {"reason": str(error)}
    except MemoryError:
        return {"reason": "needs more memory than a video may"}


def _examined(film: footage.Footage, data: bytes) -> dict[str, Any]:
    starts, end_s, turned = [], 0.0, False
    for frame in film.frames():
        starts.append(frame.start_s)
        end_s, turned = frame.start_s + frame.duration_s, turned or frame.turned
        if len(starts) > MOST_FRAMES or end_s > LONGEST_S:
            return {"reason": f"longer than {MOST_FRAMES:,} frames or {LONGEST_S // 3600} hours; cut it"}
    if not starts:
        return {"reason": footage.NO_FRAME}
    if end_s <= starts[-1] or any(later < earlier for earlier, later in pairwise(starts)):
        return {"reason": "damaged: the times of its frames stand still or go back"}
    signals = {
        "rotated": turned,
        "single frame": len(starts) == 1,
        "sound": bool(film.channels),
        "variable rate": _varies(starts, end_s, film.tick_s),
    }
    return {
        "format": film.format,
        "mode": film.mode,
        "width": film.width,
        "height": film.height,
        "frames": len(starts),
        "rate_hz": round(len(starts) / end_s) if end_s > 0 else None,
        "duration_s": round(end_s, 6),
        "channels": film.channels or None,
        "signals": sorted({name for name, there in signals.items() if there} | declared.signals(data)),
    }


def _varies(starts: Sequence[float], end_s: float, tick_s: float) -> bool:
    """Whether frames last unequally, by more than the rounding to ticks explains."""
    ends = [*starts[1:], end_s]
    gaps = [end - start for start, end in zip(starts, ends, strict=True)]
    return max(gaps) - min(gaps) > 1.5 * tick_s
