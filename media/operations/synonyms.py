"""Words that may stand for each other, as the studio says: in the `augment:` section, or in a CSV file of the project.

synonyms: {rate: 0.1, words: {big: [large, huge]}}
synonyms: {rate: 0.1, table: tables/synonyms.csv}      a line a word: big,large,huge
"""

import csv
import functools
import io
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from media.operations.amounts import probability
from media.operations.files import ProjectFile, project_file
from media.text import decoded

Table = Mapping[str, tuple[str, ...]]
Words = tuple[tuple[str, tuple[str, ...]], ...]


class Amount(NamedTuple):
    """With what probability a word of the table is replaced; the table as words or as a file."""

    rate: float
    words: Words
    file: ProjectFile | None


def check(value: Any) -> Amount:
    """The amount that a section means. Raises ValueError with the rule."""
    if not isinstance(value, Mapping) or set(value) not in ({"rate", "words"}, {"rate", "table"}):
        raise ValueError("must be {rate: …, words: {word: [synonym, …]}} or {rate: …, table: file.csv}")
    rate = probability(value["rate"])
    if "table" in value:
        file = project_file(value["table"])
        _from_file(file)
        return Amount(rate, (), file)
    words = value["words"]
    if not isinstance(words, Mapping):
        raise ValueError("words must be a mapping of a word to its synonyms")
    return Amount(rate, _words(words.items(), "words"), None)


def files(amount: Amount) -> tuple[ProjectFile, ...]:
    return () if amount.file is None else (amount.file,)


def table(amount: Amount) -> Table:
    """Word, in lower case → its synonyms."""
    return _mapped(amount.words) if amount.file is None else _from_file(amount.file)


@functools.lru_cache(maxsize=4)
def _mapped(words: Words) -> Table:
    return dict(words)


@functools.lru_cache(maxsize=4)
def _from_file(file: ProjectFile) -> Table:
    lines = csv.reader(io.StringIO(decoded(file.read())))
    return dict(_words(((line[0], line[1:]) for line in lines if line), file.path))


def _words(items: Iterable[tuple[Any, Any]], where: str) -> Words:
    found = {}
    for word, others in items:
        each = [word, *others] if isinstance(others, list | tuple) else []
        if len(each) < 2 or not all(isinstance(one, str) and len(one.split()) == 1 for one in each):
            raise ValueError(f"{where} must give for {word!r} at least one synonym, each a single word")
        found[word.strip().lower()] = tuple(one.strip() for one in others)
    return tuple(found.items())
