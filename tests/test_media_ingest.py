"""Ingest: every file becomes an admitted asset or a reason, and the result depends on the source alone."""

import csv
import hashlib
import io
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from media import buckets, catalog, probe, sources
from media import tree as files
from media.contents import Contents
from media.ingest import ingest
from media.seen import Memory
from media.sources import folder
from project.errors import IntegrityError, QuarantineError, UsageError
from project.source import Source


def png(number: int) -> bytes:
    file = io.BytesIO()
    Image.fromarray(np.random.default_rng(number).integers(0, 255, (6, 5), np.uint8)).save(file, "PNG")
    return file.getvalue()


def fill(folder: Path, files: Mapping[str, bytes]) -> None:
    for path, content in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(content)


def run(
    tmp_path: Path, out: str = "assets", *, previous: Path | None = None, memory: Memory | None = None, **keys: Any
) -> dict[str, Any]:
    source = Source.model_validate(
        {"kind": "image", "licence": "CC0-1.0", "path": "source", "max_quarantined": 1, "holder": "Ann", **keys}
    )
    reader = sources.open_source("made", source, project=tmp_path, mirror=None, downloads=tmp_path / "downloads")
    refusals = tmp_path / "refused" / "made.csv"
    kept: dict[str, Any] = {"refusals": refusals, "previous": previous, "memory": memory}
    return ingest("made", source, reader, tmp_path / out, lambda *_: None, **kept)


def rows(tmp_path: Path) -> dict[str, dict[str, Any]]:
    return {path: row for row in catalog.read(tmp_path / "assets") for path in row["paths"]}


def tree(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_a_catalog_tells_what_each_asset_is(tmp_path: Path) -> None:
    fill(
        tmp_path / "source",
        {"cat/1.png": png(1), "dog/2.png": png(2), "dog/3.png": b"no picture", "README.md": b"Pets"},
    )
    summary = run(tmp_path)
    cat = rows(tmp_path)["cat/1.png"]
    assert cat["asset_id"] == hashlib.sha256(png(1)).hexdigest()
    told = {name: cat[name] for name in ("format", "mode", "width", "height", "frames", "channels", "bytes", "labels")}
    assert told == {
        "format": "PNG", "mode": "L", "width": 5, "height": 6, "frames": 1, "channels": 1, "bytes": len(png(1)),
        "labels": ["cat"],
    }  # fmt: skip
    assert (cat["licence"], cat["holder"], cat["status"], cat["reason"]) == ("CC0-1.0", "Ann", "admitted", "")
    assert buckets.Blobs(tmp_path / "assets").get(cat["asset_id"]) == png(1)
    assert rows(tmp_path)["dog/3.png"]["reason"].startswith("not a picture in a known format")
    assert summary["status"] == {"admitted": 2, "quarantined": 2}
    assert summary["labels"] == {"cat": 1, "dog": 1}
    assert json.loads((tmp_path / "assets" / "summary.json").read_text()) == summary
    ids = [row["asset_id"] for row in catalog.read(tmp_path / "assets")]
    assert ids == sorted(ids)


def test_the_bytes_of_a_refused_file_are_not_kept(tmp_path: Path) -> None:
    fill(tmp_path / "source", {"cat/1.png": png(1), "cat/2.png": b"not a picture at all"})
    run(tmp_path)
    blobs = b"".join(path.read_bytes() for path in (tmp_path / "assets").glob("blobs-*.arrow"))
    assert png(1) in blobs and b"not a picture at all" not in blobs


def test_one_asset_under_two_paths(tmp_path: Path) -> None:
    fill(tmp_path / "source", {"cat/1.png": png(1), "cat/again.png": png(1)})
    summary = run(tmp_path)
    assert [row["paths"] for row in catalog.read(tmp_path / "assets")] == [["cat/1.png", "cat/again.png"]]
    assert summary["duplicates"]["assets"] == 1
    assert summary["duplicates"]["examples"] == [["cat/1.png", "cat/again.png"]]


def test_two_labels_for_the_same_bytes_are_refused_when_neither_prevails(tmp_path: Path) -> None:
    fill(tmp_path / "source", {"cat/1.png": png(1), "dog/1.png": png(1), "cat/2.png": png(2)})
    summary = run(tmp_path)
    asset = rows(tmp_path)["dog/1.png"]
    assert (asset["status"], asset["labels"]) == ("quarantined", [])
    assert asset["reason"].startswith("the same bytes are labelled 'cat' (cat/1.png) and 'dog' (dog/1.png)")
    assert summary["duplicates"]["two_labels"] == 1


def test_the_label_of_most_paths_prevails_and_is_reported(tmp_path: Path) -> None:
    fill(tmp_path / "source", {"cat/1.png": png(1), "cat/2.png": png(1), "dog/1.png": png(1)})
    summary = run(tmp_path)
    assert (rows(tmp_path)["dog/1.png"]["labels"], summary["duplicates"]["two_labels"]) == (["cat"], 1)


def test_an_asset_in_test_and_in_train_leaves_train(tmp_path: Path) -> None:
    fill(tmp_path / "source", {"train/cat/1.png": png(1), "test/cat/9.png": png(1), "train/cat/2.png": png(2)})
    summary = run(tmp_path, label={"pattern": "(?P<split>train|test)/(?P<label>[a-z]+)/"})
    assert rows(tmp_path)["train/cat/1.png"]["split"] == "test"
    assert (summary["splits"], summary["duplicates"]["two_splits"]) == ({"test": 1, "train": 1}, 1)


def test_a_link_is_refused_and_not_followed(tmp_path: Path) -> None:
    fill(tmp_path, {"source/cat/1.png": png(1), "secret.png": png(2)})
    (tmp_path / "source" / "cat" / "2.png").symlink_to(tmp_path / "secret.png")
    run(tmp_path)
    assert rows(tmp_path)["cat/2.png"]["reason"] == "a link; put the file itself here"
    assert hashlib.sha256(png(2)).hexdigest() not in {row["asset_id"] for row in rows(tmp_path).values()}


def test_too_many_refusals_fail_and_leave_a_table(tmp_path: Path) -> None:
    fill(tmp_path / "source", {f"cat/{i}.png": png(i) for i in range(9)} | {"cat/bad.png": b"", "LICENSE": b"CC0"})
    run(tmp_path, max_quarantined=0.1)
    before = tree(tmp_path / "assets")
    fill(tmp_path / "source", {"cat/worse.png": b""})
    (tmp_path / "source" / "cat" / "0.png").write_bytes(b"x")
    with pytest.raises(QuarantineError) as raised:
        run(tmp_path, max_quarantined=0.1)
    said = str(raised.value)
    assert "2 of 10 assets are refused, more than max_quarantined 0.1: 1 x " in said
    assert "an empty file" in said and "the first is cat/0.png" in said and "made.csv" in said
    with (tmp_path / "refused" / "made.csv").open(newline="") as file:
        told = {line["path"]: line["reason"] for line in csv.DictReader(file)}
    assert list(told) == ["LICENSE", "cat/0.png", "cat/bad.png", "cat/worse.png"]
    assert tree(tmp_path / "assets") == before, "a failed ingest replaced the one before"


def test_an_empty_source_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "source").mkdir()
    with pytest.raises(UsageError, match="'made' holds no file"):
        run(tmp_path)


