"""A zip or tar archive, read as a folder would be, but member by member: nothing is extracted.

Label, group and official split come from each member's path in the archive.
"""

from collections.abc import Iterator

from media import archive_members
from media.labelling import PathRule
from media.named_file import NamedFile
from media.sidecars import beside
from media.sources import Item, Place, Reader
from project.errors import UsageError
from project.source import Source


def reader(source: Source, place: Place) -> Reader:
    """Raises UsageError when no archive is named, or there is no way to get it."""
    if source.file is None:
        raise UsageError(f"source {place.name!r} has format archive; name its file")
    archive = NamedFile(source, place, source.file)
    return beside(ArchiveReader(archive, place, PathRule(source.label, source.kind)), source)


class ArchiveReader:
    """Reads the members of one archive, sorted by path."""

    def __init__(self, file: NamedFile, place: Place, rule: PathRule) -> None:
        self._file = file
        self._place = place
        self._rule = rule

    def fingerprint(self) -> str:
        return self._file.state()

    def items(self) -> Iterator[Item]:
        for member in archive_members.members(self._file.fetch(), self._place.downloads):
            if member.refused:
                yield Item(member.path, (), "", "", member.load, member.refused)
            else:
                yield self._rule.item(member.path, member.load)
