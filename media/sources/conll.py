"""Tagged sentences: a token a line, its tag in the last column, a blank line between two sentences. One is an asset.

format  CoNLL-2003 (Tjong Kim Sang and De Meulder, https://aclanthology.org/W03-0419): columns of tabs, or else of
        spaces; -DOCSTART- begins a document; tags are O, or a prefix of BIO or BIOES with the type of an entity

An asset is named `<file>#<number of its first line>`. It holds a line for each token: the token, a tab and the tag. Its
labels are the types of its entities; a sentence without any has none.
"""

import re
from collections.abc import Iterable, Iterator
from functools import partial

from media import line_file, named_file, tree
from media.named_file import NamedFile, named_files
from media.sources import Item, Place
from project.errors import UsageError
from project.source import Source

TAG = re.compile(r"O|[BIESLU]-\S+")
DOCUMENT_START = "-DOCSTART-"
Line = tuple[int, str]


def reader(source: Source, place: Place) -> "ConllReader":
    """Raises UsageError when no file is named, or it does not exist."""
    if source.file is None:
        raise UsageError(f"source {place.name!r} has format conll; name its file, or one for each of its parts")
    return ConllReader(named_files(source, place, source.file), source.encoding or "utf-8")


class ConllReader:
    """Reads the sentences of each file in their order."""

    def __init__(self, files: list[NamedFile], encoding: str) -> None:
        self._files = files
        self._encoding = encoding

    def fingerprint(self) -> str:
        return named_file.state(self._files)

    def items(self) -> Iterator[Item]:
        for file in self._files:
            for sentence in _sentences(line_file.lines(file.fetch(), self._encoding)):
                yield _item(f"{file.name}#{sentence[0][0]:06d}", sentence, self._encoding)


def _sentences(lines: Iterable[str]) -> Iterator[list[Line]]:
    """The numbered lines of each sentence."""
    sentence: list[Line] = []
    for number, line in enumerate(lines, 1):
        if line.strip() and not line.startswith(DOCUMENT_START):
            if not _is_comment(line):
                sentence.append((number, line))
        elif sentence:
            yield sentence
            sentence = []
    if sentence:
        yield sentence


def _is_comment(line: str) -> bool:
    """Whether it says something of the sentence, as `# text = …` does; the token # has a tag."""
    return line.startswith("# ") and not TAG.fullmatch(_columns(line)[-1])


def _columns(line: str) -> list[str]:
    return line.split("\t") if "\t" in line else line.split()


def _item(name: str, sentence: list[Line], encoding: str) -> Item:
    tokens, labels = [], set()
    for number, line in sentence:
        token, *_, tag = map(str.strip, _columns(line)) if len(_columns(line)) > 1 else ("", "")
        if not (token and TAG.fullmatch(tag)):
            reason = f"line {number:,} is not a token and its tag: O, or B- or I- and a type"
            return Item(name, (), "", "", partial(tree.unreadable, reason), reason)
        tokens.append(f"{token}\t{tag}\n")
        labels.add(tag[2:])
    return Item(name, tuple(sorted(labels - {""})), "", "", partial("".join(tokens).encode, encoding))
