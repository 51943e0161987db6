"""Pictures with YOLO annotations: `images/a.jpg` has its boxes or outlines in `labels/a.txt`, one thing a line.

format  https://docs.ultralytics.com/datasets/detect and /segment: the number of a class, then centre, width and height of
        a box, or x and y of each point of an outline, all in fractions of the picture's sides

`file` lists the classes, one a line. A folder that is named like a split is the official split. A picture without a file
of labels has nothing in it.
"""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import replace

from media import line_file, regions
from media.labelling import PathRule
from media.named_file import NamedFile
from media.official_split import official_split
from media.printable import printable
from media.regions import Region
from media.sources import DOCUMENT, Item, Place
from media.sources.folder import FolderReader
from project.errors import UsageError
from project.source import LabelRule, Source

IMAGES, LABELS = "images", "labels"


def reader(source: Source, place: Place) -> "YoloReader":
    """Raises UsageError when no list of classes is named, or it does not exist."""
    if source.file is None:
        raise UsageError(f"source {place.name!r} has format yolo; name the file that lists its classes, one a line")
    folder = FolderReader(place.found(), PathRule(LabelRule(none=True), source.kind))
    return YoloReader(folder, NamedFile(source, place, source.file))


class YoloReader:
    """Each file below a folder `images` is an asset; all other files are documents."""

    def __init__(self, folder: FolderReader, classes: NamedFile) -> None:
        self._folder = folder
        self._classes = classes

    def fingerprint(self) -> str:
        return hashlib.sha256(f"{self._folder.fingerprint()} {self._classes.state()}".encode()).hexdigest()

    def items(self) -> Iterator[Item]:
        names = [printable(line).strip() for line in line_file.lines(self._classes.fetch(), "utf-8")]
        found = {item.path: item for item in self._folder.items()}
        for path, item in found.items():
            if IMAGES not in path.split("/")[:-1]:
                yield replace(item, refused=item.refused or DOCUMENT)
            else:
                yield item if item.refused else self._item(item, found.get(_labels_path(path)), names)

    def _item(self, item: Item, annotation: Item | None, names: Sequence[str]) -> Item:
        split = next(filter(None, (official_split(folder)[0] for folder in item.path.split("/")[:-1])), "")
        if annotation is None:
            return replace(item, split=split)
        there, refused = _regions(annotation, names)
        stamp = f"{item.stamp} {annotation.stamp} {self._classes.state()}" if item.stamp and annotation.stamp else ""
        labels, text = regions.labels(there), regions.to_json_as_fractions(there)
        return replace(item, labels=labels, split=split, refused=refused, regions=text, stamp=stamp)


def _labels_path(path: str) -> str:
    """Where the labels of a picture lie: below `labels` instead of the last `images`."""
    *folders, name = path.split("/")
    last = len(folders) - 1 - folders[::-1].index(IMAGES)
    return "/".join([*folders[:last], LABELS, *folders[last + 1 :], name.rpartition(".")[0] + ".txt"])


def _regions(annotation: Item, names: Sequence[str]) -> tuple[list[Region], str]:
    """What is in a picture, and the reason for a refusal."""
    if annotation.refused not in ("", DOCUMENT):
        return [], f"{annotation.path} is refused: {annotation.refused}"
    try:
        lines = annotation.load().decode("ascii").split("\n")
    except (OSError, UnicodeDecodeError) as error:
        return [], f"{annotation.path} cannot be read: {error}"
    there = []
    for number, line in enumerate(lines, 1):
        if words := line.split():
            try:
                there.append(_region(words, names))
            except ValueError as error:
                return [], f"{annotation.path}, line {number:,}: {error}"
    return there, ""


def _region(words: Sequence[str], names: Sequence[str]) -> Region:
    """Raises ValueError with the reason for a refusal."""
    values = [_fraction(word) for word in words[1:]]
    if not words[0].isdecimal() or int(words[0]) >= len(names) or not names[int(words[0])]:
        raise ValueError(f"class {words[0]!r:.20} is not one of {len(names)} classes, counted from 0")
    label = names[int(words[0])]
    if len(values) == 4:
        x, y, width, height = values
        region = Region(label, (x - width / 2, y - height / 2, width, height))
    elif len(values) >= 6 and len(values) % 2 == 0:
        left, top = min(values[::2]), min(values[1::2])
        box = (left, top, max(values[::2]) - left, max(values[1::2]) - top)
        region = Region(label, box, (tuple(values),))
    else:
        raise ValueError(
            f"has {len(values)} numbers after its class; a box has 4, an outline x and y of 3 points or more"
        )
    if fault := regions.fault(region):
        raise ValueError(fault)
    return region


def _fraction(word: str) -> float:
    try:
        value = float(word)
    except ValueError:
        value = -1.0
    if not 0 <= value <= 1:
        raise ValueError(f"{word!r:.40} is not a fraction of the picture's side, from 0 to 1")
    return value
