"""Random variations of texts: what each does, what none may do, and that entities stay as they are."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from media import draws
from media.operations import text
from media.sample import Operation
from media.utf8 import field, from_bytes, to_bytes

TABLE = {"big": ["large", "huge"], "Haus": ["Gebäude"]}
every_operation = pytest.mark.parametrize("operation", text.OPERATIONS, ids=lambda operation: operation.key)
TEXTS = st.text(st.sampled_from("abcXYZäß語😀big .,\n\t"), max_size=60)
WORDS = st.lists(
    st.text(st.sampled_from("abcXYZ語."), min_size=1, max_size=6) | st.just("big"), min_size=1, max_size=12
)


@pytest.fixture(scope="module", autouse=True)
def project(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    before, folder = Path.cwd(), tmp_path_factory.mktemp("project")
    os.chdir(folder)
    yield folder
    os.chdir(before)


def named(key: str) -> Operation:
    return next(operation for operation in text.OPERATIONS if operation.key == key)


def amount(operation: Operation, rate: float) -> Any:
    return operation.check({"rate": rate, "words": TABLE} if operation.key == "synonyms" else rate)


def varied(operation: Operation, written: str, rate: float, seed: int = 0, **others: np.ndarray) -> dict[str, Any]:
    draw = draws.generator(seed, "asset", 1, operation.key)
    changed = operation.apply({"text": to_bytes(written), **others}, draw, amount(operation, rate))
    return {**changed, "text": from_bytes(changed["text"])}


@every_operation
@given(written=TEXTS, rate=st.floats(0, 1), seed=st.integers(0, 99))
def test_a_text_stays_a_text_and_draws_repeat(operation: Operation, written: str, rate: float, seed: int) -> None:
    first, second = (varied(operation, written, rate, seed)["text"] for _ in range(2))
    assert first == second
    assert bool(first.split()) == bool(written.split()), "a text with words has words still"
    assert len(first.split()) <= len(written.split())
    assert first.strip() or first == written


@every_operation
@given(written=TEXTS, seed=st.integers(0, 99))
def test_an_amount_of_0_changes_nothing(operation: Operation, written: str, seed: int) -> None:
    assert varied(operation, written, 0, seed)["text"] == written


@every_operation
@given(words=WORDS, rate=st.floats(0, 1), seed=st.integers(0, 99), data=st.data())
def test_entities_are_left_alone_and_every_word_keeps_its_tag(
    operation: Operation, words: list[str], rate: float, seed: int, data: st.DataObject
) -> None:
    tags = np.array(data.draw(st.lists(st.integers(0, 2), min_size=len(words), max_size=len(words))))
    label = np.array(4)
    changed = varied(operation, " ".join(words), rate, seed, tags=tags, label=label)
    left = changed["text"].split(" ")
    assert len(left) == len(changed["tags"]) and changed["label"] is label
    assert changed["tags"].dtype == tags.dtype
    before = [(word, tag) for word, tag in zip(words, tags, strict=True) if tag]
    assert [(word, tag) for word, tag in zip(left, changed["tags"], strict=True) if tag] == before


@every_operation
def test_a_rate_of_1_changes_a_text_and_white_space_stays(operation: Operation) -> None:
    changed = varied(operation, " Big trees,\n\tbig  roots. ", 1)["text"]
    assert changed != " Big trees,\n\tbig  roots. "
    assert changed.startswith(" ") and changed.endswith(" ")
    if operation.key != "delete":
        assert text.WORD.split(changed)[2::3] == [" ", "\n\t", "  ", " "]


@every_operation
@pytest.mark.parametrize("value", [-0.1, 1.1, "much", None, [1], float("nan")])
def test_an_amount_out_of_range_says_the_rule(operation: Operation, value: Any) -> None:
    with pytest.raises(ValueError, match="must be "):
        operation.check({"rate": value, "words": TABLE} if operation.key == "synonyms" else value)


def test_words_and_tags_that_do_not_match_are_an_error() -> None:
    with pytest.raises(ValueError, match="the text has 2 words and 1 tags"):
        varied(named("swap"), "two words", 0.5, tags=np.array([0]))


@given(words=st.lists(st.text("abc", min_size=1, max_size=3), min_size=2, max_size=30), seed=st.integers(0, 99))
def test_swaps_keep_all_words_and_a_rate_of_1_moves_the_first_to_the_end(words: list[str], seed: int) -> None:
    assert sorted(varied(named("swap"), " ".join(words), 0.4, seed)["text"].split()) == sorted(words)
    assert varied(named("swap"), " ".join(words), 1, seed)["text"].split() == [*words[1:], words[0]]


def test_rates_are_kept() -> None:
    words = " ".join(["abc"] * 4000)
    masked = varied(named("mask"), words, 0.15)["text"].split()
    assert masked.count(text.MASK) / 4000 == pytest.approx(0.15, abs=0.02)
    assert len(varied(named("delete"), words, 0.2)["text"].split()) / 4000 == pytest.approx(0.8, abs=0.02)
    mistyped = varied(named("typos"), words, 0.3)["text"].split()
    assert 1 - mistyped.count("abc") / 4000 == pytest.approx(0.3, abs=0.03)


@given(word=st.text(st.sampled_from("abcXYZä1-"), min_size=1, max_size=8), seed=st.integers(0, 99))
def test_a_typo_is_one_letter_that_lies_beside_the_right_one(word: str, seed: int) -> None:
    assume(any(letter.lower() in text.NEIGHBOURS for letter in word))
    mistyped = varied(named("typos"), word, 1, seed)["text"]
    wrong = [(right, typed) for right, typed in zip(word, mistyped, strict=True) if right != typed]
    assert len(wrong) == 1
    right, typed = wrong[0]
    assert typed.lower() in text.NEIGHBOURS[right.lower()] and typed.isupper() == right.isupper()


def test_the_keyboard() -> None:
    assert sorted(text.NEIGHBOURS["g"]) == sorted("ftyhvb")
    assert sorted(text.NEIGHBOURS["q"]) == sorted("wa")
    assert all(letter in text.NEIGHBOURS[other] for letter in text.NEIGHBOURS for other in text.NEIGHBOURS[letter])


def test_synonyms_keep_capitals_and_punctuation() -> None:
    found = {varied(named("synonyms"), "“Big” haus, BIGGER!", 1, seed)["text"] for seed in range(30)}
    assert found == {"“Large” Gebäude, BIGGER!", "“Huge” Gebäude, BIGGER!"}


def test_a_table_is_read_from_a_file_of_the_project(project: Path) -> None:
    (project / "words.csv").write_text("big,large,huge\n\nHaus,Gebäude\n", encoding="utf-8")
    operation = named("synonyms")
    from_file = operation.check({"rate": 0.5, "table": "words.csv"})
    inline = operation.check({"rate": 0.5, "words": TABLE})
    assert [path for path, _ in operation.files(from_file)] == ["words.csv"] and operation.files(inline) == ()
    sample = {"text": to_bytes("big Haus " * 20)}
    changed = [operation.apply(sample, draws.generator(1, "a", 1, ""), each)["text"] for each in (from_file, inline)]
    assert np.array_equal(*changed) and not np.array_equal(changed[0], sample["text"])


@pytest.mark.parametrize(
    ("value", "rule"),
    [
        (0.1, r"must be \{rate: …, words:"),
        ({"rate": 0.1}, r"must be \{rate: …, words:"),
        ({"rate": 0.1, "words": ["big"]}, "words must be a mapping"),
        ({"rate": 0.1, "words": {"big": []}}, "must give for 'big' at least one synonym, each a single word"),
        ({"rate": 0.1, "words": {"big": ["very large"]}}, "must give for 'big' at least one synonym"),
        ({"rate": 0.1, "table": "none.csv"}, "none.csv must be a file of the project"),
        ({"rate": 0.1, "table": "bad.csv"}, "bad.csv must give for 'big' at least one synonym"),
    ],
)
def test_a_wrong_table_says_what_is_wrong(project: Path, value: Any, rule: str) -> None:
    (project / "bad.csv").write_text("big\n", encoding="utf-8")
    with pytest.raises(ValueError, match=rule):
        named("synonyms").check(value)


def test_a_text_s_field_has_a_length_of_its_own() -> None:
    assert field().ragged and field().shape == (None,)
