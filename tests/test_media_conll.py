"""Tagged sentences: what parts them, what their labels are, and which lines do not fit."""

import gzip
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ingesting import fill, ingested, listed, opened

from media import line_file
from media.sources import Item
from project.errors import IntegrityError, UsageError

CONLL = {"kind": "text", "format": "conll"}


def sentences(tmp_path: Path, content: str | bytes, **keys: Any) -> dict[str, Item]:
    fill(tmp_path / "source", {"a.conll": content})
    return listed(tmp_path, **CONLL, file="a.conll", **keys)


def test_a_sentence_is_an_asset_with_the_types_of_its_entities(tmp_path: Path) -> None:
    items = sentences(tmp_path, "Ann\tB-person\nLee\tI-person\nin\tO\nRome\tB-place\n\nyes\tO\n\t\n#\tO\r\nup\tO")
    assert {path: (item.labels, item.load()) for path, item in items.items()} == {
        "a.conll#000001": (("person", "place"), b"Ann\tB-person\nLee\tI-person\nin\tO\nRome\tB-place\n"),
        "a.conll#000006": ((), b"yes\tO\n"),
        "a.conll#000008": ((), b"#\tO\nup\tO\n"),
    }


def test_the_first_column_is_the_token_and_the_last_the_tag(tmp_path: Path) -> None:
    content = "-DOCSTART- -X- -X- O\n\nEU NNP B-NP B-ORG\nrejects VBZ B-VP O\n\n# text = Yes\nYes UH O O\n# O\n"
    items = sentences(tmp_path, content)
    assert [(item.labels, item.load()) for item in items.values()] == [
        (("ORG",), b"EU\tB-ORG\nrejects\tO\n"),
        ((), b"Yes\tO\n#\tO\n"),
    ]


def test_a_line_that_does_not_fit_costs_its_sentence(tmp_path: Path) -> None:
    items = sentences(tmp_path, "a\tO\n\tO\n\nb\tO\n\nc\tPER\n\nalone\n")
    assert [(path, item.refused) for path, item in items.items()] == [
        ("a.conll#000001", "line 2 is not a token and its tag: O, or B- or I- and a type"),
        ("a.conll#000004", ""),
        ("a.conll#000006", "line 6 is not a token and its tag: O, or B- or I- and a type"),
        ("a.conll#000008", "line 8 is not a token and its tag: O, or B- or I- and a type"),
    ]


def test_several_files_may_be_named_by_a_pattern(tmp_path: Path) -> None:
    fill(tmp_path / "source", {"b.conll": "b\tO", "a.conll": "a\tO", "c.txt": "c\tO"})
    assert list(listed(tmp_path, **CONLL, file="*.conll")) == ["a.conll#000001", "b.conll#000001"]
    assert list(listed(tmp_path, **CONLL, file="[a].conll")) == ["a.conll#000001"]
    with pytest.raises(UsageError, match=r"has no file like \*\.iob in "):
        opened(tmp_path, **CONLL, file="*.iob")


def test_a_new_file_of_a_pattern_changes_the_fingerprint(tmp_path: Path) -> None:
    fill(tmp_path / "source", {"a.conll": "a\tO"})
    before = opened(tmp_path, **CONLL, file="*.conll").fingerprint()
    fill(tmp_path / "source", {"b.conll": "b\tO"})
    assert opened(tmp_path, **CONLL, file="*.conll").fingerprint() != before


def test_sentences_reach_the_catalog(tmp_path: Path) -> None:
    fill(tmp_path / "source", {"a.conll": "caf\xe9\tB-place\n".encode("latin-1")})
    row = ingested(tmp_path, **CONLL, file="a.conll", encoding="latin-1")["a.conll#000001"]
    assert (row["labels"], row["characters"], row["mode"]) == (["place"], 13, "latin-1")


def test_what_is_damaged_is_named(tmp_path: Path) -> None:
    fill(tmp_path / "source", {"readme": ""})
    with pytest.raises(UsageError, match="has format conll; name its file"):
        opened(tmp_path, **CONLL)
    with pytest.raises(UsageError, match=r"has no file absent\.conll in "):
        opened(tmp_path, **CONLL, file="absent.conll")
    with pytest.raises(IntegrityError, match=r"a\.conll is not valid utf-8 at byte 0; say the encoding"):
        sentences(tmp_path, b"\xff\tO")
    assert not sentences(tmp_path, "")


def test_a_packed_file_may_not_swell_without_end(tmp_path: Path) -> None:
    bomb = gzip.compress(bytes(20 << 20))
    with pytest.raises(IntegrityError, match=r"is a bomb: it unpacks to more than 16,777,216 bytes"):
        sentences(tmp_path, bomb)
    with pytest.raises(IntegrityError, match=r"a\.conll cannot be unpacked: "):
        sentences(tmp_path, gzip.compress(b"a\tO")[:-9])
    assert list(sentences(tmp_path, gzip.compress(b"a\tO"))) == ["a.conll#000001"]


def test_a_huge_line_is_one_asset(tmp_path: Path) -> None:
    (item,) = sentences(tmp_path, "x" * (1 << 22) + "\tO").values()
    assert len(item.load()) == (1 << 22) + 3


@given(st.lists(st.text(st.characters(exclude_characters="\n\r", exclude_categories=["Cs"]), max_size=5), max_size=9))
def test_lines_are_read_as_they_were_written(tmp_path_factory: pytest.TempPathFactory, lines: list[str]) -> None:
    path = tmp_path_factory.mktemp("lines") / "a.txt"
    path.write_bytes("".join(f"{line}\n" for line in lines).encode())
    expected = lines or [""]
    assert line_file.lines(path, "utf-8") == [expected[0].removeprefix("\ufeff"), *expected[1:]]
