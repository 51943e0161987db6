"""Through DVC: a changed source rewrites only the files it touches, and the bytes are those of a run from scratch."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import yaml
from PIL import Image
from workspaces import Workspace

pytestmark = pytest.mark.slow

SIDE = 300  # px; 60 pictures of noise are 16 MB, so they fill several buckets
PARAMS = """\
sources:
  noise: {{kind: image, path: "{pictures}", licence: CC0-1.0}}
models:
  noise:
    recipe: image_classification
    source: noise
    settings: {{network: cnn, size: 96, colour: true, width: 4, epochs: 1}}
    augment: {{copies: 40, flip: true}}
"""


def draw(path: Path, seed: int) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    pixels = np.random.default_rng(seed).integers(0, 255, (SIDE, SIDE, 3), np.uint8)
    Image.fromarray(pixels).save(path, "PNG", compress_level=0)


@pytest.fixture
def project(clone: Path, tmp_path: Path) -> Workspace:
    """A clone with a source of its own, brought up to date by DVC alone."""
    folder = tmp_path / "workspace"
    shutil.copytree(clone, folder)
    env = {**os.environ, "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])}
    env = {name: value for name, value in env.items() if name not in ("DAILIES_WORKSPACE", "DAILIES_MIRROR")}
    workspace = Workspace(folder, tmp_path / "pictures", env)
    for number in range(60):
        draw(workspace.pictures / f"{number % 2}" / f"{number:02}.png", number)
    (folder / "params.yaml").write_text(PARAMS.format(pictures=workspace.pictures))
    workspace.dvc("repro", "augment@noise")
    return workspace


def repro(workspace: Workspace, stage: str) -> None:
    """Bring a stage up to date; the state of a source is written down by plan, which DVC cannot know to be stale."""
    workspace.dvc("repro", "--force", "--single-item", "plan")
    assert "Running stage 'ingest@noise'" in workspace.dvc("repro", stage)


def files(workspace: Workspace) -> dict[str, str]:
    """Path below data/ → the hash that DVC gives it, of all files of both outputs."""
    lock = yaml.safe_load((workspace.folder / "dvc.lock").read_text())["stages"]
    found = {}
    for stage in ("ingest@noise", "augment@noise"):
        (out,) = lock[stage]["outs"]
        listing = workspace.folder / ".dvc/cache/files/md5" / out["md5"][:2] / out["md5"][2:]
        found |= {f"{out['path']}/{entry['relpath']}": entry["md5"] for entry in json.loads(listing.read_text())}
    return found


def touched(before: dict[str, str], after: dict[str, str], prefix: str) -> tuple[int, int]:
    """How many files of that prefix changed, and how many there are."""
    now = {path for path in after if Path(path).name.startswith(prefix)}
    return sum(before.get(path) != after[path] for path in now), len(now)


def test_only_what_is_touched_is_rewritten_and_the_bytes_are_those_from_scratch(project: Workspace) -> None:
    before = files(project)
    first, second, *_ = sorted(project.pictures.glob("0/*.png"))
    changes = {
        "added": lambda: draw(project.pictures / "0" / "new.png", 1000),
        "changed": lambda: draw(first, 2000),
        "removed": second.unlink,
    }
    for change in changes.values():
        change()
        repro(project, "augment@noise")
        after = files(project)
        changed, total = touched(before, after, "blobs-")
        assert 1 <= changed <= 2 < total, (changed, total)
        changed, total = touched(before, after, "train-")
        assert changed <= 2 < total, (changed, total)
        before = after
    assert project.dvc("status", "ingest@noise", "augment@noise") == "Data and pipelines are up to date."
    assert list((project.folder / ".dailies" / "previous").iterdir()) == []
    shutil.rmtree(project.folder / ".dvc" / "cache")
    project.dvc("repro", "--force", "augment@noise")
    assert files(project) == before


def test_what_is_the_same_is_not_examined_again(project: Workspace) -> None:
    """Pictures that were admitted are known by their bytes: only the new one reaches a decoder."""
    (project.folder / "sitecustomize.py").write_text(
        "import sys\n"
        "if 'media.probe_worker' in ' '.join(sys.orig_argv):\n"
        "    from media.probes import image\n"
        "    seen = image.probe\n"
        "    image.probe = lambda data: {**seen(data), 'mode': 'seen again'}\n"
    )
    draw(project.pictures / "0" / "new.png", 1000)
    project.env["PYTHONPATH"] = str(project.folder)
    repro(project, "ingest@noise")
    code = (
        "from media import catalog; from pathlib import Path; from collections import Counter\n"
        "rows = catalog.read(Path('data/assets/noise'), ['mode'])\n"
        "print(sorted(Counter(row['mode'] for row in rows).items()))"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=project.folder, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[('RGB', 60), ('seen again', 1)]"
