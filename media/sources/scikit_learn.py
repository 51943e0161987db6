"""Data sets that come with scikit-learn, read from its files without importing it (which takes seconds)."""

import gzip
import hashlib
import importlib.util
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from media.sources import Item, Place
from project.errors import UsageError
from project.params import listing
from project.source import Source

FILES = {"digits": "datasets/data/digits.csv.gz"}
SIDE, LARGEST = 8, 16  # px and grey levels of a scan, see sklearn.datasets.load_digits


def reader(source: Source, place: Place) -> "DigitsReader":
    """Raises UsageError when the data set is unknown or scikit-learn is not installed."""
    if source.dataset not in FILES:
        raise UsageError(f"sources.{place.name}.dataset is {source.dataset!r}; {listing(str(source.dataset), FILES)}")
    package = importlib.util.find_spec("sklearn")
    if package is None or not package.submodule_search_locations:
        raise UsageError(f"source {place.name!r} is bundled with scikit-learn, which is not installed")
    return DigitsReader(Path(package.submodule_search_locations[0]) / FILES[source.dataset])


class DigitsReader:
    """Each scan becomes one asset: a binary PGM of 8 x 8 px with grey levels 0 to 16, named `<file>#<number>`."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def fingerprint(self) -> str:
        return hashlib.sha256(self._path.read_bytes()).hexdigest()

    def items(self) -> Iterator[Item]:
        header = b"P5 %d %d %d\n" % (SIDE, SIDE, LARGEST)
        with gzip.open(self._path, "rt", encoding="ascii") as lines:
            for number, line in enumerate(lines):
                *levels, digit = map(int, line.split(","))
                yield Item(
                    f"{self._path.name}#{number:05d}",
                    (str(digit),),
                    "",
                    "",
                    partial(bytes.__add__, header, bytes(levels)),
                )
