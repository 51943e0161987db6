"""What each media kind's file is found to be on first sight; every file here is one kind, and is found by being here.

Each has `probe(data: bytes) -> dict`, called in a limited process: catalog columns, or `{"reason": …}`; VERSION, which
names what it would say; and SUFFIXES, what files of each format may be called. LIMITS, where there are any, say what one
file may cost.
"""

from pathlib import Path


def kinds() -> list[str]:
    """All kinds that can be probed: the files of this folder."""
    return sorted(path.stem for path in Path(__file__).parent.glob("[a-z]*.py"))
