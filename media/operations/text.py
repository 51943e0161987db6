"""Random variations of texts, word by word; none leaves a text empty. An amount of 0 changes nothing.

A sample's `text` is what `media.utf8.to_bytes` makes, uint8 (bytes,); words stand between white space, which stays. With
a field `tags`, one number a word and 0 outside any entity, words stand between single spaces, those of entities are left
alone, and a word that goes takes its tag along. Other fields pass through.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from media.operations import synonyms
from media.operations.amounts import from_zero_to
from media.sample import Operation
from media.utf8 import from_bytes, to_bytes

Sample = Mapping[str, np.ndarray]
Rewrite = Callable[[Sequence[str], np.ndarray, np.random.Generator, Any], list[str]]
"""(words, which of them may change, draw, amount) → as many words, empty where one is left out."""

MASK = "[MASK]"
"""As in Devlin et al. 2019, BERT, section 3.1."""
ROWS = ("qwertyuiop", "asdfghjkl", "zxcvbnm")
WORD, TAGGED_WORD = re.compile(r"(\S+)(\s*)"), re.compile(r"([^ ]+)( *)")
PUNCTUATED = re.compile(r"(\W*)(.*?)(\W*)", re.DOTALL)


def swap(words: Sequence[str], free: np.ndarray, draw: np.random.Generator, rate: float) -> list[str]:
    """Each word changes places with the next with this probability. Wei and Zou 2019, EDA, section 2."""
    swapped = list(words)
    for place in np.flatnonzero(_chosen(free, draw, rate)[:-1] & free[1:]):
        swapped[place], swapped[place + 1] = swapped[place + 1], swapped[place]
    return swapped


def delete(words: Sequence[str], free: np.ndarray, draw: np.random.Generator, rate: float) -> list[str]:
    """Each word is left out with this probability; one stays if none would. Wei and Zou 2019, EDA, section 2."""
    gone = _chosen(free, draw, rate)
    if gone.all():
        gone[int(draw.integers(len(words)))] = False
    return ["" if lost else word for word, lost in zip(words, gone, strict=True)]


def mask(words: Sequence[str], free: np.ndarray, draw: np.random.Generator, rate: float) -> list[str]:
    """Each word becomes MASK with this probability."""
    return [MASK if hidden else word for word, hidden in zip(words, _chosen(free, draw, rate), strict=True)]


def typos(words: Sequence[str], free: np.ndarray, draw: np.random.Generator, rate: float) -> list[str]:
    """One Latin letter of each word becomes a neighbour on the keyboard, with this probability."""
    chosen, drawn = _chosen(free, draw, rate), draw.random((len(words), 2))
    return [_mistyped(word, *drawn[i]) if chosen[i] else word for i, word in enumerate(words)]


def synonym(words: Sequence[str], free: np.ndarray, draw: np.random.Generator, amount: synonyms.Amount) -> list[str]:
    """Words of the studio's table become one of those that it gives for them, each with the amount's rate."""
    chosen, drawn = _chosen(free, draw, amount.rate), draw.random(len(words))
    table = synonyms.table(amount)
    return [_other(word, table, drawn[i]) if chosen[i] else word for i, word in enumerate(words)]


def _chosen(free: np.ndarray, draw: np.random.Generator, rate: float) -> np.ndarray:
    return (draw.random(len(free)) < rate) & free


def _mistyped(word: str, which: float, towards: float) -> str:
    letters = [place for place, letter in enumerate(word) if letter.lower() in NEIGHBOURS]
    if not letters:
        return word
    place = letters[int(which * len(letters))]
    near = NEIGHBOURS[word[place].lower()]
    wrong = near[int(towards * len(near))]
    return word[:place] + (wrong.upper() if word[place].isupper() else wrong) + word[place + 1 :]


def _other(word: str, table: synonyms.Table, which: float) -> str:
    match = PUNCTUATED.fullmatch(word)
    before, core, after = match.groups() if match else ("", word, "")
    choices = table.get(core.lower())
    if not choices:
        return word
    found = choices[int(which * len(choices))]
    return before + (found[0].upper() + found[1:] if core[0].isupper() else found) + after


def _neighbours() -> dict[str, str]:
    """Letter → the letters beside it on a QWERTY keyboard, whose rows are each set off by half a key."""
    keys = {letter: (row, column + row / 2) for row, line in enumerate(ROWS) for column, letter in enumerate(line)}

    def beside(letter: str, other: str) -> bool:
        (row, column), (other_row, other_column) = keys[letter], keys[other]
        return letter != other and abs(row - other_row) <= 1 and abs(column - other_column) <= 1

    return {letter: "".join(other for other in keys if beside(letter, other)) for letter in keys}


NEIGHBOURS = _neighbours()


def _on_text(rewrite: Rewrite) -> Callable[[Sample, np.random.Generator, Any], Sample]:
    def apply(sample: Sample, draw: np.random.Generator, amount: Any) -> Sample:
        text, tags = from_bytes(sample["text"]), sample.get("tags")
        parts = (WORD if tags is None else TAGGED_WORD).findall(text)
        if tags is not None and len(tags) != len(parts):
            raise ValueError(f"the text has {len(parts)} words and {len(tags)} tags; each word must have one")
        if not parts:
            return sample
        words, gaps = zip(*parts, strict=True)
        free = np.ones(len(words), bool) if tags is None else tags == 0
        rewritten = rewrite(words, free, draw, amount)
        kept = np.array([bool(word) for word in rewritten])
        start = text[: len(text) - sum(map(len, (*words, *gaps)))]
        changed = {**sample, "text": to_bytes(start + _joined(rewritten, gaps))}
        return changed if tags is None else {**changed, "tags": tags[kept]}

    return apply


def _joined(words: Sequence[str], gaps: Sequence[str]) -> str:
    """The words that are left, each with the white space after it; the text ends as it did."""
    kept = [(word, gap) for word, gap in zip(words, gaps, strict=True) if word]
    return "".join(word + gap for word, gap in kept[:-1]) + kept[-1][0] + gaps[-1]


OPERATIONS = (
    Operation("synonyms", "{rate, table} or {rate, words}", synonyms.check, _on_text(synonym), synonyms.files),
    Operation("swap", "probability for each word", from_zero_to(1), _on_text(swap)),
    Operation("delete", "probability for each word", from_zero_to(1), _on_text(delete)),
    Operation("mask", "probability for each word", from_zero_to(1), _on_text(mask)),
    Operation("typos", "probability for each word", from_zero_to(1), _on_text(typos)),
)
"""In the order in which they are applied."""
