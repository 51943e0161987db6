"""Exports: names that no file system refuses, tar files as WebDataset reads them, Parquet, whole or not at all."""

import io
import json
import tarfile
from collections import defaultdict
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st
from ingesting import fill, ingested

from media import catalog, exports
from media.exports import folder, webdataset
from project.errors import IntegrityError, UsageError
from project.source import Source

SOURCE = Source.model_validate({"kind": "text", "licence": "CC0-1.0", "credit": "us"})
WORDS = {f"{label}/{word}.txt": f"{word} of {label}" for label in ("left", "right") for word in ("one", "two", "three")}


@pytest.fixture
def assets(tmp_path: Path) -> Path:
    fill(tmp_path / "source", WORDS)
    ingested(tmp_path, kind="text")
    return tmp_path / "assets"


def exported(assets: Path, form: str, out: Path, **chosen: Any) -> dict[str, bytes]:
    """Path → bytes of what the export wrote."""
    exports.export("words", SOURCE, assets, exports.chosen(assets, **chosen), form, out)
    return {str(path.relative_to(out)): path.read_bytes() for path in sorted(out.rglob("*")) if path.is_file()}


@pytest.mark.parametrize("form", exports.forms())
def test_the_same_assets_give_the_same_bytes(assets: Path, tmp_path: Path, form: str) -> None:
    first, second = (exported(assets, form, tmp_path / name) for name in ("first", "second"))
    assert first == second and exports.LICENCES in first
    assert first[exports.LICENCES].count(b",CC0-1.0,") == len(WORDS)


def test_a_folder_holds_a_file_an_asset_below_its_label(assets: Path, tmp_path: Path) -> None:
    found = exported(assets, "folder", tmp_path / "out")
    assert {path: data.decode() for path, data in found.items() if path != exports.LICENCES} == WORDS


def test_one_label_alone(assets: Path, tmp_path: Path) -> None:
    found = exported(assets, "folder", tmp_path / "out", label="left")
    assert set(found) == {"left/one.txt", "left/two.txt", "left/three.txt", exports.LICENCES}


def test_tar_files_follow_the_convention_of_webdataset(assets: Path, tmp_path: Path) -> None:
    found = exported(assets, "webdataset", tmp_path / "out")
    samples: dict[str, dict[str, bytes]] = defaultdict(dict)
    with tarfile.open(fileobj=io.BytesIO(found["words-000000.tar"])) as tar:
        names = tar.getnames()
        for member in tar:
            key, _, ending = member.name.partition(".")
            content = tar.extractfile(member)
            assert content is not None and member.mtime == 0
            samples[key][ending] = content.read()
    assert names == sorted(names, key=lambda name: (name.partition(".")[0], name.endswith(".json")))
    told = {json.loads(each["json"])["paths"][0]: each["txt"].decode() for each in samples.values()}
    assert told == WORDS


def test_tar_files_stay_below_their_limit(assets: Path, tmp_path: Path) -> None:
    rows = exports.chosen(assets)
    limit = 4 * tarfile.RECORDSIZE // 2
    places = webdataset.write(tmp_path, "words", rows, [b"x" * row["bytes"] for row in rows], limit)
    files = sorted(tmp_path.glob("*.tar"))
    assert len(files) > 1 and all(path.stat().st_size <= limit for path in files)
    assert {place.split("/")[0] for place in places} == {path.name for path in files}


def test_parquet_holds_the_catalog_and_the_bytes(assets: Path, tmp_path: Path) -> None:
    exported(assets, "parquet", tmp_path / "out")
    rows = pq.read_table(tmp_path / "out" / "words.parquet").to_pylist()
    assert {row["paths"][0]: row.pop("data").decode() for row in rows} == WORDS
    assert rows == catalog.read(assets)


def test_a_target_in_use_is_left_alone(assets: Path, tmp_path: Path) -> None:
    fill(tmp_path / "out", {"mine.txt": "mine"})
    with pytest.raises(UsageError, match="exists and is not an empty folder"):
        exported(assets, "folder", tmp_path / "out")
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["mine.txt"]


def test_damaged_bytes_are_not_exported_and_nothing_is_left(assets: Path, tmp_path: Path) -> None:
    [bucket] = assets.glob("blobs-*.arrow")
    bucket.write_bytes(bucket.read_bytes().replace(b"one of left", b"One of left"))
    with pytest.raises(IntegrityError, match="are damaged"):
        exported(assets, "folder", tmp_path / "out")
    assert {path.name for path in tmp_path.iterdir()} == {"source", "assets", "refused.csv"}


PART = st.text(st.characters(codec="utf-8", exclude_characters="/\0"), min_size=1, max_size=120)
NAMES = st.sampled_from(
    ["a", "A", "a.txt", "A.TXT", "con", "nul.txt", "..", ".hidden", "left", "é" * 90, "x" * 300, "a:b?"]
)


@given(
    st.lists(st.tuples(st.lists(NAMES | PART, min_size=1, max_size=3), st.sampled_from(["left", "LEFT", "../up", ""])))
)
def test_every_asset_gets_a_place_of_its_own_that_any_file_system_takes(drawn: list[tuple[list[str], str]]) -> None:
    rows = [
        {
            "asset_id": f"{number:064x}"[::-1],
            "paths": ["/".join(parts)],
            "labels": [label] * bool(label),
            "format": "TEXT",
        }
        for number, (parts, label) in enumerate(drawn)
    ]
    places = folder.paths(rows)
    folded = [place.casefold() for place in places]
    parents = {str(parent) for place in folded for parent in Path(place).parents}
    assert len(set(folded)) == len(rows) and not parents & set(folded)
    for part in (part for place in places for part in place.split("/")):
        assert 0 < len(part.encode()) <= 255 and part not in ("..", ".") and not set(part) & set('\\:*?"<>|\0\n')
        assert part[0] != "." and part[-1] not in ". "
