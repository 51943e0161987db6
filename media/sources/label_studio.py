"""A Label Studio export as JSON, in full or JSON-MIN: each task is an asset, as people labelled it.

format  https://labelstud.io/guide/export: choices, labels, rectangles and polygons; coordinates are per cent of a side

`columns` names the task's own data as it would name columns. Of several people's answers the one marked as ground truth
counts, else the first that was not cancelled.
"""

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qs, urlsplit

from media import regions, tree
from media.named_file import NamedFile
from media.printable import printable
from media.regions import Region
from media.rows import RowRule
from media.sources import Item, Place
from project.errors import IntegrityError, UsageError
from project.params import listing
from project.source import Columns, Source

UPLOADS, LOCAL_FILES = "/data/upload/", "/data/local-files/"
NAMED = ("rectanglelabels", "polygonlabels", "labels", "choices")
"""Where the value of a result keeps its labels."""


def reader(source: Source, place: Place) -> "LabelStudioReader":
    """Raises UsageError when no export or no columns are named, or the export does not exist."""
    if source.file is None or source.columns is None:
        raise UsageError(f"source {place.name!r} has format label_studio; name its file and what its columns mean")
    return LabelStudioReader(source.columns, place, NamedFile(source, place, source.file), source.encoding or "utf-8")


class LabelStudioReader:
    """Each task is an asset, in the order of the export."""

    def __init__(self, columns: Columns, place: Place, file: NamedFile, encoding: str) -> None:
        self._columns = columns
        self._place = place
        self._file = file
        self._encoding = encoding

    def fingerprint(self) -> str:
        return self._file.state() if self._columns.text else tree.state(self._place.found())

    def items(self) -> Iterator[Item]:
        path = self._file.fetch()
        rule = RowRule(self._columns, self._place.folder or path.parent, self._encoding)
        try:
            for number, task in enumerate(json.loads(path.read_bytes()), 1):
                yield self._item(rule, f"{self._file.name}#{number:06d}", task)
        except (ValueError, KeyError, TypeError, AttributeError, IndexError, RecursionError) as error:
            raise IntegrityError(f"{path} is no Label Studio export: {type(error).__name__} {error}") from None

    def _item(self, rule: RowRule, name: str, task: Mapping[str, Any]) -> Item:
        data = {key: _plain(value) for key, value in task.get("data", task).items()}
        asset = self._columns.path or self._columns.text or ""
        if asset not in data:
            raise UsageError(f"{name} has no {asset!r}, which columns names; {listing(asset, data)}")
        if self._columns.path:
            data[asset] = _local(str(data[asset]))
        item = rule.item(name, data)
        values = _answer(task)
        if values is None and not item.labels:
            return replace(item, refused=item.refused or "nobody has labelled it yet")
        there = [region for value in values or () if (region := _region(value))]
        refused = item.refused or next(filter(None, map(regions.fault, there)), "")
        labels = tuple(sorted({*item.labels, *(label for value in values or () for label in _labels(value))}))
        return replace(item, labels=() if refused else labels, regions=regions.to_json(there), refused=refused)


def _plain(value: Any) -> Any:
    """Several choices of JSON-MIN as a list."""
    return value["choices"] if isinstance(value, dict) and "choices" in value else value


def _local(path: str) -> str:
    """Where a file of an upload, or of Label Studio's local storage, lies below the source's folder."""
    if path.startswith(LOCAL_FILES):
        return parse_qs(urlsplit(path).query).get("d", [""])[0]
    return path.removeprefix(UPLOADS)


def _answer(task: Mapping[str, Any]) -> Sequence[Mapping[str, Any]] | None:
    """The values of the answer that counts; None when nobody has given one."""
    if "data" not in task:  # JSON-MIN: regions stand beside the data, and a choice is a column like any other
        lists = [value for value in task.values() if isinstance(value, list)]
        regions_of_task = [each for value in lists for each in value if isinstance(each, dict) and _labels(each)]
        return regions_of_task or None
    given = [each for each in task["annotations"] if not each.get("was_cancelled")]
    counts = next((each for each in given if each.get("ground_truth")), given[0] if given else None)
    if counts is None:
        return None
    sizes = ("original_width", "original_height")
    return [{**{each: result.get(each) for each in sizes}, **result["value"]} for result in counts["result"]]


def _labels(value: Mapping[str, Any]) -> list[str]:
    return [printable(str(label)).strip() for name in NAMED for label in value.get(name, ())]


def _region(value: Mapping[str, Any]) -> Region | None:
    """The rectangle or polygon of a value, if it has one, in px."""
    label = next(iter(_labels(value)), "")
    if "points" in value:
        return _outlined(label, [(x * _px(value, "width"), y * _px(value, "height")) for x, y in value["points"]])
    if not {"x", "y", "width", "height"} <= value.keys():
        return None
    x, width = (float(value[name]) * _px(value, "width") for name in ("x", "width"))
    y, height = (float(value[name]) * _px(value, "height") for name in ("y", "height"))
    turned = math.radians(float(value.get("rotation") or 0))
    if not turned:
        return Region(label, (x, y, width, height))
    cos, sin = math.cos(turned), math.sin(turned)  # about the upper left corner
    corners = [(0.0, 0.0), (width, 0.0), (width, height), (0.0, height)]
    return _outlined(label, [(x + a * cos - b * sin, y + a * sin + b * cos) for a, b in corners])


def _px(value: Mapping[str, Any], side: str) -> float:
    """Pixels for each per cent of a side."""
    return float(value[f"original_{side}"]) / 100


def _outlined(label: str, corners: Sequence[tuple[float, float]]) -> Region:
    left, top = (min(corner[axis] for corner in corners) for axis in (0, 1))
    right, bottom = (max(corner[axis] for corner in corners) for axis in (0, 1))
    polygon = tuple(each for corner in corners for each in corner)
    return Region(label, (left, top, right - left, bottom - top), (polygon,))
