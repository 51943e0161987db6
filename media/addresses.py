"""Pictures that are listed with an address: each is fetched when it is first read, and kept."""

import errno
from dataclasses import dataclass
from pathlib import Path

from media import download, tree
from media.https import Reach
from project.errors import DailiesError, NoSpace, RemoteUnreachable
from project.source import Source


@dataclass(frozen=True, slots=True)
class Addresses:
    """Fetches into `folder`, from servers within `reach`."""

    folder: Path
    reach: Reach
    largest_bytes: int

    @classmethod
    def of(cls, source: Source, folder: Path) -> "Addresses":
        return cls(folder, Reach.of(source), int(source.largest_gib * (1 << 30)))

    def load(self, path: str, address: str) -> bytes:
        """The bytes of the picture at `path`, which is found at `address`; an http one is asked for over https.

        Raises OSError when it is not to be had: that refuses the picture alone. A server that does not answer is not
        its fault: RemoteUnreachable ends the whole, and another run continues.
        """
        url = f"https:{address.removeprefix('https:').removeprefix('http:')}"
        to = self.folder / path
        try:
            return tree.read(str(to if to.is_file() else self._fetch(url, to)))
        except (RemoteUnreachable, NoSpace):
            raise
        except DailiesError as error:
            raise OSError(errno.ENODATA, str(error)) from None

    def _fetch(self, url: str, to: Path) -> Path:
        return download.fetch(url, to, self.reach, largest_bytes=self.largest_bytes)
