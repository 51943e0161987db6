"""COCO annotations: what is where reaches the catalog; pictures that are missing and boxes without area are refused."""

import io
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from https_server import Server, certificate, content, serving
from ingesting import fill, ingested, listed, opened
from PIL import Image

from media import regions
from media.masks import Mask
from media.regions import Region
from project.errors import IntegrityError, UsageError

MIRROR = Path(os.environ.get("DAILIES_MIRROR") or "absent")
BOX = [1.0, 2.0, 3.0, 4.0]
OUTLINE = [1.0, 2.0, 4.0, 2.0, 4.0, 6.0]


def png(number: int) -> bytes:
    file = io.BytesIO()
    Image.fromarray(np.full((9, 8), number, np.uint8)).save(file, "PNG")
    return file.getvalue()


def annotations(**changed: Any) -> dict[str, Any]:
    content = {
        "images": [{"id": 1, "file_name": "a/1.png", "license": 3}, {"id": 2, "file_name": "a/2.png", "license": None}],
        "categories": [{"id": 5, "name": "cup"}, {"id": 6, "name": "bag"}],
        "annotations": [
            {"image_id": 1, "category_id": 6, "bbox": BOX, "segmentation": [OUTLINE, OUTLINE]},
            {"image_id": 1, "category_id": 5, "bbox": BOX, "segmentation": {"counts": [1, 71], "size": [9, 8]}},
        ],
        "licenses": [{"id": 3, "name": "CC-BY-4.0"}],
    }
    return content | changed


def test_what_is_where_reaches_the_catalog(tmp_path: Path) -> None:
    files = {"coco.json": json.dumps(annotations()), "a/1.png": png(1), "a/2.png": png(2), "a/unlisted.png": png(3)}
    fill(tmp_path / "source", files)
    rows = ingested(tmp_path, kind="image", format="coco", file="coco.json")
    assert rows.keys() == {"a/1.png", "a/2.png"}
    assert regions.from_json(rows["a/1.png"]["regions"]) == [
        Region("bag", (1, 2, 3, 4), (tuple(OUTLINE), tuple(OUTLINE))),
        Region("cup", (1, 2, 3, 4), mask=Mask(9, 8, (1, 71))),
    ]
    told = [(row["labels"], row["licence"], row["status"]) for row in (rows["a/1.png"], rows["a/2.png"])]
    assert told == [(["bag", "cup"], "CC-BY-4.0", "admitted"), ([], "CC0-1.0", "admitted")]


def test_each_part_is_an_official_split(tmp_path: Path) -> None:
    fill(tmp_path / "source", {"t.json": json.dumps(annotations()), "v.json": json.dumps(annotations(images=[]))})
    parts = {"train": {"file": "t.json"}, "validation": {"file": "v.json"}}
    items = listed(tmp_path, kind="image", format="coco", parts=parts)
    assert {path: (item.split, item.refused) for path, item in items.items()} == {
        "a/1.png": ("train", "listed, but there is no such file"),
        "a/2.png": ("train", "listed, but there is no such file"),
    }


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"bbox": [1, 2, 0, 4]}, "the box [1.0, 2.0, 0.0, 4.0] of a 'cup' has no area"),
        ({"bbox": [1, 2, 3]}, "the box [1.0, 2.0, 3.0] of a 'cup' has no area"),
        ({"bbox": [1, 2, float("nan"), 4]}, "the box [1.0, 2.0, nan, 4.0] of a 'cup' has no area"),
        (
            {"segmentation": {"counts": [1, 2], "size": [9, 8]}},
            "the mask of a 'cup' covers 3 px of a picture of 8 x 9 px",
        ),
        ({"segmentation": {"counts": "", "size": [9, 8]}}, "the mask of a 'cup' covers 0 px of a picture of 8 x 9 px"),
        ({"segmentation": {"counts": [72], "size": [9, 8]}}, "the mask of a 'cup' has no area"),
        ({"segmentation": [[1, 2, 3, 4]]}, "a polygon of a 'cup' has 4 coordinates; at least three points are needed"),
    ],
)
def test_a_region_without_area_is_refused(tmp_path: Path, change: dict[str, Any], reason: str) -> None:
    one = [{"image_id": 1, "category_id": 5, "bbox": BOX} | change]
    fill(tmp_path / "source", {"coco.json": json.dumps(annotations(annotations=one)), "a/1.png": png(1)})
    assert listed(tmp_path, kind="image", format="coco", file="coco.json")["a/1.png"].refused == reason


