"""Texts: which encoding they are in, what is refused, and the characters that they become."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from media import text
from media.probes import text as prober

RUSSIAN = "Съешь же ещё этих мягких французских булок, да выпей чаю. " * 3
JAPANESE = "これは日本語の文章です。文字コードを調べるために書きました。"
CHINESE = "这是一个中文句子，用来测试文字编码的识别。我们希望程序能够正确地读出它。"
FRENCH = "Voix ambiguë d'un cœur qui, au zéphyr, préfère les jattes de kiwis. Où est passé l'été ? " * 2


@pytest.mark.parametrize(
    ("content", "encoding", "found", "guessed"),
    [
        (FRENCH, "utf-8", "utf-8", False),
        (FRENCH, "utf-8-sig", "utf-8-sig", False),
        (FRENCH, "utf-16", "utf-16", False),
        (FRENCH, "utf-32", "utf-32", False),
        (JAPANESE, "iso2022_jp", "iso2022_jp", False),
        (FRENCH, "utf-16-be", "utf_16_be", True),
        (FRENCH, "cp1252", "cp1252", True),
        (RUSSIAN, "cp1251", "cp1251", True),
        (RUSSIAN, "koi8-r", "koi8_r", True),
        (CHINESE, "gb18030", "gb18030", True),
        (JAPANESE, "euc-jp", "euc_jp", True),
    ],
)
def test_an_encoding_is_found_and_a_guess_is_noted(content: str, encoding: str, found: str, guessed: bool) -> None:
    data = content.encode(encoding)
    said = prober.probe(data)
    del said["fingerprint"]
    assert said == {
        "format": "TEXT",
        "mode": found,
        "characters": len(content),
        "signals": ["encoding guessed"] * guessed,
    }
    assert text.decoded(data, found) == text.decoded(data) == content


def test_a_declared_encoding_is_taken_at_its_word() -> None:
    data = "naïve".encode("latin-1")
    assert prober.probe(data, encoding="latin-1")["mode"] == "latin-1"
    assert prober.probe(data, encoding="utf-8") == {
        "reason": "not valid utf-8 at byte 2; correct it, or the source's encoding"
    }


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "an empty file"),
        (b" \r\n\t ", "no text, only white space"),
        (b"\xef\xbb\xbf", "no text, only white space"),
        (b"a\0b", "not a text: control character U+0000 at character 1"),
        (b"\x89PNG\r\n\x1a\n" + bytes(range(256)), "not a text in an encoding that can be found out"),
        (b"\xff\xfea", "not valid utf-16 at byte 2"),
    ],
)
def test_what_is_no_text_is_refused_with_a_reason(data: bytes, reason: str) -> None:
    assert prober.probe(data)["reason"].startswith(reason)


def test_damage_done_before_is_noted() -> None:
    assert prober.probe("caf\ufffd".encode())["signals"] == ["replacement characters"]


def test_characters_are_composed_and_lines_end_in_one_way() -> None:
    assert text.decoded("\ufeffe\u0301\r\nx\ry\n".encode()) == "é\nx\ny\n"
    assert prober.probe("e\u0301".encode())["characters"] == 1


@given(st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1).filter(lambda content: content.strip()))
def test_any_utf_8_text_comes_back(content: str) -> None:
    data = content.encode()
    expected = unicodedata.normalize("NFC", content.removeprefix("\ufeff"))
    assert text.decoded(data) == expected
    assert prober.probe(data).get("characters", len(expected)) == len(expected)


@given(st.binary(max_size=300))
def test_any_bytes_get_an_answer(data: bytes) -> None:
    found = prober.probe(data)
    assert ("reason" in found) != ("characters" in found)
