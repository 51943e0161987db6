"""Pairs of sentences, of two files or of one."""

import gzip
from pathlib import Path
from typing import Any

import pytest
from ingesting import fill, ingested, listed, opened

from project.errors import IntegrityError, UsageError

PAIRS = {"kind": "text", "format": "pairs"}
PARALLEL: dict[str, Any] = {**PAIRS, "file": "a.en.gz", "target": "a.de.gz"}


def packed(*lines: str) -> bytes:
    return gzip.compress("".join(f"{line}\n" for line in lines).encode())


def test_the_lines_of_two_files_belong_together(tmp_path: Path) -> None:
    fill(tmp_path / "source", {"a.en.gz": packed("a hat ", "", "a dog"), "a.de.gz": packed("ein Hut", " ", "ein Hund")})
    items = listed(tmp_path, **PARALLEL)
    assert {path: (item.group, item.load().decode()) for path, item in items.items()} == {
        "a.en.gz#000001": ("a hat", "a hat\nein Hut"),
        "a.en.gz#000003": ("a dog", "a dog\nein Hund"),
    }


def test_a_packed_file_may_lie_there_unpacked(tmp_path: Path) -> None:
    fill(tmp_path / "source", {"a.en": "a hat", "a.de": "ein Hut\n"})
    assert [item.load() for item in listed(tmp_path, **PARALLEL).values()] == [b"a hat\nein Hut"]


def test_one_file_says_to_whom_each_pair_is_owed(tmp_path: Path) -> None:
    fill(tmp_path / "source", {"pairs.txt": "Hi.\tOi.\tann & bob\nHi.\tEi.\tann\nBye.\tTchau.\n"})
    rows = ingested(tmp_path, **PAIRS, file="pairs.txt", holder="the studio")
    assert [(row["group"], row["holder"]) for _, row in sorted(rows.items())] == [
        ("Hi.", "ann & bob"),
        ("Hi.", "ann"),
        ("Bye.", "the studio"),
    ]


def test_another_separator_may_stand_between(tmp_path: Path) -> None:
    fill(tmp_path / "source", {"pairs.txt": "one ||| uno"})
    dialect = {"separator": "|||", "quotes": False}
    assert [item.load() for item in listed(tmp_path, **PAIRS, file="pairs.txt", dialect=dialect).values()] == [
        b"one\nuno"
    ]


def test_half_a_pair_is_refused(tmp_path: Path) -> None:
    fill(tmp_path / "source", {"pairs.txt": "alone\n\ttarget\na\tb\tc\td\na\rb\tc\n"})
    assert [item.refused for item in listed(tmp_path, **PAIRS, file="pairs.txt").values()] == [
        "its target is missing; a pair has both sides",
        "its source is missing; a pair has both sides",
        "its line has 4 cells; a source, a target and a holder are expected",
        "a line end inside of a line",
    ]


def test_files_of_different_length_are_no_pairs(tmp_path: Path) -> None:
    fill(tmp_path / "source", {"a.en.gz": packed("a", "b"), "a.de.gz": packed("x", "y", "z")})
    with pytest.raises(UsageError, match=r"a\.en\.gz has 2 lines but a\.de\.gz has 3; they must be pairs"):
        list(opened(tmp_path, **PARALLEL).items())


def test_both_files_must_be_there_and_whole(tmp_path: Path) -> None:
    fill(tmp_path / "source", {"a.en.gz": packed("a")})
    with pytest.raises(UsageError, match=r"has no file a\.de\.gz in "):
        opened(tmp_path, **PARALLEL)
    with pytest.raises(UsageError, match="has format pairs; name its file, and the target file"):
        opened(tmp_path, **PAIRS)
    fill(tmp_path / "source", {"a.de.gz": packed("x")[:-9]})
    with pytest.raises(IntegrityError, match=r"a\.de\.gz cannot be unpacked"):
        list(opened(tmp_path, **PARALLEL).items())


def test_either_file_changes_the_fingerprint(tmp_path: Path) -> None:
    fill(tmp_path / "source", {"a.en.gz": packed("a"), "a.de.gz": packed("x")})
    before = opened(tmp_path, **PARALLEL).fingerprint()
    fill(tmp_path / "source", {"a.de.gz": packed("xyz")})
    assert opened(tmp_path, **PARALLEL).fingerprint() != before