@pytest.fixture
def server(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    pem = certificate(tmp_path_factory.mktemp("certificate"))
    monkeypatch.setenv("SSL_CERT_FILE", str(pem))
    monkeypatch.setenv("no_proxy", "*")
    with serving(pem) as server:
        yield server


def test_pictures_are_fetched_by_their_address(tmp_path: Path, server: Server) -> None:
    """The first is at hand, the second is fetched over https, the third is gone, the fourth is on another host."""
    addresses = [
        "https://example.org/1",
        server.url("/2").replace("https:", "http:"),
        server.url("/3"),
        "https://b.org",
    ]
    images = [
        {"id": number, "file_name": f"a/{number}.png", "flickr_url": address, "coco_url": None}
        for number, address in enumerate(addresses, 1)
    ]
    content_of = json.dumps(annotations(images=[*images, {"id": 5, "file_name": "../5.png", "coco_url": addresses[1]}]))
    fill(tmp_path / "source", {"coco.json": content_of, "a/1.png": png(1)})
    server.answers["/2"] = [content(png(2))]
    keys: dict[str, Any] = {
        "kind": "image",
        "format": "coco",
        "file": "coco.json",
        "fetch": True,
        "hosts": ["127.0.0.1"],
    }
    rows = ingested(tmp_path, **keys, private_network=True)
    assert {path for path, row in rows.items() if row["status"] == "admitted"} == {"a/1.png", "a/2.png"}
    assert "the server answers 404 Not Found" in rows["a/3.png"]["reason"]
    assert "on a host that the source does not name; write hosts: [b.org]" in rows["a/4.png"]["reason"]
    assert rows["../5.png"]["reason"] == "its path leads out of the source's folder"
    ingested(tmp_path, **keys, private_network=True)
    assert [path for path, _ in server.asked] == ["/2", "/3", "/3"]


def test_pictures_are_fetched_from_hosts_that_are_named_alone(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="name the hosts that may be asked in hosts"):
        opened(tmp_path, kind="image", format="coco", file="coco.json", fetch=True)


@pytest.mark.parametrize(
    "content",
    [
        "{",
        "[]",
        "7",
        json.dumps(annotations(images=[{"id": 1}])),
        json.dumps(annotations(categories=[])),
        json.dumps(annotations(annotations=[{"image_id": 1, "category_id": 5, "bbox": "none"}])),
        "[" * 100_000,
    ],
)
def test_what_is_not_coco_is_named(tmp_path: Path, content: str) -> None:
    fill(tmp_path / "source", {"coco.json": content})
    with pytest.raises(IntegrityError, match=r"coco.json is not COCO: "):
        list(opened(tmp_path, kind="image", format="coco", file="coco.json").items())


def test_annotations_must_be_named(tmp_path: Path) -> None:
    fill(tmp_path / "source", {"coco.json": "{}"})
    with pytest.raises(UsageError, match="has format coco; name its file"):
        opened(tmp_path, kind="image", format="coco")


@pytest.mark.slow
@pytest.mark.skipif(not (MIRROR / "annotations-coco-taco").is_dir(), reason="DAILIES_MIRROR is not set")
def test_published_annotations_are_read_whole(tmp_path: Path) -> None:
    """TACO: 4,784 things on 1,500 pictures, which are not there; 59 of its 60 categories occur."""
    (tmp_path / "source").symlink_to(MIRROR / "annotations-coco-taco")
    items = listed(tmp_path, kind="image", format="coco", file="annotations.json")
    found = [region for item in items.values() for region in regions.from_json(item.regions)]
    assert (len(items), len(found), len(regions.labels(found))) == (1500, 4784, 59)
    assert sum(len(region.polygons) > 1 for region in found) == 114
    assert {item.refused for item in items.values()} == {"listed, but there is no such file"}
