"""Tables that list assets: what their columns mean, what they may not list, and whose rights prevail."""

import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st
from ingesting import fill, ingested, listed, opened
from sounds import encoded, tone

from media import rights
from project import params
from project.errors import IntegrityError, UsageError

COLUMNS = {"path": "file", "label": "digit", "group": "speaker", "split": "part"}
ROWS: list[dict[str, Any]] = [
    {"file": "a/1.wav", "digit": 7, "speaker": "ann", "part": "train"},
    {"file": "a/2.wav", "digit": 8, "speaker": "bob", "part": "dev"},
]


def as_csv(rows: list[dict[str, Any]], delimiter: str = ",") -> bytes:
    lines = [list(rows[0]), *(list(row.values()) for row in rows)]
    return "\n".join(delimiter.join(map(str, line)) for line in lines).encode()


def as_parquet(rows: list[dict[str, Any]]) -> bytes:
    sink = pa.BufferOutputStream()
    pq.write_table(pa.Table.from_pylist(rows), sink)
    return bytes(sink.getvalue())


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("list.csv", as_csv(ROWS)),
        ("list.CSV", b"\xef\xbb\xbf" + as_csv(ROWS).replace(b"\n", b"\r\n")),
        ("list.tsv", as_csv(ROWS, "\t")),
        ("list.jsonl", "\n\n".join(map(json.dumps, ROWS)).encode()),
        ("list.json", json.dumps(ROWS).encode()),
        ("list.parquet", as_parquet(ROWS)),
    ],
)
def test_every_kind_of_table_says_the_same(tmp_path: Path, name: str, content: bytes) -> None:
    fill(tmp_path / "source", {name: content, "a/1.wav": b"1", "a/2.wav": b"2", "a/unlisted.wav": b"3"})
    items = listed(tmp_path, kind="audio", format="table", file=name, columns=COLUMNS)
    assert {path: (i.labels, i.group, i.split, i.refused, i.load()) for path, i in items.items()} == {
        "a/1.wav": (("7",), "ann", "train", "", b"1"),
        "a/2.wav": (("8",), "bob", "validation", "", b"2"),
    }


def test_a_cell_may_be_the_asset(tmp_path: Path) -> None:
    rows = [{"text": "a fine film", "tags": ["b", "a"]}, {"text": " ", "tags": []}]
    fill(tmp_path / "source", {"reviews.jsonl": "\n".join(map(json.dumps, rows))})
    found = ingested(
        tmp_path, kind="text", format="table", file="reviews.jsonl", columns={"text": "text", "label": "tags"}
    )
    assert found["reviews.jsonl#000001"]["labels"] == ["a", "b"]
    assert found["reviews.jsonl#000001"]["characters"] == 11
    assert found["reviews.jsonl#000002"]["reason"] == "no label: column tags is empty"


def test_lines_of_a_list_are_one_text(tmp_path: Path) -> None:
    poems = [{"verses": ["moon", "river"], "by": "Li"}, {"verses": []}]
    fill(
        tmp_path / "source", {"a.1.json": json.dumps(poems), "a.2.json": json.dumps(poems[:1]), "b.json": "never read"}
    )
    label = {"constant": "shi"}
    items = listed(tmp_path, kind="text", format="table", file="a.*.json", columns={"text": "verses"}, label=label)
    assert {path: (item.labels, item.load()) for path, item in items.items()} == {
        "a.1.json#000001": (("shi",), b"moon\nriver"),
        "a.1.json#000002": (("shi",), b""),
        "a.2.json#000001": (("shi",), b"moon\nriver"),
    }


def test_a_table_may_be_written_otherwise(tmp_path: Path) -> None:
    content = 'A1|"forty-two line" Bible|x\n\nA2|say "|\nA3|lost|y|z\n'
    fill(tmp_path / "source", {"meta.txt": content, "wav/A1.wav": b"1", "wav/A2.wav": b"2"})
    dialect = {"separator": "|", "quotes": False, "header": ["id", "said", "more"]}
    columns = {"path": "{more}/{id}.wav", "label": "said"}
    keys: dict[str, Any] = {"kind": "audio", "format": "table", "file": "meta.txt", "dialect": dialect}
    items = opened(tmp_path, **keys, columns=columns | {"path": "wav/{id}.wav"}).items()
    assert [(item.path, item.labels, item.refused) for item in items] == [
        ("wav/A1.wav", ('"forty-two line" Bible',), ""),
        ("wav/A2.wav", ('say "',), ""),
        ("wav/A3.wav", (), "listed, but there is no such file"),
    ]
    made = [item.path for item in opened(tmp_path, **keys, columns=columns).items()]
    assert made == ["x/A1.wav", "meta.txt#000002", "y/A3.wav"]
    with pytest.raises(UsageError, match=r"has no column 'name', which columns\.path names; known: id, more, said"):
        list(opened(tmp_path, **keys, columns={"path": "wav/{name}.wav"}).items())