def test_an_unreadable_file_is_refused_by_its_path(tmp_path: Path) -> None:
    fill(tmp_path / "source", {"cat/1.png": png(1)})
    os.mkfifo(tmp_path / "source" / "cat" / "pipe.png")
    run(tmp_path)
    pipe = rows(tmp_path)["cat/pipe.png"]
    assert (pipe["asset_id"], pipe["reason"]) == (hashlib.sha256(b"cat/pipe.png").hexdigest(), "not a regular file")


def test_a_source_that_changes_meanwhile_is_noticed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fill(tmp_path / "source", {"cat/1.png": png(1)})
    monkeypatch.setattr(Contents.__init__, "__defaults__", (0,))  # as in a source that is larger than memory
    rights = catalog.rights

    def meanwhile(source: Source) -> dict[str, str]:
        fill(tmp_path / "source", {"cat/1.png": png(2)})
        return rights(source)

    monkeypatch.setattr(catalog, "rights", meanwhile)  # called when all is read, and nothing is written yet
    with pytest.raises(IntegrityError, match=r"cat/1.png changed while it was being ingested"):
        run(tmp_path)
    assert [path.name for path in tmp_path.iterdir() if "assets" in path.name] == []


def test_the_source_stays_as_it_is(tmp_path: Path) -> None:
    fill(tmp_path / "source", {"cat/1.png": png(1), "cat/bad.png": b"x"})
    paths = sorted((tmp_path / "source").rglob("*"))
    before = [(path, path.stat().st_mtime_ns, path.stat().st_mode) for path in paths]
    run(tmp_path)
    paths = sorted((tmp_path / "source").rglob("*"))
    assert [(path, path.stat().st_mtime_ns, path.stat().st_mode) for path in paths] == before


