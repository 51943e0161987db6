"""Labels that lie in files of their own, each beside its asset: a transcript, a caption."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from media.printable import printable
from media.sources import DOCUMENT, Item, Reader
from project.source import Source

LARGEST_LABEL_BYTES = 1 << 16


def beside(reader: Reader, source: Source) -> Reader:
    """A reader of paths, whose items get their labels from sidecars when the source says so."""
    suffix = source.label.sidecar
    return Labelled(reader, suffix, source.encoding or "utf-8") if suffix else reader


@dataclass(frozen=True, slots=True)
class Labelled:
    """Reads as `reader` does, with labels from sidecars; these are documents, whatever `reader` makes of them."""

    reader: Reader
    suffix: str
    encoding: str

    def fingerprint(self) -> str:
        return self.reader.fingerprint()

    def items(self) -> Iterator[Item]:
        return labelled(self.reader.items(), self.suffix, self.encoding)


def labelled(items: Iterable[Item], suffix: str, encoding: str) -> Iterator[Item]:
    """Each item with the text of its sidecar as its label.

    The sidecar of `x.bin.png` is `x.bin` or `x`, whichever there is, with `suffix` behind it.
    """
    found = list(items)
    sidecars = {item.path: item for item in found if item.path.endswith(suffix)}
    for item in found:
        if item.path in sidecars:
            yield replace(item, labels=(), refused=DOCUMENT)
        else:
            yield item if item.refused else _labelled(item, sidecars, suffix, encoding)


def _labelled(item: Item, sidecars: Mapping[str, Item], suffix: str, encoding: str) -> Item:
    names = [stem + suffix for stem in _stems(item.path)]
    sidecar = next((sidecars[name] for name in names if name in sidecars), None)
    if sidecar is None:
        return replace(item, refused=f"no label: there is no {names[-1].rpartition('/')[2]} beside it")
    label, refused = _text(sidecar, encoding)
    stamp = f"{item.stamp} {sidecar.stamp}" if item.stamp and sidecar.stamp else ""
    return replace(item, labels=(label,) if label else (), refused=refused, stamp=stamp)


def _stems(path: str) -> list[str]:
    """The path without its last suffix, without its last two, and so on."""
    folder, slash, name = path.rpartition("/")
    parts = name.split(".")
    return [folder + slash + ".".join(parts[:count]) for count in range(len(parts) - 1, 0, -1)] or [path]


def _text(sidecar: Item, encoding: str) -> tuple[str, str]:
    """The label, and the reason for a refusal."""
    name = sidecar.path.rpartition("/")[2]
    if sidecar.refused not in ("", DOCUMENT):
        return "", f"no label: {name} is refused: {sidecar.refused}"
    try:
        data = sidecar.load()
    except OSError as error:
        return "", f"no label: {name} cannot be read: {error.strerror or error}"
    if len(data) > LARGEST_LABEL_BYTES:
        return "", f"no label: {name} is larger than {LARGEST_LABEL_BYTES >> 10} KiB"
    try:
        text = printable(data.decode(encoding).removeprefix("\ufeff")).strip()
    except UnicodeDecodeError as error:
        return "", f"no label: {name} is not valid {encoding} at byte {error.start:,}"
    return text, "" if text else f"no label: {name} is empty"
