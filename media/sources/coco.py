"""COCO annotations: pictures with boxes, polygons and categories. An asset has the labels of all that is in it.

format  https://cocodataset.org/#format-data, object detection
"""

import hashlib
import json
from collections import defaultdict
from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any

from media import masks, regions, tree
from media.addresses import Addresses
from media.listed import ABSENT, listed
from media.named_file import NamedFile
from media.printable import printable
from media.regions import Region
from media.sources import Item, Place
from project.errors import IntegrityError, UsageError
from project.source import Source


def reader(source: Source, place: Place) -> "CocoReader":
    """Raises UsageError when no annotations are named, or they do not exist."""
    if source.file is None:
        raise UsageError(f"source {place.name!r} has format coco; name its file, or one for each of its parts")
    return CocoReader(source, place, NamedFile(source, place, source.file))


class CocoReader:
    """Each picture that the annotations list is an asset, also one with nothing in it."""

    def __init__(self, source: Source, place: Place, file: NamedFile) -> None:
        self._source = source
        self._place = place
        self._file = file
        self._kept = place.downloads.with_name(f"{place.downloads.name}.pictures")

    def fingerprint(self) -> str:
        return hashlib.sha256(f"{tree.state(self._place.found())} {self._file.state()}".encode()).hexdigest()

    def items(self) -> Iterator[Item]:
        path = self._file.fetch()
        addresses = Addresses.of(self._source, self._kept) if self._source.fetch else None
        try:
            yield from self._pictures(json.loads(path.read_bytes()), addresses)
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
            raise IntegrityError(f"{path} is not COCO: {type(error).__name__} {error}") from None

    def _pictures(self, content: Mapping[str, Any], addresses: Addresses | None) -> list[Item]:
        names = {each["id"]: printable(str(each["name"])) for each in content["categories"]}
        licences = {each["id"]: printable(str(each["name"])) for each in content.get("licenses") or ()}
        found: defaultdict[Any, list[Region]] = defaultdict(list)
        for each in content["annotations"]:
            found[each["image_id"]].append(_region(each, names))
        return [self._item(each, found[each["id"]], licences, addresses) for each in content["images"]]

    def _item(
        self,
        picture: Mapping[str, Any],
        there: list[Region],
        licences: Mapping[Any, str],
        addresses: Addresses | None,
    ) -> Item:
        path = str(picture["file_name"])
        load, refused = listed(self._place.found(), path)
        if refused == ABSENT and addresses and (address := _address(picture)):
            load, refused = partial(addresses.load, path, address), ""
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


def _address(picture: Mapping[str, Any]) -> str:
    return str(picture.get("coco_url") or picture.get("flickr_url") or "")


def _region(annotation: Mapping[str, Any], names: Mapping[Any, str]) -> Region:
    outline = annotation.get("segmentation")
    polygons = outline if isinstance(outline, list) else []
    mask = masks.from_coco(outline) if isinstance(outline, dict) else None
    box = tuple(map(float, annotation["bbox"]))
    outlines = tuple(tuple(map(float, each)) for each in polygons)
    return Region(names[annotation["category_id"]], box, outlines, mask)  # type: ignore[arg-type]
