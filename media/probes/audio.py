"""Decode a sound once, and say what it is."""

from typing import Any

import numpy as np
import soundfile

from media import declared, sound
from media.fingerprints.audio import LONGEST_S, fingerprint

VERSION = f"audio 3, soundfile {soundfile.__version__}, libsndfile {soundfile.__libsndfile_version__}"
"""Names what `probe` would say: an earlier result of the same version holds."""

SUFFIXES = sound.SUFFIXES
LONGEST_H = 24
LOWEST_HZ, HIGHEST_HZ = 1_000, 768_000
"""Rates outside are mistakes of a header, and resampling them would take a filter of gigabytes."""
SILENT_BELOW = 2.0**-15
"""One step of a 16-bit sample: a sound that never reaches it is silence."""


def probe(data: bytes) -> dict[str, Any]:
    """Format, mode (how samples are coded), rate, channels, duration, signals and
    fingerprint; or why it cannot be used."""
    if not data:
        return {"reason": "an empty file"}
    try:
        with sound.opened(data) as file:
            return _examined(file, data)
    except sound.Unreadable as error:
        return {"reason": str(error)}
    except MemoryError:
        return {"reason": "needs more memory than a sound may"}


def _examined(file: soundfile.SoundFile, data: bytes) -> dict[str, Any]:
    if not LOWEST_HZ <= file.samplerate <= HIGHEST_HZ:
        return {
            "reason": f"its header says {file.samplerate:,} Hz; rates from {LOWEST_HZ:,} to {HIGHEST_HZ:,} are read"
        }
    frames, peak, start = 0, 0.0, list[np.ndarray]()
    for piece in sound.pieces(file):
        frames += len(piece)
        loudest = float(np.abs(piece).max())
        if not np.isfinite(loudest):
            return {"reason": f"holds samples that are no numbers (NaN or infinite), in the first {frames:,}"}
        if frames > LONGEST_H * 3600 * file.samplerate:
            return {"reason": f"longer than {LONGEST_H} hours; cut it"}
        peak = max(peak, loudest)
        if (missing := round(LONGEST_S * file.samplerate) - frames + len(piece)) > 0:
            start.append(piece[:missing].mean(axis=1))
    if not frames:
        return {"reason": "its header says that it holds no samples"}
    signals = {"silence": peak < SILENT_BELOW, "beyond full scale": peak > 1}
    return {
        "format": sound.FORMATS[file.format],
        "mode": file.subtype,
        "rate_hz": file.samplerate,
        "channels": file.channels,
        "duration_s": frames / file.samplerate,
        "signals": sorted({name for name, there in signals.items() if there} | declared.signals(data)),
        "fingerprint": fingerprint(np.concatenate(start), file.samplerate),
    }
