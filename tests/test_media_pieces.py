"""Pieces in one JSON file, by split or all in one list."""

import json
from pathlib import Path
from typing import Any

import pytest
from ingesting import fill, ingested, listed, opened

from project.errors import IntegrityError, UsageError

PIECES: dict[str, Any] = {"kind": "score", "format": "pieces", "file": "tunes.json"}
TUNE = [[60, 64], [62], []]


def pieces(tmp_path: Path, content: object) -> dict[str, tuple[str, str, bytes]]:
    written = content if isinstance(content, bytes) else json.dumps(content)
    fill(tmp_path / "source", {"tunes.json": written})
    return {path: (item.split, item.refused, item.load()) for path, item in listed(tmp_path, **PIECES).items()}


def test_each_piece_is_an_asset_of_its_split(tmp_path: Path) -> None:
    assert pieces(tmp_path, {"valid": [TUNE, [[1]]], "train": [[]]}) == {
        "tunes.json#train/000001": ("train", "", b"[]"),
        "tunes.json#valid/000001": ("validation", "", b"[[60,64],[62],[]]"),
        "tunes.json#valid/000002": ("validation", "", b"[[1]]"),
    }


def test_a_list_has_no_splits(tmp_path: Path) -> None:
    assert pieces(tmp_path, [TUNE]) == {"tunes.json#000001": ("", "", b"[[60,64],[62],[]]")}


def test_pieces_reach_the_catalog_and_bad_ones_are_refused(tmp_path: Path) -> None:
    fill(tmp_path / "source", {"tunes.json": json.dumps({"train": [TUNE, {"no": "tune"}], "demo": [[[61]]]})})
    rows = ingested(tmp_path, **PIECES)
    assert {path: row["reason"][:28] for path, row in rows.items()} == {
        "tunes.json#demo/000001": "its split 'demo' is none of ",
        "tunes.json#train/000001": "",
        "tunes.json#train/000002": "not a score: JSON, but not a",
    }


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"{", r"tunes\.json is not JSON in utf-8-sig: "),
        (b"\xff[]", r"tunes\.json is not JSON in utf-8-sig: "),
        (b"[" * 100_000, r"tunes\.json is not JSON"),
        (b"", r"tunes\.json is not JSON"),
        (b'{"train": 1}', "neither a list of pieces nor an object with such a list for each split"),
        (b"7", "neither a list of pieces"),
    ],
)
def test_what_is_damaged_is_named(tmp_path: Path, content: bytes, said: str) -> None:
    with pytest.raises(IntegrityError, match=said):
        pieces(tmp_path, content)


def test_a_file_is_needed(tmp_path: Path) -> None:
    fill(tmp_path / "source", {"other.json": "[]"})
    with pytest.raises(UsageError, match=r"has no file tunes\.json in "):
        opened(tmp_path, **PIECES)
    with pytest.raises(UsageError, match="has format pieces; name its file"):
        opened(tmp_path, **PIECES | {"file": None})
