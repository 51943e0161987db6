"""Tables of interactions: what is one, and that reading and writing give the same."""

import random
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from ingesting import fill, ingested

from media import table
from media.probes import table as prober

HEAD = b"item,rating,time\n"


def test_what_a_table_is() -> None:
    data = HEAD + b"318,4.5,1217895807\n1,3,1217895800\n"
    assert prober.probe(data) == {"format": "CSV", "events": 2, "duration_s": 7.0, "signals": []}
    assert prober.probe(data + b"1,5,1217895900\n")["signals"] == ["repeated items"]


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "an empty file"),
        (HEAD, "holds no interaction, only its header"),
        (b"item,rating\n1,2\n", "its first line is 'item,rating'; it must be 'item,rating,time'"),
        (b"1,2,3\n", "its first line is '1,2,3'; it must be"),
        (HEAD + b"1,2\n", "line 2 has 2 cells; it must have 3"),
        (HEAD + b"1,2,3\n\n", "line 3 has 0 cells"),
        (HEAD + b"1,good,3\n", "the rating in line 2 is 'good'; it must be a number"),
        (HEAD + b"1,2,3\n1,2,nan\n", "the time in line 3 is 'nan'; it must be a number"),
        (HEAD + b"1,2,1e999\n", "the time in line 2 is '1e999'; it must be a number"),
        (HEAD + b",2,3\n", "line 2 names no item"),
        (HEAD + b"x" * 65 + b",2,3\n", "line 2 names no item, or one of more than 64 characters"),
        (HEAD + b'"1,2,3\n', "damaged: unexpected end of data"),
        (HEAD + b"1,2,3\xff\n", "not a text: byte 22 is not UTF-8"),
        (HEAD + b"x" * 200_000, "damaged: field larger than field limit"),
    ],
)
def test_a_bad_table_is_refused_with_a_true_reason(data: bytes, reason: str) -> None:
    assert prober.probe(data)["reason"].startswith(reason)


EVENTS = st.lists(
    st.tuples(
        st.text(st.characters(exclude_categories=("C", "Z")), min_size=1, max_size=9),
        st.integers(-50, 50).map(lambda half: half / 2),
        st.integers(0, 2**33).map(float),
    ),
    min_size=1,
    max_size=20,
)


@given(events=EVENTS, order=st.randoms(use_true_random=False))
def test_interactions_have_one_order_and_one_writing(
    events: list[tuple[str, float, float]], order: random.Random
) -> None:
    found = np.array(events, [("item", "U9"), ("rating", "float64"), ("time", "float64")])
    data = table.written(found)
    assert sorted(table.interactions(data).tolist()) == sorted(events)
    assert (np.diff(table.interactions(data)["time"]) >= 0).all()
    order.shuffle(events)
    assert table.written(np.array(events, found.dtype)) == data


def test_a_catalog_of_tables(tmp_path: Path) -> None:
    fill(tmp_path / "source", {"7.csv": HEAD + b"318,4.5,1217895807\n", "8.csv": HEAD})
    rows = ingested(tmp_path, kind="table", label={"none": True}, encoding="latin-1")
    assert (rows["7.csv"]["events"], rows["7.csv"]["status"]) == (1, "admitted")
    assert rows["8.csv"]["reason"] == "holds no interaction, only its header"
