"""Texts as words, and words as numbers.

A word is a run of letters, digits and apostrophes, in lower case; each Chinese or Japanese character, and each other sign
that is no space, is one by itself.
"""

import re
from collections import Counter
from collections.abc import Iterable, Mapping

import numpy as np

from media.sample import Field

NOTHING, UNKNOWN = 0, 1
"""The numbers of padding and of any word that was not learnt; words count from 2."""
APART = "\u3040-\u30ff\u3400-\u9fff"
WORD = re.compile(rf"[{APART}]|(?:[^\W_{APART}]|['’])+|[^\w\s]|_")


def split(text: str) -> list[str]:
    """The words of a text, in their order."""
    return WORD.findall(text.lower())


def vocabulary(texts: Iterable[str], *, most: int, at_least: int) -> dict[str, int]:
    """Word → number, from 2, for the `most` frequent words that occur `at_least` so often; the most frequent first."""
    counts = Counter(word for text in texts for word in split(text))
    frequent = [(word, count) for word, count in counts.items() if count >= at_least]
    chosen = sorted(frequent, key=lambda pair: (-pair[1], pair[0]))[:most]
    return {word: number for number, (word, _) in enumerate(chosen, UNKNOWN + 1)}


def field() -> Field:
    """The field that `numbers` fills: int32, (words,)."""
    return Field("int32", (None,))


def numbers(text: str, known: Mapping[str, int], longest: int) -> np.ndarray:
    """The first `longest` words of a text as numbers, int32 (words,); a text without any is one unknown word."""
    found = [known.get(word, UNKNOWN) for word in split(text)[:longest]]
    return np.array(found or [UNKNOWN], np.int32)
