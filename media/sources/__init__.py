"""Where assets come from: every file here reads one format, and is found by being here.

Each has `reader(source, place) -> Reader`. A plan fingerprints every source, so nothing here imports more than the
standard library and `project`.
"""

import hashlib
import importlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Protocol, runtime_checkable

from media import places, tree
from media.official_split import official_split
from project.errors import UsageError
from project.params import listing
from project.source import Source

DOCUMENT = "a document, not media"
"""The reason of a file that belongs to a data set without being one of its assets; it is no fault of the data."""


@dataclass(frozen=True, slots=True)
class Item:
    """One file of a source, not read yet.

    path     relative to the source, with / between its parts
    labels   as the source's label rule reads them; empty when the file is refused
    group    what must stay on one side of a split: a speaker, a person, a scene; empty for none
    split    train, validation or test when the source says so, else empty
    load     reads the bytes; raises OSError
    refused  why the file cannot be an asset, known without reading it
    rights   catalog columns of rights that the source says of this file alone, where it says any
    regions  what is where in a picture, as `media.regions` writes it
    stamp    as long as it is the same, so are the bytes and all that is said here; empty when only reading can tell
    """

    path: str
    labels: tuple[str, ...]
    group: str
    split: str
    load: Callable[[], bytes]
    refused: str = ""
    rights: Mapping[str, str] = field(default_factory=dict)
    regions: str = ""
    stamp: str = ""


class Reader(Protocol):
    """One opened source. Reading never writes to it."""

    def fingerprint(self) -> str:
        """A hexadecimal name of the present content, found without reading it all; it changes when the content does."""
        ...

    def items(self) -> Iterator[Item]:
        """Every file, in an order that depends on nothing but the content."""
        ...


@runtime_checkable
class Titled(Protocol):
    """A reader that may know what things are called that its assets speak of by number."""

    def titles(self) -> Mapping[str, str]:
        """Item → title, as at the last time that the items were asked for."""
        ...


def titles(reader: Reader) -> Mapping[str, str]:
    """What a reader knows of titles; {} for most."""
    return reader.titles() if isinstance(reader, Titled) else {}


@dataclass(frozen=True, slots=True)
class Place:
    """Where the files of a source may lie: an existing folder, if any, and one to download into."""

    name: str
    folder: Path | None
    downloads: Path
    looked: tuple[Path, ...]

    def found(self) -> Path:
        """The folder. Raises UsageError that says where it was looked for."""
        if self.folder is None:
            tried = " and ".join(map(str, self.looked)) or "nothing, as no path is given"
            raise UsageError(
                f"source {self.name!r} has no folder, looked for {tried}; "
                f"give its path in params.yaml or put a folder named {self.name} into DAILIES_MIRROR"
            )
        return self.folder


def formats() -> list[str]:
    """All formats: the files of this folder."""
    return sorted(path.stem for path in Path(__file__).parent.glob("[a-z]*.py"))


def modules(source: Source) -> list[str]:
    """The modules that read a source, which are imported by name."""
    read_as = source.read_as().values()
    named = {f"media.sources.{each.format}" for each in read_as}
    named |= {f"media.places.{kind}" for kind in map(places.kind, read_as) if kind}
    return sorted(named | {f"media.generators.{each.generator}" for each in read_as if each.generator})


def open_source(
    name: str,
    source: Source,
    *,
    project: Path,
    mirror: Path | None,
    downloads: Path,
    clone: places.Clone = places.no_git,
) -> Reader:
    """The reader of a source, or of all its parts as one.

    A folder of its name in `mirror` goes first, then its `path` on this machine, then what it names elsewhere, which is
    fetched when its items are asked for; `clone` does so for git. Raises UsageError when the format is unknown or the
    place does not exist.
    """
    opened = partial(_open, project=project, mirror=mirror, downloads=downloads, clone=clone)
    if not source.parts:
        return opened(name, source)
    return Parts([_part(name, source, each, opened) for each in sorted(source.parts)])


def _open(
    name: str, source: Source, *, project: Path, mirror: Path | None, downloads: Path, clone: places.Clone
) -> Reader:
    if source.format not in formats():
        raise UsageError(
            f"sources.{name}.format is {source.format!r}, not a file in media/sources/; "
            f"{listing(source.format, formats())}"
        )
    local = Path(source.path).expanduser() if source.path and not (source.git or source.storage) else None
    looked = ([mirror / name] if mirror else []) + ([project / local] if local else [])
    folder = next((candidate for candidate in looked if candidate.is_dir()), None)
    module = importlib.import_module(f"media.sources.{source.format}")
    fetched = downloads / name.replace("/", ".")

    def read(folder: Path | None) -> Reader:
        opened: Reader = module.reader(source, Place(name, folder, fetched, tuple(looked)))
        return opened

    if folder is None and places.kind(source):
        return Elsewhere(places.remote(source, fetched, clone), fetched, read)
    return read(folder)


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """A source that is brought here, into `folder`, before `read` opens it."""

    place: places.Remote
    folder: Path
    read: Callable[[Path], Reader]

    def fingerprint(self) -> str:
        return self.place.state()

    def items(self) -> Iterator[Item]:
        with places.alone(self.folder):
            fetched = self.place.fetch()
        for path, reason in sorted(fetched.refused.items()):
            yield Item(path, (), "", "", partial(tree.unreadable, reason), reason)
        yield from self.read(fetched.folder).items()

    def titles(self) -> Mapping[str, str]:
        with places.alone(self.folder):
            fetched = self.place.fetch()
        return titles(self.read(fetched.folder))


def _part(name: str, source: Source, part: str, opened: Callable[[str, Source], Reader]) -> "OnePart":
    """A part with a place of its own has a folder of its name in the mirror and among the downloads, too."""
    keys = source.parts[part]
    prefix, place = (f"{part}/", f"{name}/{part}") if keys.lies_apart else ("", name)
    return OnePart(opened(place, source.part(part)), prefix, keys.split or official_split(part)[0])


@dataclass(frozen=True, slots=True)
class OnePart:
    """One part of a source: what goes before its paths, and the split that all its assets have, if any."""

    reader: Reader
    prefix: str
    split: str

    def fingerprint(self) -> str:
        return f"{self.prefix} {self.split} {self.reader.fingerprint()}"

    def items(self) -> Iterator[Item]:
        for item in self.reader.items():
            yield replace(item, path=self.prefix + item.path, split=self.split or item.split)

    def titles(self) -> Mapping[str, str]:
        return titles(self.reader)


@dataclass(frozen=True, slots=True)
class Parts:
    """Several places or files read as one, part by part."""

    parts: Sequence[OnePart]

    def fingerprint(self) -> str:
        return hashlib.sha256("\n".join(part.fingerprint() for part in self.parts).encode()).hexdigest()

    def items(self) -> Iterator[Item]:
        for part in self.parts:
            yield from part.items()

    def titles(self) -> Mapping[str, str]:
        """Of all parts; the first one that has a title for an item says it."""
        return {item: title for part in reversed(self.parts) for item, title in part.titles().items()}
