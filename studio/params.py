"""`dailies params check`: params.yaml as a run of this project's own code reads it."""

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from project import layout, params
from project.errors import BY_EXIT_CODE, DailiesError
from studio.answer import Answer


def check() -> Answer:
    """Schema first, then what only the recipes know. Raises UsageError with one line for each problem."""
    root = layout.find()
    read = params.read(root / "params.yaml")
    finish(start(root, os.environ))
    data = {"sources": sorted(read.sources), "models": sorted(read.models)}
    return Answer(data, f"params.yaml is good: {len(read.sources)} sources, {len(read.models)} models")


def start(root: Path, env: Mapping[str, str]) -> "subprocess.Popen[str]":
    """Begin to check the project in `root` with its own code."""
    command = [sys.executable, "-m", "steps.check"]
    return subprocess.Popen(
        command, cwd=root, env=dict(env), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    )


def finish(process: "subprocess.Popen[str]") -> None:
    """Wait for the check. Raises what it found wrong."""
    _, said = process.communicate()
    if process.returncode:
        lines = [line.removeprefix("dailies: ") for line in said.splitlines()]
        raise BY_EXIT_CODE.get(process.returncode, DailiesError)("\n".join(lines) or "params.yaml could not be checked")
