"""Sequences from probabilities at each moment: the loss against torch by hand, the search against all paths there are."""

import itertools
import math
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor, nn

from models import acoustic, ctc


def logs(draws: np.random.Generator, moments: int, symbols: int) -> np.ndarray:
    scores = draws.dirichlet(np.full(symbols + 1, 0.5), moments)
    return np.log(np.maximum(scores, 1e-5))


def by_enumeration(scores: np.ndarray) -> dict[tuple[int, ...], float]:
    """The probability of every sequence, as the sum over all paths."""
    found: dict[tuple[int, ...], float] = {}
    for path in itertools.product(range(scores.shape[1]), repeat=len(scores)):
        said = tuple(ctc.collapse(np.array(path)))
        found[said] = found.get(said, 0.0) + math.exp(sum(scores[moment, symbol] for moment, symbol in enumerate(path)))
    return found


@pytest.mark.parametrize(
    ("path", "said"),
    [([0, 0], []), ([1, 1, 1], [1]), ([1, 0, 1], [1, 1]), ([2, 2, 0, 1, 1, 2], [2, 1, 2]), ([], [])],
)
def test_a_path_says(path: list[int], said: list[int]) -> None:
    assert ctc.collapse(np.array(path, dtype=np.int64)) == said


@given(seed=st.integers(0, 10_000), moments=st.integers(1, 5), symbols=st.integers(1, 3))
def test_a_wide_beam_finds_the_likeliest_of_all_sequences(seed: int, moments: int, symbols: int) -> None:
    scores = logs(np.random.default_rng(seed), moments, symbols)
    expected = by_enumeration(scores)
    said, logarithm = ctc.beam(scores, 1000)
    assert math.exp(logarithm) == pytest.approx(max(expected.values()), rel=1e-3)
    assert expected[tuple(said)] == pytest.approx(max(expected.values()), rel=1e-3)


def test_the_likeliest_path_is_not_the_likeliest_sequence() -> None:
    """Graves 2012, Supervised Sequence Labelling, figure 7.4: best path decoding gives nothing, though `1` is likelier."""
    scores = np.log(np.array([[0.7, 0.3], [0.6, 0.4]]))
    assert ctc.greedy(scores) == []
    said, logarithm = ctc.beam(scores, 4)
    assert said == [1] and math.exp(logarithm) == pytest.approx(1 - 0.42)


class Given(nn.Module):
    """Answers with the log-probabilities that it is given."""

    def __init__(self, scores: Tensor, moments: list[int]) -> None:
        super().__init__()
        self.answer = scores, torch.tensor(moments)

    def forward(self, sound: Tensor, length: Tensor) -> tuple[Tensor, Tensor]:
        return self.answer


def test_the_loss_is_the_logarithm_of_the_sum_over_paths_by_symbol() -> None:
    draws = np.random.default_rng(1)
    first, second = logs(draws, 4, 2), logs(draws, 3, 2)
    first, second = (np.log(np.exp(each) / np.exp(each).sum(1, keepdims=True)) for each in (first, second))
    scores = torch.tensor(np.stack([first, np.pad(second, ((0, 1), (0, 0)))]), dtype=torch.float32)
    batch: dict[str, Tensor] = {
        "sound": torch.zeros(2, 1), "sound_length": torch.zeros(2), "text": torch.tensor([[1, 2], [2, 0]]),
        "text_length": torch.tensor([2, 1]),
    }  # fmt: skip
    settings: Any = SimpleNamespace()
    scored = ctc.loss(settings, {}, np.zeros(2))(Given(scores, [4, 3]), batch)
    expected = -(math.log(by_enumeration(first)[1, 2]) / 2 + math.log(by_enumeration(second)[2,])) / 2
    assert scored.loss.item() == pytest.approx(expected, rel=1e-4)
    assert scored.measures["accuracy"].tolist() == [
        float(ctc.greedy(first) == [1, 2]), float(ctc.greedy(second) == [2])
    ]  # fmt: skip


def net() -> acoustic.Acoustic:
    torch.manual_seed(0)
    return acoustic.Acoustic(12, 5, width=4, hidden=8, depth=2, dropout=0.1, beam=4).eval()


@given(first=st.integers(1, 40), second=st.integers(1, 40))
def test_what_is_heard_does_not_depend_on_padding(first: int, second: int) -> None:
    generator = torch.Generator().manual_seed(first)
    sounds = [torch.randint(0, 256, (length, 12), dtype=torch.uint8, generator=generator) for length in (first, second)]
    padded = nn.utils.rnn.pad_sequence(sounds, batch_first=True)
    together = acoustic.hear(net(), padded, torch.tensor([first, second]))
    for sound, heard in zip(sounds, together, strict=True):
        alone = acoustic.hear(net(), sound[None], torch.tensor([len(sound)]))[0]
        assert heard.shape == (-(-len(sound) // acoustic.SHORTENED), 6) and heard.exp().sum(1).allclose(torch.ones(1))
        assert heard.allclose(alone, atol=1e-4)


def test_a_louder_recording_is_heard_the_same() -> None:
    sound = torch.randint(50, 150, (1, 24, 12), dtype=torch.uint8, generator=torch.Generator().manual_seed(0))
    length = torch.tensor([24])
    assert acoustic.hear(net(), sound + 30, length)[0].allclose(acoustic.hear(net(), sound, length)[0], atol=1e-4)
