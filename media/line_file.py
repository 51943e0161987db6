"""The lines of a text file, plain or packed by gzip."""

import gzip
import io
import zlib
from pathlib import Path

from media import tree
from media.archive_members import ALWAYS_FINE_BYTES, LARGEST_RATIO
from project.errors import IntegrityError

GZIP = b"\x1f\x8b"  # RFC 1952


def lines(path: Path, encoding: str) -> list[str]:
    """Each line without its end; what follows the last end counts as a line when it is not empty.

    Raises IntegrityError when the file cannot be read, is not in that encoding, or unpacks without end.
    """
    try:
        text = _content(path).decode(encoding)
    except UnicodeDecodeError as error:
        raise IntegrityError(
            f"{path} is not valid {encoding} at byte {error.start:,}; say the encoding of the source in params.yaml"
        ) from None
    except OSError as error:
        raise IntegrityError(f"{path} cannot be read: {error.strerror}") from None
    return text.removeprefix("\ufeff").replace("\r\n", "\n").removesuffix("\n").split("\n")


def _content(path: Path) -> bytes:
    data = tree.read(str(path))
    if not data.startswith(GZIP):
        return data
    most = min(tree.LARGEST_ASSET_BYTES, max(ALWAYS_FINE_BYTES, LARGEST_RATIO * len(data)))
    try:
        with gzip.GzipFile(fileobj=io.BytesIO(data)) as file:
            unpacked = file.read(most + 1)
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise IntegrityError(f"{path} cannot be unpacked: {error}; delete it to get it again") from None
    if len(unpacked) > most:
        raise IntegrityError(f"{path} is a bomb: it unpacks to more than {most:,} bytes; nothing of it is read")
    return unpacked
