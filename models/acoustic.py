"""A network that hears: a probability of every symbol at every moment of a sound.

B samples, T frames of the longest, M mel bands, T' = T / 4 moments, S symbols and the blank, which is number 0.
"""

import math

import torch
from torch import Tensor, nn
from torch.nn.utils import rnn

from models import sequences

SHORTENED = 4


class Acoustic(nn.Module):
    """Two convolutions that halve time and bands, recurrent layers both ways, and a softmax at each moment.

    What a sample gives does not depend on how much its batch is padded. `beam` is the width of the search that
    decodes it (`models.ctc`).
    """

    def __init__(
        self, mels: int, symbols: int, *, width: int, hidden: int, depth: int, dropout: float, beam: int
    ) -> None:
        super().__init__()
        self.beam = beam
        self.convolutions = nn.ModuleList([_halving(1, width), _halving(width, width)])
        inside = width * math.ceil(mels / SHORTENED)
        between = dropout if depth > 1 else 0.0
        self.cells = nn.GRU(inside, hidden, depth, batch_first=True, bidirectional=True, dropout=between)
        self.dropout = nn.Dropout(dropout)
        self.linear = nn.Linear(2 * hidden, 1 + symbols)

    def forward(self, sound: Tensor, length: Tensor) -> tuple[Tensor, Tensor]:
        """Sounds (B, T, M), levels of any type, and how many frames each has (B,) → log-probabilities (B, T', 1 + S) and
        how many moments each has (B,)."""
        features = normalised(sound.float(), length)[:, None]  # (B, 1, T, M)
        for convolution in self.convolutions:
            length = (length + 1) // 2
            features = convolution(features)
            features = features * sequences.mask(length, features.shape[2])[:, None, :, None]
        moments = features.permute(0, 2, 1, 3).flatten(2)  # (B, T', width × M / 4)
        packed = rnn.pack_padded_sequence(moments, length.cpu().clamp(min=1), batch_first=True, enforce_sorted=False)
        heard, _ = rnn.pad_packed_sequence(self.cells(packed)[0], batch_first=True, total_length=moments.shape[1])
        return self.linear(self.dropout(heard)).float().log_softmax(2), length


def normalised(sound: Tensor, length: Tensor) -> Tensor:
    """Each sample less its mean in each band, by its spread over all bands: neither loudness nor microphone is left.

    What lies beyond the length is 0.
    """
    there = sequences.mask(length, sound.shape[1])[:, :, None]
    count = length.clamp(min=1)[:, None, None]
    mean = (sound * there).sum(1, keepdim=True) / count
    centred = (sound - mean) * there
    spread = centred.square().sum((1, 2), keepdim=True).div(count * sound.shape[2]).sqrt().clamp(min=1.0)
    return centred / spread


def _halving(inside: int, outside: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(inside, outside, 3, stride=2, padding=1, bias=False), nn.BatchNorm2d(outside), nn.ReLU()
    )


def hear(net: Acoustic, sound: Tensor, length: Tensor) -> list[Tensor]:
    """The log-probabilities of each sample, (its moments, 1 + S), on the processor; `net` is set to evaluation."""
    net.eval()
    with torch.inference_mode():
        scores, lengths = net(sound, length)
    return [each[:moments].cpu() for each, moments in zip(scores, lengths.tolist(), strict=True)]
