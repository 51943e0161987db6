"""The canary: a version that is worse on assets which neither it nor its predecessor knew is rolled back, once."""

import json
import shutil
import sys
from pathlib import Path

import pytest
from test_documents import blocks, masked
from workspaces import ROOT, Workspace, draw_shapes

from registry import records

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


def live(workspace: Workspace) -> str:
    return str(workspace.json("status")["models"]["shapes"]["live"])


def test_a_spoilt_successor_is_rolled_back_once(trained: Workspace, tmp_path: Path) -> None:
    workspace = own(trained, tmp_path)
    arrive(workspace, 120, 7, labels=("square", "disc"))
    worse = workspace.json("run", "shapes", exit_code=None)["version"]
    if live(workspace) != worse:  # the test split holds wrong labels as well, so its gate may have let it through
        workspace.dailies("model", "promote", "shapes", worse, "--override", "--why", "labels are said to be right")
    arrive(workspace, 10, 8)
    few = workspace.dailies("monitor", "shapes")
    assert few.stdout == f"shapes@{worse} against v0.1.0: too few new assets, 20 of 40\n"
    arrive(workspace, 25, 9)
    head, status = workspace.git("rev-parse", "main"), workspace.git("status", "--porcelain")
    said = workspace.dailies("monitor", "shapes", exit_code=4)
    [shown] = [block for block in blocks(ROOT / "docs/monitoring.md", "console") if "dailies monitor" in block]
    assert masked(said.stdout) == masked(shown.partition("\n")[2])
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

    workspace.git("tag", "-d", "shapes#prod!#3")  # as if it had been killed after the look
    code = "from flows.monitor import monitor; print(monitor('shapes', return_state=True).name)"
    assert workspace._tool(sys.executable, "-c", code).splitlines()[-1] == "Rolled back"
    assert live(workspace) == "v0.1.0" and len(records.read(workspace.folder, "canary")) == 1

    for path in [*workspace.pictures.glob("*/8-*"), *workspace.pictures.glob("*/9-*")]:
        path.unlink()
    workspace.params(RULE, RULE.replace("40", "30"))
    run = workspace.json("run", "shapes", exit_code=4)
    refused = [rule["rule"] for rule in run["rules"] if not rule["passed"]]
    assert refused == ["not rolled back"] and live(workspace) == "v0.1.0", "it does not come back by itself"
    assert "nothing to compare" in workspace.dailies("monitor", "shapes").stdout

    workspace.dailies("model", "promote", "shapes", worse, "--override", "--why", "the new labels are wrong")
    again = workspace.dailies("monitor", "shapes").stdout
    assert "was rolled back once (worse than v0.1.0" in again and live(workspace) == worse


def test_a_good_successor_stays_and_nothing_is_stale_for_being_watched(trained: Workspace, tmp_path: Path) -> None:
    workspace = own(trained, tmp_path)
    workspace.dailies("run", "shapes", "--set", "epochs=6")
    assert live(workspace) == "v0.2.0"
    before = plans(workspace)
    for old, new in (
        (RULE, "    monitor: {at_least: 20}\n    promote: ask\n"),
        ("{at_least: 20}\n    promote: ask", "{at_least: 40}"),
    ):
        workspace.params(old, new)
        workspace.dvc("repro", "plan")
        assert plans(workspace) == before, "who lets it go live and how it is watched decides no result"
    arrive(workspace, 25, 9)
    [first] = workspace.json("monitor")["models"]
    assert (first["model"], first["outcome"] in ("not worse", "better"), first["needed"]) == ("shapes", True, 100)
    assert first["look"]["assets"] == 50 and first["look"]["interval"][1] >= 0
    assert workspace.dailies("monitor").stdout.startswith(
        "shapes@v0.2.0 against v0.1.0: too few new assets, 50 of 100; "
    )
    assert live(workspace) == "v0.2.0"
    assert [each.name for each in records.read(workspace.folder, "canary")] == ["canary/shapes/v0.2.0/v0.1.0/1"]


def plans(workspace: Workspace) -> dict[str, str]:
    return {str(path): path.read_text() for path in (workspace.folder / "data/plan").rglob("shapes.json")}


def test_what_cannot_be_watched_is_said(trained: Workspace) -> None:
    said = trained.dailies("monitor", "shapes", exit_code=2).stderr
    assert "models.shapes of params.yaml has no rule to monitor by; write for example monitor: {}" in said
    assert "no model of params.yaml has monitor:" in trained.dailies("monitor").stdout
