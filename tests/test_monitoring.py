"""The canary: a version that is worse on assets which neither it nor its predecessor knew is rolled back, once."""

import json
import shutil
from pathlib import Path

import pytest
from workspaces import Workspace, draw_shapes

from registry import records, tags

pytestmark = pytest.mark.slow
RULE = "    monitor: {at_least: 40}\n"


def arrive(workspace: Workspace, count: int, seed: int, *, labels: tuple[str, str] = ("disc", "square")) -> None:
    """New pictures in the source, `count` of each class, under these labels."""
    drawn = draw_shapes(workspace.pictures.parent / f"drawn-{seed}", count, seed)
    for shape, label in zip(("disc", "square"), labels, strict=True):
        for path in (drawn / shape).iterdir():
            shutil.copy(path, workspace.pictures / label / f"{seed}-{shape}-{path.name}")


def own(trained: Workspace, folder: Path) -> Workspace:
    """The trained workspace with pictures of its own and a rule to monitor by."""
    pictures = shutil.copytree(trained.pictures, folder / "pictures")
    copied = trained.copy(folder / "workspace")
    workspace = Workspace(copied.folder, Path(pictures), copied.env)
    workspace.params(str(trained.pictures), str(pictures))
    workspace.params("    gate: {accuracy: {at_least: 0.3}}\n", "    gate: {accuracy: {at_least: 0.3}}\n" + RULE)
    workspace.git("commit", "-qam", "Pictures of its own")
    return workspace


@pytest.fixture(scope="module")
def spoilt(trained: Workspace, tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """A successor is live that learnt from pictures under the wrong labels. Copy it with its pictures; do not change it."""
    workspace = own(trained, tmp_path_factory.mktemp("spoilt"))
    arrive(workspace, 120, 7, labels=("square", "disc"))
    version = workspace.json("run", "shapes", exit_code=None)["version"]
    if "shapes@v0.1.0" == workspace.json("model", "ls", "shapes", "--stage", "prod")["versions"][0]["tag"]:
        workspace.dailies(
            "model", "promote", "shapes", version, "--override", "--why", "the labels are said to be right"
        )
    return workspace


def copied(spoilt: Workspace, folder: Path) -> Workspace:
    pictures = shutil.copytree(spoilt.pictures, folder / "pictures")
    copy = spoilt.copy(folder / "workspace")
    workspace = Workspace(copy.folder, Path(pictures), copy.env)
    workspace.params(str(spoilt.pictures), str(pictures))
    workspace.git("commit", "-qam", "Pictures of its own")
    return workspace


def live(workspace: Workspace) -> str:
    return str(workspace.json("status")["models"]["shapes"]["live"])


def test_a_spoilt_successor_is_rolled_back_once(spoilt: Workspace, tmp_path: Path) -> None:
    workspace = copied(spoilt, tmp_path)
    worse = live(workspace)
    arrive(workspace, 10, 8)
    few = workspace.dailies("monitor", "shapes")
    assert few.stdout == f"shapes@{worse} against v0.1.0: too few new assets, 20 of 40\n"
    arrive(workspace, 25, 9)
    head, status = workspace.git("rev-parse", "main"), workspace.git("status", "--porcelain")
    said = workspace.dailies("monitor", "shapes", exit_code=4)
    print(said.stdout, said.stderr)
    assert said.stdout.startswith(f"shapes@{worse} is worse than v0.1.0 and rolled back; v0.1.0 is live again\n")
    assert live(workspace) == "v0.1.0"
    assert (workspace.git("rev-parse", "main"), workspace.git("status", "--porcelain")) == (head, status)
    assert not list((workspace.folder / ".dailies" / "runs").iterdir()) and workspace.git("branch") == "* main"
    past = workspace.json("model", "show", f"shapes@{worse}")["history"]
    assert (
        past[-1]["why"].startswith("worse than v0.1.0 on newly arrived assets: -") and past[-1]["back_to"] == "v0.1.0"
    )
    [look] = records.read(workspace.folder, f"canary/shapes/{worse}")
    assert look.message["verdict"] == "worse" and look.message["assets"] == 70
    assert look.message["interval"][1] < 0 and look.message["confidence"] == 0.975
    assert json.loads(workspace._tool("gto", "show", "--json"))["shapes"]["stage"]["prod"] == "v0.1.0"

    workspace.dailies("model", "promote", "shapes", worse, "--override", "--why", "the new labels are wrong")
    again = workspace.dailies("monitor", "shapes").stdout
    assert "was rolled back once (worse than v0.1.0" in again and live(workspace) == worse
    assert tags.lines(workspace.folder)["shapes"].before("prod")
