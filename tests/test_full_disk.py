"""A disk of 12 MB that runs full in the middle of an ingest: one clear error, and the last good version still there."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

ROOT = Path(__file__).parent.parent
SCRIPT = """
import json, os, sys
from pathlib import Path
from media import catalog, sources
from media.ingest import ingest
from media.seen import Memory
from project.errors import DailiesError, full
from project.source import Source

disk, files = Path(sys.argv[1]), Path(sys.argv[2])

def run(pattern):
    source = Source.model_validate({"kind": "image", "licence": "CC0-1.0", "path": str(files / pattern)})
    reader = sources.open_source("made", source, project=disk, mirror=None, downloads=disk / "downloads")
    kept = {"refusals": disk / "refused.csv", "memory": Memory(disk / "seen.arrow", "this test")}
    out = disk / "assets"
    return ingest("made", source, reader, out, lambda *_: None, previous=out if out.exists() else None, **kept)

def state():
    return {str(path.relative_to(disk)): path.stat().st_size for path in sorted(disk.rglob("*")) if path.is_file()}

run("few")
before = state()
try:
    run("many")
    error = ["none"]
except DailiesError as raised:
    error = [type(raised).__name__, str(raised)]
except OSError as raised:
    error = [type(full(raised) or raised).__name__, str(full(raised) or raised)]
kept = {name: size for name, size in state().items() if name.startswith("assets/")}
again = run("few")["status"]
print(json.dumps({"error": error, "before": before, "after": state(), "kept": kept, "again": again}))
"""


def test_a_disk_that_runs_full_costs_nothing_but_the_run(tmp_path: Path) -> None:
    for folder, count in (("few", 3), ("many", 20)):
        for number in range(count):
            path = tmp_path / "source" / folder / str(number % 2) / f"{number}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            pixels = np.random.default_rng(number).integers(0, 256, (600, 600, 3), np.uint8)
            Image.fromarray(pixels).save(path)  # noise: 1 MB each
    disk = tmp_path / "disk"
    disk.mkdir()
    done = in_small_disk(disk, tmp_path / "source", 12)
    told = json.loads(done.stdout)
    name, message = told["error"]
    assert name == "NoSpace", message
    assert "no space left for" in message and "what was there is unchanged" in message
    assets = {name: size for name, size in told["before"].items() if name.startswith("assets/")}
    assert told["kept"] == assets, "the last good version has changed"
    assert told["again"] == {"admitted": 3}
    assert told["after"].keys() == told["before"].keys(), "something half-written was left"
    assert not list((tmp_path / "source").rglob(".*")), "the source was written to"


def in_small_disk(disk: Path, files: Path, megabytes: int) -> "subprocess.CompletedProcess[str]":
    """Run SCRIPT where `disk` is a file system of its own. Skips where the system lets nobody mount one."""
    if not shutil.which("unshare"):
        pytest.skip("there is no unshare on this system")
    mount = f"mount -t tmpfs -o size={megabytes}m tmpfs {disk}"
    alone = ["unshare", "--map-root-user", "--mount", "sh", "-c"]
    if subprocess.run([*alone, mount], capture_output=True, check=False).returncode:
        pytest.skip("this system lets nobody mount a file system of their own")
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    command = f'{mount} && exec "$0" -c "$1" {disk} {files}'
    done = subprocess.run(
        [*alone, command, sys.executable, SCRIPT], env=env, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done