def test_quoted_cells_may_be_parted_by_semicolons(tmp_path: Path) -> None:
    fill(tmp_path / "source", {"meta.csv": 'title;plot\n"a;b";"one\ntwo"\n'})
    columns = {"text": "{title}: {plot}"}
    (item,) = opened(
        tmp_path, kind="text", format="table", file="meta.csv", dialect={"separator": ";"}, columns=columns
    ).items()
    assert item.load() == b"a;b: one\ntwo"


@pytest.mark.parametrize(
    ("dialect", "said"),
    [
        ({"separator": "::"}, "separator '::' is not one character; with quotes: false it may be several"),
        ({"separator": '"'}, "separator '\"' is not one character"),
        ({"separator": ""}, "at least 1 character"),
        ({"header": ["a", "a"]}, "header .* names a column twice"),
        ({"seperator": ";"}, "dialect.seperator is not a known key; did you mean 'separator'"),
    ],
)
def test_a_dialect_is_checked(dialect: dict[str, Any], said: str) -> None:
    source = {"kind": "text", "licence": "MIT", "dialect": dialect}
    with pytest.raises(UsageError, match=said):
        params.parse({"sources": {"films": source}}, "params.yaml")


def test_a_huge_line_without_quotes_is_an_error(tmp_path: Path) -> None:
    fill(tmp_path / "source", {"meta.txt": "x" * (17 << 20)})
    dialect = {"quotes": False, "header": ["said"]}
    reader = opened(tmp_path, kind="text", format="table", file="meta.txt", dialect=dialect, columns={"text": "said"})
    with pytest.raises(IntegrityError, match=r"meta\.txt, line 1: longer than 16,777,216 characters"):
        list(reader.items())


def refused(tmp_path: Path, path: str) -> str:
    fill(tmp_path / "source", {"list.jsonl": json.dumps({"file": path})})
    (item,) = opened(tmp_path, kind="audio", format="table", file="list.jsonl", columns={"path": "file"}).items()
    if item.refused:
        with pytest.raises(OSError, match=r"listed|path|row"):
            item.load()
    return item.refused


@pytest.mark.parametrize(
    ("path", "reason"),
    [
        ("a/1.wav", ""),
        ("./a//1.wav", ""),
        ("a/absent.wav", "listed, but there is no such file"),
        ("a", "listed, but there is no such regular file"),
        ("", "its row names no file"),
        ("../secret.wav", "its path leads out of the source's folder"),
        ("a/../../secret.wav", "its path leads out of the source's folder"),
        ("/etc/passwd", "its path leads out of the source's folder"),
        ("a/1.wav\0.png", "its path leads out of the source's folder"),
        ("linked/secret.wav", "its path leads through a link; put the file itself there"),
        ("link.wav", "its path leads through a link; put the file itself there"),
    ],
)
def test_a_row_may_name_only_files_of_the_source(tmp_path: Path, path: str, reason: str) -> None:
    source = fill(tmp_path / "source", {"a/1.wav": b"1"})
    fill(tmp_path, {"secret.wav": b"secret"})
    (source / "linked").symlink_to(tmp_path)
    (source / "link.wav").symlink_to(tmp_path / "secret.wav")
    assert refused(tmp_path, path) == reason


@given(st.text(max_size=30))
def test_no_path_leads_out(tmp_path_factory: pytest.TempPathFactory, path: str) -> None:
    tmp_path = tmp_path_factory.mktemp("any")
    fill(tmp_path / "source", {"list.jsonl": json.dumps({"file": path})})
    (item,) = opened(tmp_path, kind="audio", format="table", file="list.jsonl", columns={"path": "file"}).items()
    assert item.refused or "list.jsonl" in path


def test_a_lone_surrogate_is_escaped_or_refused(tmp_path: Path) -> None:
    lines = ['{"text": "a", "tag": "\\ud800"}', '{"text": "b\\ud800", "tag": "x"}', '{"text": "é", "tag": "x"}']
    fill(tmp_path / "source", {"cells.jsonl": "\n".join(lines)})
    columns = {"text": "text", "label": "tag"}
    found = ingested(tmp_path, kind="text", format="table", file="cells.jsonl", columns=columns)
    assert [(row["labels"], row["reason"]) for row in found.values() if row["status"] == "quarantined"] == [
        ([], "its character 1 does not exist in utf-8")
    ]
    assert found["cells.jsonl#000001"]["labels"] == ["\\ud800"]
    assert refused(tmp_path, "a\ud800.wav") == "listed, but there is no such file"


def test_rows_that_say_nonsense_are_refused(tmp_path: Path) -> None:
    lines = [
        "file,digit,part,consent,until",
        "a/1.wav,1,half,,",
        "a/1.wav,1,,perhaps,",
        "a/1.wav,1,,,31.12.2027",
        "a/1.wav,1,,,2027-12-31,more",
        "a/1.wav,,,,",
    ]
    fill(tmp_path / "source", {"list.csv": "\n".join(lines), "a/1.wav": b"1"})
    columns = {"path": "file", "label": "digit", "split": "part", "consent": "consent", "valid_until": "until"}
    reader = opened(tmp_path, kind="audio", format="table", file="list.csv", columns=columns)
    assert [item.refused.split(" of ")[0] for item in reader.items()] == [
        "its split 'half' is none",
        "its consent 'perhaps' is none",
        "its valid_until '31.12.2027' is not a day, as 2027-12-31",
        "its row has more cells than the table has columns",
        "no label: column digit is empty",
    ]


