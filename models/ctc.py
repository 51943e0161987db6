"""Connectionist temporal classification: sequences of symbols from probabilities at each moment, without an alignment.

Graves et al. 2006, Connectionist Temporal Classification. The blank is symbol 0.
"""

import math
from collections import defaultdict
from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from models.losses import Criterion, Scored
from models.settings import Training

BLANK = 0
LEAST = math.log(1e-6)
"""Symbols less likely than that at a moment are not tried then."""


def loss(settings: Training, facts: Mapping[str, Any], labels: np.ndarray) -> Criterion:
    """CTC loss of `net(sound, sound_length)` against `text` (section 4.1), by symbol; measures which are right throughout.

    A text that is too long for its sound has no alignment and counts nothing.
    """

    def criterion(net: nn.Module, batch: Mapping[str, Tensor]) -> Scored:
        scores, moments = net(batch["sound"], batch["sound_length"])
        text, length = batch["text"].long(), batch["text_length"].long()
        each = functional.ctc_loss(
            scores.transpose(0, 1), text, moments.long(), length, blank=BLANK, reduction="none", zero_infinity=True
        )
        return Scored((each / length.clamp(min=1)).mean(), {"accuracy": _right(scores.detach(), moments, text, length)})

    return criterion


def _right(scores: Tensor, moments: Tensor, text: Tensor, length: Tensor) -> Tensor:
    """Whether the likeliest path of each sample says its text, float (B,)."""
    best = scores.argmax(2).cpu().numpy()
    said = [collapse(path[:end]) for path, end in zip(best, moments.tolist(), strict=True)]
    meant = [row[:end] for row, end in zip(text.tolist(), length.tolist(), strict=True)]
    return torch.tensor([float(a == b) for a, b in zip(said, meant, strict=True)])


def collapse(path: np.ndarray) -> list[int]:
    """The symbols of a path (T,): repeated ones count once, blanks not at all (section 3.1)."""
    changed = np.diff(path, prepend=-1) != 0
    kept: list[int] = path[changed & (path != BLANK)].tolist()
    return kept


def greedy(scores: np.ndarray) -> list[int]:
    """The symbols of the likeliest path through log-probabilities (T, 1 + S): best path decoding, section 3.2."""
    return collapse(scores.argmax(1))


def beam(scores: np.ndarray, width: int) -> tuple[list[int], float]:
    """The likeliest symbols, and the logarithm of their probability, in a search that keeps `width` prefixes.

    Each prefix has the probability of all paths that collapse to it, those that end in a blank apart from the others
    (Graves et al. 2006, section 3.2; as a beam in Hannun et al. 2014, First-Pass Large Vocabulary Recognition, alg. 1).
    """
    kept: dict[tuple[int, ...], tuple[float, float]] = {
        (): (0.0, -math.inf)
    }  # ends in a blank, ends in its last symbol
    for row in scores.astype(np.float64):
        likely = [(int(symbol), float(row[symbol])) for symbol in np.flatnonzero(row >= LEAST) if symbol != BLANK]
        grown: defaultdict[tuple[int, ...], list[float]] = defaultdict(lambda: [-math.inf, -math.inf])
        for prefix, (blank, symbol) in kept.items():
            either = _add(blank, symbol)
            _put(grown[prefix], 0, either + row[BLANK])
            if prefix:
                _put(grown[prefix], 1, symbol + row[prefix[-1]])
            for next_symbol, score in likely:
                before = blank if prefix and prefix[-1] == next_symbol else either
                _put(grown[(*prefix, next_symbol)], 1, before + score)
        best = sorted(grown.items(), key=lambda item: (-_add(*item[1]), item[0]))[:width]
        kept = {prefix: (blank, symbol) for prefix, (blank, symbol) in best}
    first = next(iter(kept))
    return list(first), _add(*kept[first])


def _put(sums: list[float], place: int, value: float) -> None:
    sums[place] = _add(sums[place], value)


def _add(first: float, second: float) -> float:
    """log(exp(first) + exp(second))."""
    high, low = (first, second) if first > second else (second, first)
    return high if low == -math.inf else high + math.log1p(math.exp(low - high))
