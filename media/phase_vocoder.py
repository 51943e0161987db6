"""Sounds longer or shorter at the same pitch, by a phase vocoder (Dolson 1986, The Phase Vocoder: A Tutorial).

Each output frame has the magnitudes of the input at its place. Its phases go on from the last output frame by as much as
the input's do over the same time, neighbouring frequencies together (Puckette 1995, Phase-locked Vocoder).
"""

import numpy as np

OVERLAP = 4
"""Frames over each sample: enough for a Hann window twice, when taken apart and when put together."""
FAINT = 1e-9


def stretched(wave: np.ndarray, factor: float, frame: int) -> np.ndarray:
    """float32 (samples,) → (round(samples × factor),), one at least, in frames of about `frame` samples.

    A frame holds three periods of the lowest pitch that is to stay whole.
    """
    from scipy import fft

    hop = max(1, round(frame / OVERLAP))
    width = OVERLAP * hop
    length = max(1, round(len(wave) * factor))
    window = np.hanning(width + 1)[:-1]
    centres = np.rint(np.arange(-(-length // hop) + 1) * hop / factor).astype(np.int64)
    padded = np.pad(wave.astype(np.float64), (width // 2 + hop, width + hop + max(0, int(centres[-1]) - len(wave))))
    frames = np.lib.stride_tricks.sliding_window_view(padded, width)
    here, before = (fft.rfft(frames[places] * window, axis=1) for places in (centres + hop, centres))
    sound = _overlapped(fft.irfft(_in_phase(here, before), width, axis=1) * window, hop)
    weight = _overlapped(np.broadcast_to(window**2, (len(centres), width)), hop)
    middle = slice(width // 2, width // 2 + length)
    return (sound[middle] / np.maximum(weight[middle], FAINT)).astype(np.float32)


def _in_phase(here: np.ndarray, before: np.ndarray) -> np.ndarray:
    """Spectra (K, bins) of the output: `before` are those of the input one hop before `here`."""
    turned = here.copy()
    for place in range(1, len(here)):
        last = turned[place - 1]
        locked = last.copy()  # a tone has opposite signs in neighbouring bins
        locked[1:] -= last[:-1]
        locked[:-1] -= last[1:]
        direction = locked * here[place] * before[place].conj()
        size = np.abs(direction)
        heard = size > FAINT
        turned[place, heard] = np.abs(here[place, heard]) * direction[heard] / size[heard]
    return turned


def _overlapped(frames: np.ndarray, hop: int) -> np.ndarray:
    """The sum of frames (K, OVERLAP × hop), each placed one hop after the last."""
    pieces = frames.reshape(len(frames), OVERLAP, hop)
    total = np.zeros((len(frames) + OVERLAP - 1, hop))
    for position in range(OVERLAP):
        total[position : position + len(frames)] += pieces[:, position]
    return total.reshape(-1)
