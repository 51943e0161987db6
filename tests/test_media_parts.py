"""Parts: several places or files read as one source, each with what it says otherwise."""

import json
from pathlib import Path
from typing import Any

import pytest
from ingesting import fill, ingested, listed, opened

from media import sources
from project import params
from project.errors import UsageError
from project.source import Source


def test_parts_are_read_as_one_in_the_order_of_their_names(tmp_path: Path) -> None:
    fill(tmp_path / "studio", {"dog/1.txt": "a dog"})
    fill(tmp_path / "field", {"cat/1.txt": "a cat"})
    parts = {"studio": {"path": "studio"}, "field": {"path": "field"}}
    rows = ingested(tmp_path, kind="text", path=None, parts=parts)
    assert {path: row["labels"] for path, row in rows.items()} == {
        "field/cat/1.txt": ["cat"],
        "studio/dog/1.txt": ["dog"],
    }
    turned = dict(reversed(parts.items()))
    assert list(listed(tmp_path, kind="text", path=None, parts=turned)) == list(rows)


def test_a_part_without_a_place_reads_a_file_of_the_source(tmp_path: Path) -> None:
    fill(tmp_path / "source", {"a.txt": "1 one", "b.txt": "2 two"})
    parts = {
        "a": {"file": "a.txt"},
        "dev": {"file": "b.txt"},
        "c": {"file": "b.txt", "path": "source", "split": "test"},
    }
    items = listed(tmp_path, kind="text", format="lines", label={"separator": " "}, parts=parts)
    assert {path: (item.labels, item.split) for path, item in items.items()} == {
        "a.txt#000001": (("1",), ""),
        "c/b.txt#000001": (("2",), "test"),
        "b.txt#000001": (("2",), "validation"),
    }


def test_a_split_in_a_path_stays_where_the_part_has_none(tmp_path: Path) -> None:
    fill(tmp_path / "here", {"test/x_1.txt": "1", "train/x_2.txt": "2"})
    label = {"pattern": r"^(?P<split>\w+)/(?P<label>x)"}
    items = listed(tmp_path, kind="text", path=None, label=label, parts={"studio": {"path": "here"}})
    assert [item.split for item in items.values()] == ["test", "train"]


def test_each_part_may_be_of_another_format(tmp_path: Path) -> None:
    fill(tmp_path / "source", {"lines.txt": "good film\n", "table.jsonl": json.dumps({"said": "bad film"})})
    parts: dict[str, Any] = {
        "lines": {"format": "lines", "file": "lines.txt", "label": {"none": True}},
        "table": {"format": "table", "file": "table.jsonl", "columns": {"text": "said"}},
    }
    items = listed(tmp_path, kind="text", parts=parts)
    assert {path: item.load() for path, item in items.items()} == {
        "lines.txt#000001": b"good film",
        "table.jsonl#000001": b"bad film",
    }


def test_a_mirror_holds_a_folder_for_each_part(tmp_path: Path) -> None:
    fill(tmp_path / "mirror" / "made" / "far", {"a/1.txt": "mirrored"})
    fill(tmp_path / "near", {"a/1.txt": "local"})
    source = Source(kind="text", licence="CC0-1.0", parts={"far": {"path": "absent"}, "near": {"path": "near"}})  # type: ignore[dict-item]
    reader = sources.open_source(
        "made", source, project=tmp_path, mirror=tmp_path / "mirror", downloads=tmp_path / "downloads"
    )
    assert [(item.path, item.load()) for item in reader.items()] == [
        ("far/a/1.txt", b"mirrored"),
        ("near/a/1.txt", b"local"),
    ]


def test_the_fingerprint_tells_which_part_a_file_is_of(tmp_path: Path) -> None:
    fill(tmp_path / "source", {"a.txt": "1", "b.txt": "2"})
    keys: dict[str, Any] = {"kind": "text", "format": "lines", "label": {"none": True}}
    one = opened(tmp_path, **keys, parts={"train": {"file": "a.txt"}, "test": {"file": "b.txt"}}).fingerprint()
    other = opened(tmp_path, **keys, parts={"train": {"file": "b.txt"}, "test": {"file": "a.txt"}}).fingerprint()
    fill(tmp_path / "source", {"b.txt": "longer"})
    changed = opened(tmp_path, **keys, parts={"train": {"file": "a.txt"}, "test": {"file": "b.txt"}}).fingerprint()
    assert len({one, other, changed}) == 3


def test_a_part_that_is_missing_is_named(tmp_path: Path) -> None:
    fill(tmp_path / "here", {"a/1.txt": "1"})
    with pytest.raises(UsageError, match=r"source 'made/away' has no folder, looked for .*/absent"):
        opened(tmp_path, kind="text", parts={"away": {"path": "absent"}, "here": {"path": "here"}})


def test_a_wrong_key_of_a_part_lists_the_known_ones() -> None:
    raw = {"sources": {"a": {"kind": "text", "licence": "x", "parts": {"train": {"fil": "a.txt"}}}}}
    with pytest.raises(UsageError, match=r"sources.a.parts.train.fil is not a known key; did you mean 'file'\?"):
        params.parse(raw, "params.yaml")


def test_a_plan_keeps_what_a_part_leaves_to_the_source() -> None:
    part = {"split": "test", "count": 3}
    entry = {"kind": "board", "format": "synthesise", "generator": "boards", "licence": "CC0-1.0", "seed": 5}
    written = Source.model_validate(entry | {"settings": {"width": 21}, "parts": {"more": part}})
    read = Source.model_validate(json.loads(json.dumps(written.model_dump(mode="json"))))
    assert read.part("more") == written.part("more")
    assert (read.part("more").settings, read.part("more").seed) == ({"width": 21}, 5)