@pytest.mark.parametrize(
    ("name", "content", "error", "said"),
    [
        (
            "list.csv",
            b"name\na.wav",
            UsageError,
            r"list.csv has no column 'file', which columns.path names; known: name",
        ),
        ("list.xlsx", b"", UsageError, r"no table that can be read; known: .csv, .json, .jsonl"),
        ("list.jsonl", b'{"file": "a"}\n{', IntegrityError, "line 2 is not JSON"),
        ("list.jsonl", b"[1]", IntegrityError, "line 1 is not a JSON object"),
        ("list.json", b'[{"file": "a"}, 1]', IntegrityError, "row 2 is not a JSON object"),
        ("list.json", b'{"a": []}', IntegrityError, "is not a JSON array of rows"),
        ("list.json", b"", IntegrityError, "list.json is not JSON: "),
        ("list.json", b"\xff", IntegrityError, "not valid utf-8-sig at byte 0"),
        ("list.jsonl", b"[" * 100_000, IntegrityError, "line 1 is not JSON"),
        ("list.csv", b'file\n"a', IntegrityError, "list.csv, line 2: unexpected end of data"),
        ("list.csv", b"file\n\xff", IntegrityError, "not valid utf-8-sig at byte 5"),
        ("list.parquet", b"PAR1nonsense", IntegrityError, "not a readable Parquet file"),
    ],
)
def test_a_damaged_table_is_named(tmp_path: Path, name: str, content: bytes, error: Any, said: str) -> None:
    fill(tmp_path / "source", {name: content})
    with pytest.raises(error, match=said):
        list(opened(tmp_path, kind="audio", format="table", file=name, columns={"path": "file"}).items())


def test_a_table_needs_a_file_and_columns(tmp_path: Path) -> None:
    fill(tmp_path / "source", {"list.csv": b""})
    with pytest.raises(UsageError, match="name its file and what its columns mean"):
        opened(tmp_path, kind="audio", format="table", file="list.csv")


def test_rights_of_a_row_reach_the_catalog(tmp_path: Path) -> None:
    table = "file,licence,who,agreed,until\n1.wav,MIT,ann,given,2027-01-31\n2.wav,,,,\n3.wav,,,,\n"
    files = {f"{number}.wav": encoded(tone(number)) for number in (1, 2)}
    fill(tmp_path / "source", {"list.csv": table, **files})
    columns = {"path": "file", "licence": "licence", "subject": "who", "consent": "agreed", "valid_until": "until"}
    rows = ingested(tmp_path, kind="audio", format="table", file="list.csv", columns=columns, holder="Ann Ltd")
    names = ("licence", "holder", "subject", "consent", "valid_until", "status")
    assert [rows["1.wav"][name] for name in names] == ["MIT", "Ann Ltd", "ann", "given", "2027-01-31", "admitted"]
    assert [rows["2.wav"][name] for name in names] == ["CC0-1.0", "Ann Ltd", "", "unknown", "", "admitted"]
    assert rows["3.wav"]["reason"] == "listed, but there is no such file"


DEFAULTS = {"licence": "CC0-1.0", "holder": "", "subject": "", "consent": "unknown", "valid_until": ""}
DEFAULTS |= dict.fromkeys(rights.USES, "")


@pytest.mark.parametrize(
    ("defaults", "told", "expected"),
    [
        ({}, [{}], {}),
        ({}, [{"consent": "given"}], {"consent": "given"}),
        ({"consent": "refused"}, [{"consent": "given"}], {"consent": "refused"}),
        ({}, [{"consent": "given"}, {"consent": "refused"}], {"consent": "refused"}),
        ({"consent": "given"}, [{"consent": "unknown"}], {"consent": "unknown"}),
        ({"valid_until": "2026-01-01"}, [{"valid_until": "2027-01-01"}], {"valid_until": "2026-01-01"}),
        ({}, [{"valid_until": "2027-01-01"}, {"valid_until": "2026-06-01"}], {"valid_until": "2026-06-01"}),
        ({}, [{"licence": "MIT"}, {"licence": "CC-BY-4.0"}], {"licence": "CC-BY-4.0 AND MIT"}),
        ({"subject": "ann"}, [{"licence": "MIT"}], {"licence": "MIT", "subject": "ann"}),
        ({"ai_training": "allowed"}, [{"ai_training": "constrained"}], {"ai_training": "constrained"}),
        ({"ai_training": "notAllowed"}, [{"ai_training": "allowed"}], {"ai_training": "notAllowed"}),
    ],
)
def test_the_stricter_right_holds(
    defaults: dict[str, str], told: list[dict[str, str]], expected: dict[str, str]
) -> None:
    assert rights.effective(DEFAULTS | defaults, told) == DEFAULTS | defaults | expected
