"""YOLO annotations: where they lie, what they may say, and that they end in px."""

import io
from pathlib import Path
from typing import Any

import pytest
from ingesting import fill, ingested, listed, opened
from PIL import Image

from media import regions
from media.sources import DOCUMENT
from project.errors import UsageError

YOLO: dict[str, Any] = {"kind": "image", "format": "yolo", "file": "classes.txt"}


def picture(width: int, height: int, shade: int) -> bytes:
    content = io.BytesIO()
    Image.new("L", (width, height), shade).save(content, "PNG")
    return content.getvalue()


def test_boxes_and_outlines_end_in_px(tmp_path: Path) -> None:
    files = {
        "classes.txt": "cat\ndog\n",
        "images/a.png": picture(40, 20, 1),
        "labels/a.txt": "1 0.5 0.5 0.5 1\n0 0 0 0.5 0 0.5 0.5\n\n",
        "images/b.png": picture(8, 8, 2),
        "notes.png": picture(8, 8, 3),
    }
    fill(tmp_path / "source", files)
    rows = ingested(tmp_path, **YOLO)
    assert rows["images/a.png"]["labels"] == ["cat", "dog"]
    assert regions.from_json(rows["images/a.png"]["regions"]) == [
        regions.Region("dog", (10, 0, 20, 20)),
        regions.Region("cat", (0, 0, 20, 10), ((0, 0, 20, 0, 20, 10),)),
    ]
    assert (rows["images/b.png"]["status"], rows["images/b.png"]["regions"]) == ("admitted", "")
    assert {path for path, row in rows.items() if row["reason"] == DOCUMENT} == {
        "classes.txt",
        "labels/a.txt",
        "notes.png",
    }


def test_a_picture_that_cannot_be_read_has_no_regions(tmp_path: Path) -> None:
    fill(tmp_path / "source", {"classes.txt": "cat", "images/a.png": b"no", "labels/a.txt": "0 .5 .5 1 1"})
    row = ingested(tmp_path, **YOLO)["images/a.png"]
    assert (row["status"], row["regions"]) == ("quarantined", "")


def test_a_folder_named_like_a_split_is_the_split(tmp_path: Path) -> None:
    files = {
        "names": "cat",
        "images/train/a.png": b"1",
        "labels/train/a.txt": "0 .5 .5 1 1",
        "valid/images/b.png": b"2",
        "valid/labels/b.txt": "0 .5 .5 1 1",
        "images/other/images/c.png": b"3",
        "images/other/labels/c.txt": "0 .5 .5 1 1",
    }
    fill(tmp_path / "source", files)
    items = listed(tmp_path, **YOLO | {"file": "names"})
    assert {path: (i.split, i.labels) for path, i in items.items() if not i.refused} == {
        "images/other/images/c.png": ("", ("cat",)),
        "images/train/a.png": ("train", ("cat",)),
        "valid/images/b.png": ("validation", ("cat",)),
    }


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("2 .5 .5 1 1", "class '2' is not one of 2 classes, counted from 0"),
        ("cat .5 .5 1 1", "class 'cat' is not one of 2 classes, counted from 0"),
        ("0 .5 .5 1", "has 3 numbers after its class; a box has 4, an outline x and y of 3 points or more"),
        ("0 .5 .5 1 px", "'px' is not a fraction of the picture's side, from 0 to 1"),
        ("0 .5 .5 nan 1", "'nan' is not a fraction of the picture's side, from 0 to 1"),
        ("0 20 30 40 50", "'20' is not a fraction of the picture's side, from 0 to 1"),
        ("0 .5 .5 0 1", "the box [0.5, 0.0, 0.0, 1.0] of a 'cat' has no area"),
    ],
)
def test_a_line_that_does_not_fit_costs_its_picture(tmp_path: Path, line: str, reason: str) -> None:
    fill(tmp_path / "source", {"classes.txt": "cat\ndog", "images/a.png": b"1", "labels/a.txt": f"0 .5 .5 1 1\n{line}"})
    item = listed(tmp_path, **YOLO)["images/a.png"]
    assert (item.refused, item.labels) == (f"labels/a.txt, line 2: {reason}", ())


def test_the_classes_are_needed(tmp_path: Path) -> None:
    fill(tmp_path / "source", {"images/a.png": b"1"})
    with pytest.raises(UsageError, match=r"has no file classes\.txt in "):
        opened(tmp_path, **YOLO)
    with pytest.raises(UsageError, match="has format yolo; name the file that lists its classes"):
        opened(tmp_path, **YOLO | {"file": None})


def test_odd_labels_files_cost_their_picture(tmp_path: Path) -> None:
    source = fill(tmp_path / "source", {"classes.txt": "cat", "images/a.png": b"1", "images/b.png": b"2"})
    fill(source, {"labels/b.txt": b"\xff\xfe0"})
    (source / "labels" / "a.txt").symlink_to(source / "classes.txt")
    items = listed(tmp_path, **YOLO)
    assert items["images/a.png"].refused == "labels/a.txt is refused: a link; put the file itself here"
    assert items["images/b.png"].refused.startswith("labels/b.txt cannot be read: ")
