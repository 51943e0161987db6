"""Files of lines: each line is an asset, with its label before it, from its file's path, or without one."""

from pathlib import Path
from typing import Any

import pytest
from ingesting import fill, ingested, listed, opened

from project.errors import IntegrityError, UsageError

PARTS = {"train": {"file": "a.train"}, "test": {"file": "a.test"}}


def lines(tmp_path: Path, **keys: Any) -> dict[str, tuple[tuple[str, ...], str, bytes]]:
    items = listed(tmp_path, kind="text", format="lines", **keys)
    return {path: (item.labels, item.split, item.load()) for path, item in items.items() if not item.refused}


def test_a_label_goes_before_the_separator(tmp_path: Path) -> None:
    fill(tmp_path / "source", {"a.train": "1 good film\n\n0 bad: 1 star\r\nlost\n", "a.test": "\ufeff1 fine"})
    assert lines(tmp_path, parts=PARTS, label={"separator": " "}) == {
        "a.test#000001": (("1",), "test", b"fine"),
        "a.train#000001": (("1",), "train", b"good film"),
        "a.train#000003": (("0",), "train", b"bad: 1 star"),
    }
    items = listed(tmp_path, kind="text", format="lines", parts=PARTS, label={"separator": " "})
    assert items["a.train#000004"].refused == "no label: the line is not a label, ' ' and a text"


def test_a_label_may_come_from_the_path_of_the_file(tmp_path: Path) -> None:
    fill(tmp_path / "source", {"tang/1.txt": "moon\nriver", "song/1.txt": "wine", "README": "Poems"})
    assert lines(tmp_path, label={"folder": 1}) == {
        "song/1.txt#000001": (("song",), "", b"wine"),
        "tang/1.txt#000001": (("tang",), "", b"moon"),
        "tang/1.txt#000002": (("tang",), "", b"river"),
    }


def test_lines_need_no_label(tmp_path: Path) -> None:
    fill(tmp_path / "source", {"input.txt": "to be\nor not", "other.txt": "no"})
    found = lines(tmp_path, file="input.txt", label={"none": True})
    assert list(found.values()) == [((), "", b"to be"), ((), "", b"or not")]


def test_a_line_stays_in_its_encoding(tmp_path: Path) -> None:
    fill(tmp_path / "source", {"a.txt": "1 naïve\n".encode("latin-1")})
    found = lines(tmp_path, label={"separator": " "}, encoding="latin-1")
    assert found["a.txt#000001"][2] == b"na\xefve"
    row = ingested(tmp_path, kind="text", format="lines", label={"separator": " "}, encoding="latin-1")["a.txt#000001"]
    assert (row["mode"], row["characters"], row["labels"]) == ("latin-1", 5, ["1"])
    with pytest.raises(IntegrityError, match=r"a.txt is not valid utf-8 at byte 4; say the encoding"):
        lines(tmp_path, label={"separator": " "})


def test_a_named_file_must_be_there(tmp_path: Path) -> None:
    fill(tmp_path / "source", {"a.train": "1 x"})
    with pytest.raises(UsageError, match=r"has no file a.test in .*/source, and no url"):
        opened(tmp_path, kind="text", format="lines", parts=PARTS, label={"separator": " "})


def test_a_separator_reads_no_folder_of_files(tmp_path: Path) -> None:
    fill(tmp_path / "source", {"a/1.txt": "x"})
    with pytest.raises(UsageError, match="take format lines"):
        opened(tmp_path, kind="text", label={"separator": " "})


def test_the_fingerprint_follows_the_named_files_alone(tmp_path: Path) -> None:
    fill(tmp_path / "source", {"a.txt": "x", "b.txt": "y"})
    reader = opened(tmp_path, kind="text", format="lines", file="a.txt", label={"none": True})
    first = reader.fingerprint()
    fill(tmp_path / "source", {"b.txt": "longer"})
    assert reader.fingerprint() == first
    fill(tmp_path / "source", {"a.txt": "longer"})
    assert reader.fingerprint() != first
