"""Words and pieces of words, batches by length, attention that sees no future, and search against trying everything."""

import itertools
import subprocess
import sys
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from sacrebleu.metrics.bleu import BLEU
from torch.nn import functional

from media import subwords, words
from models import networks, order
from models.settings import Training
from models.translator import END, NOTHING, START, Translator, search

TEXTS = ["A red cat sleeps.", "A blue cat sings.", "Ein rotes Tier schläft.", "Ein blaues Tier singt."] * 3
FACTS = {"classes": ["a", "b", "c"], "learnt": {"words": {f"w{n}": n for n in range(2, 30)}}}


class Settings(Training):
    width, dropout, word_dropout, layers, beams = 32, 0.1, 0.1, 2, 3


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("It isn't GOOD, is it?", ["it", "isn't", "good", ",", "is", "it", "?"]),
        ("Ünïcode_2 – naïve", ["ünïcode", "_", "2", "–", "naïve"]),
        ("我喜欢 MP3", ["我", "喜", "欢", "mp3"]),
        (" \n\t", []),
    ],
)
def test_words(text: str, expected: list[str]) -> None:
    assert words.split(text) == expected


def test_a_vocabulary_is_in_order_of_how_often_then_of_spelling() -> None:
    learnt = words.vocabulary(["b a c", "b c a a", "d"], most=2, at_least=2)
    assert learnt == {"a": 2, "b": 3}
    assert words.numbers("b z a", learnt, 2).tolist() == [3, words.UNKNOWN]
    assert words.numbers("…", {}, 2).tolist() == [words.UNKNOWN] == words.numbers(" ", {}, 2).tolist()


@given(st.text(max_size=60))
def test_pieces_give_back_any_text(text: str) -> None:
    tokenizer = PIECES
    numbers = subwords.numbers(text, tokenizer, 1000)
    assert numbers[-1] == END and numbers[:-1].min(initial=3) >= 3
    assert subwords.text(np.append(numbers, [0, 0]), tokenizer) == text.encode(errors="replace").decode()


PIECES = subwords.learnt(TEXTS, 300)


def test_the_same_texts_give_the_same_pieces_in_another_process() -> None:
    program = f"from media import subwords; print(subwords.learnt({TEXTS!r}, 300))"
    for seed in ("1", "2"):
        env = {"PYTHONHASHSEED": seed, "PYTHONPATH": ":".join(sys.path)}
        command = [sys.executable, "-c", program]
        done = subprocess.run(command, capture_output=True, text=True, check=True, env=env)
        assert done.stdout.strip() == PIECES


@given(st.lists(st.integers(1, 50), min_size=1, max_size=300), st.integers(1, 40), st.integers(0, 5))
def test_batches_of_a_budget_hold_every_sample_once(lengths: list[int], batch: int, epoch: int) -> None:
    made = order.budgeted(np.array(lengths), batch, 1, epoch)
    assert sorted(np.concatenate(made).tolist()) == list(range(len(lengths)))
    assert len(made) == order.steps(len(lengths), batch) and min(map(len, made)) >= 1


def test_batches_of_a_budget_are_about_as_long_as_each_other() -> None:
    lengths = np.random.default_rng(0).integers(5, 60, 6400)
    sums = [int(lengths[batch].sum()) for batch in order.budgeted(lengths, 64, 1, 0)]
    assert max(sums) <= 1.05 * np.mean(sums) and min(sums) >= 0.95 * np.mean(sums)
    spread = [int(np.ptp(lengths[batch])) for batch in order.budgeted(lengths, 64, 1, 0)]
    assert np.mean(spread) < 5


@pytest.mark.parametrize("name", networks.names("text"))
@pytest.mark.parametrize("longest", [1, 2, 7])
def test_padding_changes_no_score(name: str, longest: int) -> None:
    net = networks.build(name, Settings(), FACTS, "text").eval()
    numbers = torch.from_numpy(np.random.default_rng(0).integers(1, 30, (4, longest), dtype=np.int32))
    numbers[0, 1:] = NOTHING
    scores = net(numbers)
    assert scores.shape == (4, 3) and scores.isfinite().all()
    assert torch.allclose(net(functional.pad(numbers, (0, 5))), scores, atol=1e-5)


def translator() -> Any:
    torch.manual_seed(0)
    return Translator(9, Settings()).eval()


def test_no_piece_is_scored_by_those_after_it() -> None:
    net, source = translator(), torch.tensor([[3, 4, END]])
    one, other = torch.tensor([[START, 5, 6, 7]]), torch.tensor([[START, 5, 8, 8]])
    before, after = net(source, one), net(source, other)
    assert torch.allclose(before[:, :2], after[:, :2], atol=1e-5)
    assert not torch.allclose(before[:, 2:], after[:, 2:], atol=1e-3)
    assert torch.allclose(net(functional.pad(source, (0, 3)), one), before, atol=1e-5)


def test_search_with_enough_beams_finds_the_best_of_all() -> None:
    torch.manual_seed(1)
    table = torch.randn(5, 5).mul(2).log_softmax(-1)  # piece so far → the next; 3 and 4 are words

    def after(written: torch.Tensor) -> torch.Tensor:
        return table[written[:, -1]]

    def total(pieces: tuple[int, ...]) -> float:
        return sum(float(table[a, b]) for a, b in itertools.pairwise((START, *pieces))) / ((5 + len(pieces)) / 6) ** 0.6

    ended = [(*inner, END) for length in range(3) for inner in itertools.product((3, 4), repeat=length)]
    unended = list(itertools.product((3, 4), repeat=3))
    found, mean = search(after, 1, 16, 3, torch.device("cpu"))
    pieces = tuple(piece for piece in found[0].tolist() if piece != NOTHING)
    assert pieces == max([*ended, *unended], key=total)
    assert float(mean[0]) == pytest.approx(total(pieces) * ((5 + len(pieces)) / 6) ** 0.6 / len(pieces), rel=1e-4)


def test_bleu_by_hand() -> None:
    """Precisions 4/5, 3/4, 2/3, 1/2 and no brevity penalty: their geometric mean."""
    score = BLEU().corpus_score(["a b c d e"], [["a b c d f"]]).score
    assert score == pytest.approx(100 * (4 / 5 * 3 / 4 * 2 / 3 * 1 / 2) ** 0.25)
