"""`dailies params check`: params.yaml as a run of this project's own code reads it."""

import os

from flows import working
from project import layout, params
from studio.answer import Answer


def check() -> Answer:
    """Schema first, then what only the recipes know. Raises UsageError with one line for each problem."""
    root = layout.find()
    read = params.read(root / "params.yaml")
    working.finish_check(working.start_check(root, os.environ))
    data = {"sources": sorted(read.sources), "models": sorted(read.models)}
    return Answer(data, f"params.yaml is good: {len(read.sources)} sources, {len(read.models)} models")
