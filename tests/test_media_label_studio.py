"""Label Studio exports, in full and JSON-MIN: whose answer counts, and where boxes lie in px."""

import json
import os
from pathlib import Path
from typing import Any

import pytest
from ingesting import fill, ingested, listed, opened

from media import regions
from media.sources import Item
from project.errors import IntegrityError, UsageError

MIRROR = Path(os.environ.get("DAILIES_MIRROR") or "absent")
BOX = {"x": 10, "y": 20, "width": 30, "height": 40, "rotation": 0, "rectanglelabels": ["cup"]}
SIZE = {"original_width": 200, "original_height": 50}


def full(*answers: dict[str, Any], image: str = "/data/upload/1/a.png", **data: Any) -> dict[str, Any]:
    return {"id": 1, "data": {"image": image, **data}, "annotations": list(answers)}


def answer(*values: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"result": [{**SIZE, "value": value} for value in values], **more}


def read(tmp_path: Path, *tasks: Any, kind: str = "image", **columns: str) -> list[Item]:
    fill(tmp_path / "source", {"export.json": json.dumps(tasks), "1/a.png": b"1"})
    found = listed(tmp_path, kind=kind, format="label_studio", file="export.json", columns=columns or {"path": "image"})
    return list(found.values())


def test_a_rectangle_is_in_px(tmp_path: Path) -> None:
    (item,) = read(tmp_path, full(answer(BOX)))
    assert (item.path, item.labels, item.refused, item.load()) == ("1/a.png", ("cup",), "", b"1")
    assert regions.from_json(item.regions) == [regions.Region("cup", (20, 10, 60, 20))]


def test_a_polygon_has_a_box_and_a_turned_rectangle_an_outline(tmp_path: Path) -> None:
    polygon = {"points": [[0, 0], [50, 0], [50, 100]], "polygonlabels": ["bag"]}
    (item,) = read(tmp_path, full(answer(polygon, BOX | {"rotation": 90})))
    first, second = regions.from_json(item.regions)
    assert first == regions.Region("bag", (0, 0, 100, 50), ((0, 0, 100, 0, 100, 50),))
    assert second.polygons[0] == pytest.approx((20, 10, 20, 70, 0, 70, 0, 10))
    assert second.box == pytest.approx((0, 10, 20, 60))


def test_ground_truth_counts_before_the_first_that_was_not_cancelled(tmp_path: Path) -> None:
    cancelled, first, true = (
        answer({"choices": [name]}, **more)
        for name, more in (("a", {"was_cancelled": True}), ("b", {}), ("c", {"ground_truth": True}))
    )
    for answers, labels in (((cancelled, first, true), ("c",)), ((cancelled, first), ("b",))):
        (item,) = read(tmp_path, full(*answers))
        assert item.labels == labels
    (item,) = read(tmp_path, full(cancelled))
    assert (item.labels, item.refused) == ((), "nobody has labelled it yet")


@pytest.mark.parametrize(
    ("place", "path", "reason"),
    [
        ("/data/local-files/?d=1/a.png", "1/a.png", ""),
        ("/data/local-files/?d=..%2Fa.png", "../a.png", "its path leads out of the source's folder"),
        ("https://example.org/a.png", "https://example.org/a.png", "listed, but there is no such file"),
        ("/data/upload/2/b.png", "2/b.png", "listed, but there is no such file"),
    ],
)
def test_where_a_file_lies(tmp_path: Path, place: str, path: str, reason: str) -> None:
    (item,) = read(tmp_path, full(answer(BOX), image=place))
    assert (item.path, item.refused) == (path, reason)


def test_json_min_is_read_as_well(tmp_path: Path) -> None:
    tasks = [
        {"id": 1, "image": "/data/upload/1/a.png", "label": [{**BOX, **SIZE}]},
        {"id": 2, "image": "/data/upload/1/b.png"},
    ]
    first, second = read(tmp_path, *tasks)
    assert (first.labels, len(regions.from_json(first.regions))) == (("cup",), 1)
    assert second.refused == "listed, but there is no such file"
    said = [{"text": "fine", "tone": "good"}, {"text": "so so", "tone": {"choices": ["good", "bad"]}}, {"text": "?"}]
    found = read(tmp_path, *said, kind="text", text="text", label="tone")
    assert [item.labels for item in found] == [("good",), ("bad", "good"), ()]


def test_regions_without_area_are_refused(tmp_path: Path) -> None:
    (item,) = read(tmp_path, full(answer(BOX | {"width": 0})))
    assert item.refused == "the box [20.0, 10.0, 0.0, 20.0] of a 'cup' has no area"


def test_texts_of_an_export_are_ingested(tmp_path: Path) -> None:
    task = {"data": {"said": "what a day", "who": "ann"}, "annotations": [answer({"choices": ["good"]})]}
    fill(tmp_path / "source", {"export.json": json.dumps([task])})
    columns = {"text": "said", "subject": "who"}
    (row,) = ingested(tmp_path, kind="text", format="label_studio", file="export.json", columns=columns).values()
    assert (row["labels"], row["subject"], row["characters"]) == (["good"], "ann", 10)


@pytest.mark.parametrize("content", ["{", "7", '[{"data": {"image": "x"}}]', "[[]]", "[" * 100_000])
def test_what_is_no_export_is_named(tmp_path: Path, content: str) -> None:
    fill(tmp_path / "source", {"export.json": content})
    reader = opened(tmp_path, kind="image", format="label_studio", file="export.json", columns={"path": "image"})
    with pytest.raises(IntegrityError, match=r"export.json is no Label Studio export"):
        list(reader.items())


def test_data_that_no_task_has_is_named(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="has no 'picture', which columns names; known: image"):
        read(tmp_path, full(answer(BOX)), path="picture")


@pytest.mark.slow
@pytest.mark.skipif(not (MIRROR / "annotations-labelstudio").is_dir(), reason="DAILIES_MIRROR is not set")
@pytest.mark.parametrize(
    ("file", "tasks", "things"),
    [("rect_polygon/data.json", 2, 4), ("rect_polygon/data_polygons.json", 1, 1), ("json_min/data.json", 1, 1)],
)
def test_published_exports_are_read(tmp_path: Path, file: str, tasks: int, things: int) -> None:
    (tmp_path / "source").symlink_to(MIRROR / "annotations-labelstudio")
    items = opened(tmp_path, kind="image", format="label_studio", file=file, columns={"path": "image"}).items()
    found = [regions.from_json(item.regions) for item in items]
    assert (len(found), sum(map(len, found))) == (tasks, things)
