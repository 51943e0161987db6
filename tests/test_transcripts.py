"""Error rates against jiwer over whole sets, and against values worked by hand."""

import jiwer
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models import transcripts
from models.outcome import total

SENTENCE = st.lists(st.sampled_from(["yes", "no", "maybe"]), min_size=1, max_size=6).map(" ".join)
MAYBE = st.one_of(SENTENCE, st.just(""))


@given(pairs=st.lists(st.tuples(SENTENCE, MAYBE), min_size=1, max_size=8))
def test_error_rates_are_those_of_jiwer(pairs: list[tuple[str, str]]) -> None:
    texts, said = [list(each) for each in zip(*pairs, strict=True)]
    assert total(transcripts.word_errors(texts, said)) == pytest.approx(jiwer.wer(texts, said))
    assert total(transcripts.character_errors(texts, said)) == pytest.approx(jiwer.cer(texts, said))


@pytest.mark.parametrize(
    ("text", "said", "words", "characters"),
    [
        ("1 2 3", "1 2 3", 0, 0),
        ("1 2 3", "1 3", 1 / 3, 2 / 5),
        ("1 2", "1 2 2 2", 1, 4 / 3),
        ("cat sat", "bat sat", 1 / 2, 1 / 7),
        ("", "no", 1, 2),
        ("", "", 0, 0),
    ],
)
def test_cases_worked_by_hand(text: str, said: str, words: float, characters: float) -> None:
    assert total(transcripts.word_errors([text], [said])) == pytest.approx(words)
    assert total(transcripts.character_errors([text], [said])) == pytest.approx(characters)


def test_symbols_that_were_never_learnt_are_never_right() -> None:
    facts = {"learnt": {"alphabet": ["no", "yes"], "units": "words"}}
    assert transcripts.spelt([2, 3, 1], facts) == f"yes {transcripts.UNKNOWN} no"
    assert transcripts.spelt([2, 1], {"learnt": {"alphabet": [" ", "a"], "units": "characters"}}) == "a "
