"""Telling a person at a terminal why an answer takes long; nothing to a script."""

import sys

FEW = 5


def tick(done: int, total: int) -> None:
    """Say on stderr how many of the data sets are read, when there are more than a few."""
    if total <= FEW or not sys.stderr.isatty():
        return
    end = "\r\033[K" if done >= total else ""
    print(
        f"\rreading what versions were made of: {done:,} of {total:,} data sets{end}",
        end="",
        file=sys.stderr,
        flush=True,
    )
