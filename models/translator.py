"""A transformer that reads one sequence and writes another (Vaswani et al. 2017, section 3), and its search for the best.

Pieces are numbers, int (B, T): 0 is nothing, 1 the start, 2 the end. One table of vectors serves for what is read, what
is written, and the scores of what comes next (section 3.4).
"""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from models.transformer import Block, placed

NOTHING, START, END = 0, 1, 2
LENGTH_PENALTY = 0.6  # alpha of Wu et al. 2016, Google's Neural Machine Translation System, section 7
Next = Callable[[Tensor], Tensor]
"""Pieces so far (N, T) → log-probabilities of the next one (N, pieces)."""


class Translator(nn.Module):
    """`settings`: width, layers (of reading and of writing each), dropout, beams."""

    def __init__(self, pieces: int, settings: Any) -> None:
        super().__init__()
        width, dropout = settings.width, settings.dropout
        self.beams = settings.beams
        self.table = nn.Embedding(pieces, width, padding_idx=NOTHING)
        nn.init.normal_(self.table.weight, std=width**-0.5)
        self.table.weight.data[NOTHING] = 0
        self.dropout = nn.Dropout(dropout)
        self.reading = nn.ModuleList(Block(width, dropout) for _ in range(settings.layers))
        self.writing = nn.ModuleList(Block(width, dropout, across=True) for _ in range(settings.layers))
        self.read_norm, self.written_norm = nn.LayerNorm(width), nn.LayerNorm(width)

    def forward(self, source: Tensor, written: Tensor) -> Tensor:
        """(B, S), (B, T) → a score for each piece that may come after each of `written`: (B, T, pieces)."""
        return self.scores(self.write(written, *self.read(source)))

    def read(self, source: Tensor) -> tuple[Tensor, Tensor]:
        """What was understood of the source (B, S, C), and where there is something, bool (B, S)."""
        there = source != NOTHING
        found = self.dropout(placed(self.table(source.long())))
        for block in self.reading:
            found = block(found, there)
        return self.read_norm(found), there

    def write(self, written: Tensor, understood: Tensor, there: Tensor) -> Tensor:
        """What comes after each piece (B, T, C). No place sees those after it."""
        found = self.dropout(placed(self.table(written.long())))
        for block in self.writing:
            found = block(found, None, understood, there)
        return self.written_norm(found)

    def scores(self, found: Tensor) -> Tensor:
        """(…, C) → (…, pieces)."""
        return functional.linear(found, self.table.weight)

    @torch.inference_mode()
    def translate(self, source: Tensor, longest: int) -> tuple[Tensor, Tensor]:
        """The best that beam search finds for each source (B, S): pieces (B, up to `longest`), from the first to END, then
        NOTHING; and the log-probability of each piece on average (B,)."""
        understood, there = (part.repeat_interleave(self.beams, 0) for part in self.read(source))

        def after(written: Tensor) -> Tensor:
            return functional.log_softmax(self.scores(self.write(written, understood, there)[:, -1]).float(), -1)

        return search(after, len(source), self.beams, longest, source.device)


def search(after: Next, count: int, beams: int, longest: int, device: torch.device) -> tuple[Tensor, Tensor]:
    """Beam search for `count` sequences at once: at each step the `beams` most probable beginnings of each are kept.

    One that has ended stays, with nothing after it. The best is that of the highest log-probability, over the length
    penalty of Wu et al. 2016, equation 14; its mean log-probability is returned with it.
    """
    written = torch.full((count * beams, 1), START, device=device)
    totals = torch.full((count, beams), float("-inf"), device=device)
    totals[:, 0] = 0  # all beams are equal at the start, so one may go on
    first = torch.arange(count, device=device)[:, None] * beams
    for _ in range(longest):
        ended = (written[:, -1] == END) | (written[:, -1] == NOTHING)
        step = after(written)
        step[:, [NOTHING, START]] = float("-inf")
        step[ended] = float("-inf")
        step[ended, NOTHING] = 0
        reached = (totals[..., None] + step.view(count, beams, -1)).flatten(1)  # (count, beams × pieces)
        totals, places = reached.topk(beams, dim=1)
        parents = (first + places // step.shape[1]).flatten()
        written = torch.cat([written[parents], (places % step.shape[1]).view(-1, 1)], 1)
        if bool(((written[:, -1] == END) | (written[:, -1] == NOTHING)).all()):
            break
    found = written[:, 1:].view(count, beams, -1)
    lengths = (found != NOTHING).sum(-1).clamp_min(1)
    best = (totals / ((5 + lengths) / 6) ** LENGTH_PENALTY).argmax(1)
    rows = torch.arange(count, device=device)
    return found[rows, best], totals[rows, best] / lengths[rows, best]
