"""Interactions: one person's are one asset, whatever the order of the rows."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ingesting import fill, ingested, listed, opened

from media import catalog, titles
from project import params
from project.errors import IntegrityError, UsageError

COLUMNS = {"user": "who", "item": "film", "rating": "stars", "time": "at"}
RATINGS: dict[str, Any] = {"kind": "table", "format": "ratings", "file": "ratings.csv", "columns": COLUMNS}
HEADER = "who,film,stars,at\n"


def test_a_person_is_an_asset(tmp_path: Path) -> None:
    fill(tmp_path / "source", {"ratings.csv": HEADER + "ann,7,4.5,30\nbob,7,1,20\nann,9,3.0,10\nann,8,2,10\n"})
    rows = ingested(tmp_path, **RATINGS)
    told = {path: (row["subject"], row["group"], row["events"], row["status"]) for path, row in rows.items()}
    assert told == {
        "ratings.csv#ann": ("ann", "ann", 3, "admitted"),
        "ratings.csv#bob": ("bob", "bob", 1, "admitted"),
    }
    items = listed(tmp_path, **RATINGS)
    assert items["ratings.csv#ann"].load() == b"item,rating,time\n8,2,10\n9,3,10\n7,4.5,30\n"


EVENTS = st.lists(
    st.tuples(st.sampled_from("ab"), st.sampled_from("xyz"), st.integers(1, 5), st.integers(0, 9)), min_size=1
)


@given(EVENTS, st.randoms())
def test_the_order_of_rows_does_not_matter(
    tmp_path_factory: pytest.TempPathFactory, events: list[tuple[str, str, int, int]], random: Any
) -> None:
    tmp_path = tmp_path_factory.mktemp("rows")
    written = []
    for _ in range(2):
        fill(tmp_path / "source", {"ratings.csv": HEADER + "".join(f"{a},{b},{c},{d}\n" for a, b, c, d in events)})
        written.append([(path, item.load()) for path, item in listed(tmp_path, **RATINGS).items()])
        random.shuffle(events)
    assert written[0] == written[1]


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ("ann,7,good,10", "row 2 has no rating that is a number"),
        ("ann,7,nan,10", "row 2 has no rating that is a number"),
        ("ann,7,3", "row 2 has no time that is a number"),
        ("ann, ,3,10", "row 2 has no item"),
        (",7,3,10", "row 2 has no user"),
        ("ann,7,3,10,11", "row 2 has more cells than the table has columns"),
    ],
)
def test_a_row_that_does_not_fit_costs_its_person(tmp_path: Path, row: str, reason: str) -> None:
    fill(tmp_path / "source", {"ratings.csv": f"{HEADER}bob,1,1,1\n{row}\nann,8,3,10\n"})
    items = listed(tmp_path, **RATINGS)
    assert [item.refused for item in items.values() if item.refused] == [reason]
    assert not items["ratings.csv#bob"].refused


def test_a_table_without_a_header_may_have_another_separator(tmp_path: Path) -> None:
    fill(tmp_path / "source", {"ratings.dat": '1::Se7en::5::978\n1::"::4::979\n'})
    dialect = {"separator": "::", "quotes": False, "header": ["who", "film", "stars", "at"]}
    items = listed(tmp_path, **RATINGS | {"file": "ratings.dat"}, dialect=dialect)
    assert items["ratings.dat#1"].load() == b'item,rating,time\nSe7en,5,978\n"""",4,979\n'


def test_what_is_missing_is_named(tmp_path: Path) -> None:
    fill(tmp_path / "source", {"ratings.csv": "who,film,stars\n1,2,3\n", "huge.csv": HEADER + "a," + "x" * (17 << 20)})
    with pytest.raises(UsageError, match=r"ratings\.csv has no column 'at', which columns\.time names; known: film"):
        listed(tmp_path, **RATINGS)
    with pytest.raises(UsageError, match="has format ratings; name its file, and in columns its user"):
        opened(tmp_path, **RATINGS | {"columns": {"text": "film"}})
    with pytest.raises(UsageError, match=r"has no file absent\.csv"):
        opened(tmp_path, **RATINGS | {"file": "absent.csv"})
    with pytest.raises(IntegrityError, match=r"huge\.csv, line 2: field larger than field limit"):
        listed(tmp_path, **RATINGS | {"file": "huge.csv"})


def test_the_four_columns_go_together() -> None:
    for columns in ({"user": "who"}, COLUMNS | {"label": "genre"}, {"text": "plot", "item": "film"}):
        source = {"kind": "table", "licence": "MIT", "columns": columns}
        with pytest.raises(UsageError, match="user, item, rating and time go together"):
            params.parse({"sources": {"films": source}}, "params.yaml")


TITLED = {**RATINGS, "titles": {"file": "films.csv", "item": "film", "title": "called"}}
RATED = HEADER + "ann,7,4.5,30\nann,9,3.0,10\n"


def test_titles_lie_beside_the_catalog(tmp_path: Path) -> None:
    films = 'film,called\n7,"Usual  Suspects, The"\n7,Another\n8,\n5,Never rated\n'
    fill(tmp_path / "source", {"ratings.csv": RATED, "films.csv": films})
    ingested(tmp_path, **TITLED)
    assert titles.read(tmp_path / "assets") == {"5": "Never rated", "7": "Usual Suspects, The"}
    with_titles = {row["asset_id"] for row in catalog.read(tmp_path / "assets")}
    ingested(tmp_path, **RATINGS)
    assert titles.read(tmp_path / "assets") == {}
    assert {row["asset_id"] for row in catalog.read(tmp_path / "assets")} == with_titles


def test_titles_may_be_written_otherwise_than_ratings(tmp_path: Path) -> None:
    fill(tmp_path / "source", {"ratings.csv": RATED, "films.dat": "7::Heat\n"})
    dialect = {"separator": "::", "header": ["film", "called"], "quotes": False}
    ingested(tmp_path, **RATINGS, titles={**TITLED["titles"], "file": "films.dat", "dialect": dialect})
    assert titles.read(tmp_path / "assets") == {"7": "Heat"}


def test_other_titles_are_another_state(tmp_path: Path) -> None:
    states = set()
    for called in ("Heat", "Ronin"):
        fill(tmp_path / "source", {"ratings.csv": RATED, "films.csv": f"film,called\n7,{called}\n"})
        states.add(opened(tmp_path, **TITLED).fingerprint())
    states.add(opened(tmp_path, **RATINGS).fingerprint())
    assert len(states) == 3


def test_titles_that_cannot_be_read_are_refused_in_a_line(tmp_path: Path) -> None:
    fill(tmp_path / "source", {"ratings.csv": RATED, "films.csv": "film,title\n7,Heat\n"})
    with pytest.raises(UsageError, match=r"films\.csv has no column 'called', which titles names; known: film, title"):
        ingested(tmp_path, **TITLED)
    with pytest.raises(UsageError, match=r"has no file none\.csv"):
        opened(tmp_path, **RATINGS, titles={**TITLED["titles"], "file": "none.csv"})


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        ({"format": "lines"}, "titles are for the items of format ratings, this one has format lines"),
        ({"titles": {**TITLED["titles"], "file": "../films.csv"}}, "leads out of the source"),
        ({"titles": {**TITLED["titles"], "name": "x"}}, "titles.name is not a known key; known: dialect, file, item"),
    ],
)
def test_what_cannot_be_said_of_titles(said: dict[str, Any], reason: str) -> None:
    source = {"licence": "CC0-1.0", **TITLED, **said}
    with pytest.raises(UsageError, match=reason):
        params.parse({"sources": {"films": source}}, "params.yaml")
