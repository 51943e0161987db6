"""The SHA-256 of files, held against what params.yaml says of them."""

import gzip
import hashlib
import zlib
from pathlib import Path

from project.errors import IntegrityError

LARGEST_UNPACKED_BYTES = 64 << 30
PIECE_BYTES = 1 << 20


def check(path: Path, declared: str) -> None:
    """Raise IntegrityError unless `declared` is the hash of the file's bytes, or of what a gzip file unpacks to.

    Programs pack the same bytes differently, so of a packed set often only the hash of the content is published.
    """
    with path.open("rb") as file:
        found = hashlib.file_digest(file, "sha256").hexdigest()
    if found != declared and _unpacked(path) != declared:
        raise IntegrityError(
            f"{path} has SHA-256 {found}, params.yaml says {declared}; delete the file to get it again, "
            "or correct params.yaml"
        )


def _unpacked(path: Path) -> str:
    """The hash of what a gzip file holds; empty for any other file, and for one that swells without end."""
    digest, size = hashlib.sha256(), 0
    try:
        with gzip.open(path) as file:
            while piece := file.read(PIECE_BYTES):
                digest.update(piece)
                size += len(piece)
                if size > LARGEST_UNPACKED_BYTES:
                    return ""
    except (OSError, EOFError, zlib.error):
        return ""
    return digest.hexdigest()
