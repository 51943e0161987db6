"""Files that a person asked for, at a place that may not take them."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from project.errors import UsageError, full


@contextmanager
def written(path: Path) -> Iterator[None]:
    """Say in one line that `path` cannot be written. Raises UsageError; NoSpace when the disk is full."""
    try:
        yield
    except OSError as error:
        raise full(error) or UsageError(f"{path} cannot be written: {error.strerror or error}; name another") from None