FILES = st.dictionaries(
    st.sampled_from([f"{label}/{i}.png" for label in ("cat", "dog") for i in range(6)]),
    st.integers(-2, 9).map(lambda number: png(number) if number >= 0 else b"bad%d" % number),
    min_size=1,
)


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(first=FILES, second=FILES)
def test_an_incremental_run_equals_one_from_scratch(
    tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch, first: Any, second: Any
) -> None:
    tmp_path = tmp_path_factory.mktemp("incremental")
    monkeypatch.setattr(buckets.divide, "__defaults__", (200,))  # so that a few pictures make several buckets
    fill(tmp_path / "source", first)
    monkeypatch.setattr(files, "SETTLED_S", -1)
    memory = Memory(tmp_path / "seen.arrow", "this test")
    run(tmp_path, "first", memory=memory)
    for path in set(first) - set(second):
        (tmp_path / "source" / path).unlink()
    fill(tmp_path / "source", {path: data for path, data in second.items() if data != first.get(path)})
    run(tmp_path, "scratch")
    run(tmp_path, "read", previous=tmp_path / "first")
    run(tmp_path, "incremental", previous=tmp_path / "first", memory=memory)
    assert tree(tmp_path / "read") == tree(tmp_path / "scratch")
    assert tree(tmp_path / "incremental") == tree(tmp_path / "scratch")


def test_a_file_that_was_not_touched_is_not_read_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "SETTLED_S", -1)
    memory = Memory(tmp_path / "seen.arrow", "this test")
    fill(tmp_path / "source", {f"cat/{i}.png": png(i) for i in range(9)} | {"cat/bad.png": b"bad"})
    run(tmp_path, "first", memory=memory)
    read: list[str] = []
    monkeypatch.setattr(files, "read", lambda path: read.append(Path(path).name) or Path(path).read_bytes())
    fill(tmp_path / "source", {"cat/3.png": png(33)})
    run(tmp_path, "second", previous=tmp_path / "first", memory=memory)
    assert read == ["3.png"]
    read.clear()
    run(tmp_path, "third", previous=tmp_path / "first", memory=memory)
    assert len(read) == 10, "the memory belongs to the second result, not to the first"
    read.clear()
    run(tmp_path, "fourth", previous=tmp_path / "third", memory=Memory(memory.file, "another test"))
    assert len(read) == 10, "the memory belongs to other settings"


def test_a_file_touched_just_now_is_never_taken_as_known(tmp_path: Path) -> None:
    fill(tmp_path / "source", {"cat/1.png": png(1)})
    reader = folder.reader(
        Source.model_validate({"kind": "image", "licence": "CC0-1.0"}),
        sources.Place("made", tmp_path / "source", tmp_path, ()),
    )
    assert [item.stamp for item in reader.items()] == [""]


def test_a_file_that_is_still_being_written_is_refused_for_now(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fill(tmp_path / "source", {"cat/1.png": png(1), "cat/2.png": png(2)})
    growing, status = tmp_path / "source" / "cat" / "2.png", os.fstat

    def grow(descriptor: int) -> os.stat_result:
        found = status(descriptor)
        if found.st_ino == growing.stat().st_ino:
            with growing.open("ab") as file:
                file.write(b"more")
        return found

    monkeypatch.setattr(files.os, "fstat", grow)
    run(tmp_path)
    assert rows(tmp_path)["cat/1.png"]["status"] == "admitted"
    assert rows(tmp_path)["cat/2.png"]["reason"] == (
        "cannot be read: it changed while it was read; run again when it is at rest"
    )


def test_an_incremental_run_examines_and_writes_only_what_is_new(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(buckets.divide, "__defaults__", (200,))
    fill(tmp_path / "source", {f"cat/{i}.png": png(i) for i in range(40)})
    run(tmp_path, "first")
    examined: list[str] = []

    class Counting(probe.Pool):
        def probe(self, assets: Any) -> Any:
            kept = list(assets)
            examined.extend(name for name, _ in kept)
            return super().probe(kept)

    monkeypatch.setattr(probe, "Pool", Counting)
    fill(tmp_path / "source", {"cat/new.png": png(99)})
    run(tmp_path, "second", previous=tmp_path / "first")
    assert examined == [hashlib.sha256(png(99)).hexdigest()]
    first, second = (
        {path.name: path.stat().st_ino for path in (tmp_path / name).glob("blobs-*")} for name in ("first", "second")
    )
    written = {name for name, inode in second.items() if first.get(name) != inode}
    assert 1 <= len(written) <= 2 < len(second)
