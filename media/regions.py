"""What is where in a picture: boxes, polygons and masks with a label, kept in the catalog as JSON."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from math import isfinite
from typing import Any

from media.masks import Mask

FRACTIONS = '{"fractions"'


@dataclass(frozen=True, slots=True)
class Region:
    """One thing in a picture, in px from its upper left corner as the file stores it.

    box       x, y, width, height
    polygons  outlines, each x and y in turn; a thing behind another has several, one with a box alone has none
    mask      its pixels, where it was drawn pixel by pixel
    """

    label: str
    box: tuple[float, float, float, float]
    polygons: tuple[tuple[float, ...], ...] = ()
    mask: Mask | None = None


def fault(region: Region) -> str:
    """What is wrong with a region by itself; empty when nothing is."""
    if len(region.box) != 4 or not all(map(isfinite, region.box)) or min(region.box[2:]) <= 0:
        return f"the box {list(region.box)} of a {region.label!r} has no area"
    for polygon in region.polygons:
        if len(polygon) < 6 or len(polygon) % 2 or not all(map(isfinite, polygon)):
            return f"a polygon of a {region.label!r} has {len(polygon)} coordinates; at least three points are needed"
    wrong = region.mask.fault() if region.mask else ""
    return f"the mask of a {region.label!r} {wrong}" if wrong else ""


def labels(regions: Iterable[Region]) -> tuple[str, ...]:
    """Which labels there are, each once."""
    return tuple(sorted({region.label for region in regions}))


def to_json(regions: Sequence[Region]) -> str:
    """One line; empty when there is no region."""
    return json.dumps([_told(region) for region in regions], ensure_ascii=False) if regions else ""


def to_json_as_fractions(regions: Sequence[Region]) -> str:
    """The same for regions in fractions of the picture's sides, whose px nobody knows yet; see `in_px`."""
    return json.dumps({"fractions": [_told(region) for region in regions]}, ensure_ascii=False) if regions else ""


def in_px(text: str, width: int | None, height: int | None) -> str:
    """What `to_json` or `to_json_as_fractions` wrote, in px of a picture of that size; empty when it has no size."""
    if not text.startswith(FRACTIONS):
        return text
    if not width or not height:
        return ""
    return to_json([_scaled(each, width, height) for each in json.loads(text)["fractions"]])


def _scaled(each: Mapping[str, Any], width: int, height: int) -> Region:
    x, y, wide, high = each["box"]
    polygons = tuple(
        tuple(value * (height if place % 2 else width) for place, value in enumerate(polygon))
        for polygon in each["polygons"]
    )
    return Region(each["label"], (x * width, y * height, wide * width, high * height), polygons)


def from_json(text: str | None) -> list[Region]:
    """The regions of a catalog row."""
    return [
        Region(each["label"], tuple(each["box"]), tuple(map(tuple, each["polygons"])), _mask(each.get("mask")))
        for each in json.loads(text or "[]")
    ]


def _told(region: Region) -> dict[str, Any]:
    told = asdict(region)
    return told if region.mask else {key: value for key, value in told.items() if key != "mask"}


def _mask(told: dict[str, Any] | None) -> Mask | None:
    return Mask(told["height"], told["width"], tuple(told["runs"])) if told else None
