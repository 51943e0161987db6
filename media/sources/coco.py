"""COCO annotations: pictures with boxes, polygons and categories. An asset has the labels of all that is in it.

format  https://cocodataset.org/#format-data, object detection; run-length masks are left out, their boxes are kept
"""

import hashlib
import json
from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import Any

from media import regions, tree
from media.listed import listed
from media.named_file import NamedFile
from media.printable import printable
from media.regions import Region
from media.sources import Item, Place
from project.errors import IntegrityError, UsageError
from project.params import Source


def reader(source: Source, place: Place) -> "CocoReader":
    """Raises UsageError when no annotations are named, or they do not exist."""
    if source.file is None:
        raise UsageError(f"source {place.name!r} has format coco; name its file, or one for each of its parts")
    return CocoReader(place, NamedFile(source, place, source.file))


class CocoReader:
    """Each picture that the annotations list is an asset, also one with nothing in it."""

    def __init__(self, place: Place, file: NamedFile) -> None:
        self._place = place
        self._file = file

    def fingerprint(self) -> str:
        return hashlib.sha256(f"{tree.state(self._place.found())} {self._file.state()}".encode()).hexdigest()

    def items(self) -> Iterator[Item]:
        path = self._file.fetch()
        try:
            yield from self._pictures(json.loads(path.read_bytes()))
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
            raise IntegrityError(f"{path} is not COCO: {type(error).__name__} {error}") from None

    def _pictures(self, content: Mapping[str, Any]) -> list[Item]:
        names = {each["id"]: printable(str(each["name"])) for each in content["categories"]}
        licences = {each["id"]: printable(str(each["name"])) for each in content.get("licenses") or ()}
        found: defaultdict[Any, list[Region]] = defaultdict(list)
        for each in content["annotations"]:
            found[each["image_id"]].append(_region(each, names))
        return [self._item(each, found[each["id"]], licences) for each in content["images"]]

    def _item(self, picture: Mapping[str, Any], there: list[Region], licences: Mapping[Any, str]) -> Item:
        path = str(picture["file_name"])
        load, refused = listed(self._place.found(), path)
        refused = refused or next(filter(None, map(regions.fault, there)), "")
        licence = licences.get(picture.get("license"))
        return Item(
            path,
            () if refused else regions.labels(there),
            "",
            "",
            load,
            refused,
            {"licence": licence} if licence else {},
            regions.to_json(there),
        )


def _region(annotation: Mapping[str, Any], names: Mapping[Any, str]) -> Region:
    outline = annotation.get("segmentation")
    polygons = outline if isinstance(outline, list) else []
    box = tuple(map(float, annotation["bbox"]))
    return Region(names[annotation["category_id"]], box, tuple(tuple(map(float, each)) for each in polygons))  # type: ignore[arg-type]
