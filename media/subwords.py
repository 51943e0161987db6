"""Texts as pieces of words that are learnt from texts, by byte pair encoding (Sennrich et al. 2016, Neural Machine
Translation of Rare Words with Subword Units). The pieces are made of bytes, so any text has some, and they give it back.
"""

import os
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from media.sample import Field

if TYPE_CHECKING:
    from tokenizers import Tokenizer

NOTHING, START, END = 0, 1, 2
"""The numbers of padding and of the two ends of a text; pieces count from 3."""
SPECIAL = ("<nothing>", "<start>", "<end>")


def learnt(texts: Iterable[str], most: int) -> str:
    """A tokenizer of up to `most` pieces, as JSON."""
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    trainer = trainers.BpeTrainer(
        vocab_size=most, min_frequency=2, special_tokens=list(SPECIAL), initial_alphabet=alphabet, show_progress=False
    )
    tokenizer.train_from_iterator(texts, trainer)
    return tokenizer.to_str()


def count(tokenizer: str) -> int:
    """How many numbers a piece may have, with those of nothing and of the ends."""
    return _loaded(tokenizer).get_vocab_size()


def field() -> Field:
    """The field that `numbers` fills: int32, (pieces,)."""
    return Field("int32", (None,))


def numbers(text: str, tokenizer: str, longest: int) -> np.ndarray:
    """The first `longest` pieces of a text as numbers, and END: int32 (pieces + 1,)."""
    found = _loaded(tokenizer).encode(text, add_special_tokens=False).ids
    return np.array([*found[:longest], END], np.int32)


def text(numbers: Sequence[int] | np.ndarray, tokenizer: str) -> str:
    """The text of some numbers, up to the first END."""
    pieces = [int(number) for number in numbers]
    whole = pieces[: pieces.index(END)] if END in pieces else pieces
    return _loaded(tokenizer).decode([piece for piece in whole if piece > END], skip_special_tokens=False)


@lru_cache(maxsize=4)
def _loaded(tokenizer: str) -> "Tokenizer":
    from tokenizers import Tokenizer

    return Tokenizer.from_str(tokenizer)
