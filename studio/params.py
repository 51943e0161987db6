"""`dailies params check`: params.yaml as a run of this project's own code reads it."""

import subprocess
import sys

from project import layout, params
from project.errors import BY_EXIT_CODE, DailiesError
from studio.answer import Answer


def check() -> Answer:
    """Schema first, then what only the recipes know. Raises UsageError with one line for each problem."""
    root = layout.find()
    read = params.read(root / "params.yaml")
    done = subprocess.run([sys.executable, "-m", "steps.check"], cwd=root, capture_output=True, text=True, check=False)
    if done.returncode:
        lines = [line.removeprefix("dailies: ") for line in done.stderr.splitlines()]
        raise BY_EXIT_CODE.get(done.returncode, DailiesError)("\n".join(lines))
    data = {"sources": sorted(read.sources), "models": sorted(read.models)}
    return Answer(data, f"params.yaml is good: {len(read.sources)} sources, {len(read.models)} models")
