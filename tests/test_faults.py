"""Killed, doubled, refused: what a run leaves behind."""

import json
import os
import signal
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psutil
import pytest
from workspaces import Workspace

from lineage import current
from registry import runs

pytestmark = pytest.mark.slow
STAGES = ["plan", "ingest-shapes", "augment-shapes", "train-shapes", "validate-shapes", "register"]


def wait_for(process: "subprocess.Popen[str]", workspace: Workspace, stage: str) -> None:
    """Until the newest run has begun `stage`."""
    pattern = "runs/*/data/reports/shapes/run.json" if stage == "register" else f"logs/*/{stage}.log"
    until = time.monotonic() + 120
    seen = set((workspace.folder / ".dailies").glob("logs/*/*.log"))
    while time.monotonic() < until:
        fresh = set((workspace.folder / ".dailies").glob(pattern)) - seen
        if any(_changed(path, workspace) for path in fresh):
            return
        assert process.poll() is None, workspace.said("run", "shapes")
        time.sleep(0.005)
    raise AssertionError(f"{stage} did not begin")


def _changed(path: Path, workspace: Workspace) -> bool:
    """run.json is in the worktree from the last run on; it counts once the run has written it anew."""
    if path.name != "run.json":
        return True
    known = workspace.folder / "data/reports/shapes/run.json"
    return not known.is_file() or path.read_bytes() != known.read_bytes()


def steps_alive(workspace: Workspace) -> list[str]:
    alive = []
    for process in psutil.process_iter(["cmdline", "cwd"]):
        line = " ".join(process.info["cmdline"] or [])
        if "steps." in line and str(workspace.folder) in (process.info["cwd"] or ""):
            alive.append(line)
    return alive


def check_clean(workspace: Workspace, head: str, tags: list[str]) -> None:
    assert workspace.git("rev-parse", "main") == head
    assert workspace.tags() == tags
    assert workspace.git("status", "--porcelain", "--untracked-files=no") == "M params.yaml"
    workspace.git("fsck", "--no-dangling")


@pytest.mark.parametrize("stage", STAGES)
def test_killed_in_any_step_and_run_again(workspace: Workspace, stage: str) -> None:
    workspace.params("shift: 0.1", "shift: 0.15, noise: 0.01")
    workspace.params("licence: CC0-1.0", "licence: CC-BY-4.0")
    head, tags = workspace.git("rev-parse", "main"), workspace.tags()
    process = workspace.start("run", "shapes")
    wait_for(process, workspace, stage)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    check_clean(workspace, head, tags)

    answer = workspace.json("run", "shapes", exit_code=None)
    assert answer["new"] and answer["version"] == "v0.2.0"
    assert workspace.git("worktree", "list").count("\n") == 0
    assert workspace.git("branch", "--list", "run/*") == ""
    assert not steps_alive(workspace)
    assert workspace.json("doctor")["findings"]


def test_a_killed_flow_takes_its_step_along(workspace: Workspace) -> None:
    workspace.params("epochs: 4", "epochs: 4000")
    process = workspace.start("run", "shapes")
    wait_for(process, workspace, "train-shapes")
    [flow] = [p for p in psutil.Process(process.pid).children() if "flows.retrain" in p.cmdline()]
    flow.kill()
    assert process.wait(30) == 1
    until = time.monotonic() + 15
    while steps_alive(workspace) and time.monotonic() < until:
        time.sleep(0.2)
    assert not steps_alive(workspace)
    assert workspace.git("worktree", "list").count("\n") == 0


def test_an_interrupt_ends_the_run_and_says_so(workspace: Workspace) -> None:
    workspace.params("epochs: 4", "epochs: 4000")
    process = workspace.start("run", "shapes")
    wait_for(process, workspace, "train-shapes")
    os.killpg(process.pid, signal.SIGINT)
    assert process.wait(60) == 130, workspace.said("run", "shapes")
    assert not steps_alive(workspace)
    assert workspace.git("worktree", "list").count("\n") == 0


def test_a_command_told_to_terminate_takes_its_flow_and_its_step_along(workspace: Workspace) -> None:
    workspace.params("epochs: 4", "epochs: 4000")
    process = workspace.start("run", "shapes")
    wait_for(process, workspace, "train-shapes")
    below = psutil.Process(process.pid).children(recursive=True)
    process.terminate()
    assert process.wait(60) == 130, workspace.said("run", "shapes")
    _, alive = psutil.wait_procs(below, 15)
    assert not alive and not steps_alive(workspace)
    assert workspace.git("worktree", "list").count("\n") == 0


def test_a_second_run_of_the_same_model_is_refused_while_the_first_goes_on(workspace: Workspace) -> None:
    workspace.params("epochs: 4", "epochs: 40")
    first = workspace.start("run", "shapes")
    wait_for(first, workspace, "train-shapes")
    said = workspace.dailies("run", "shapes", exit_code=11).stderr
    assert said.startswith("dailies: model-shapes is locked by process ")
    assert first.wait(120) in (0, 4), workspace.said("run", "shapes")
    assert "shapes@v0.2.0" in workspace.tags()


def test_nobody_looks_at_a_workspace_where_a_run_is_half_landed(workspace: Workspace) -> None:
    """git writes the files of a landing one by one; a run that began then would take half of them along."""
    root, lock = workspace.folder, workspace.folder / "dvc.lock"
    whole = lock.read_bytes()
    with ThreadPoolExecutor() as pool:
        with runs.lock(root, runs.LANDING):
            lock.write_bytes(whole[: len(whole) // 2])
            starting = pool.submit(runs.start, root, "shapes", {})
            looking = pool.submit(current.look, root, "shapes", "shapes")
            time.sleep(1)
            assert not starting.done() and not looking.done()
            lock.write_bytes(whole)
        run = starting.result()
        assert runs.taken_commit(run) == "" and looking.result().reasons == ()
        runs.end(run)


def test_two_models_at_once_both_land(workspace: Workspace) -> None:
    workspace.params("epochs: 4", "epochs: 5")
    both = [workspace.start("run", name) for name in ("shapes", "others")]
    for process, name in zip(both, ("shapes", "others"), strict=True):
        assert process.wait(240) in (0, 4), workspace.said("run", name)
    assert {"shapes@v0.2.0", "others@v0.1.0"} <= set(workspace.tags())
    assert workspace.dvc("status") == "Data and pipelines are up to date."
    for name in ("shapes", "others"):
        assert workspace.json("run", name)["current"]


def test_a_spoilt_candidate_is_kept_and_explained_and_never_live(workspace: Workspace) -> None:
    answer = workspace.json("run", "shapes", "--set", "gate.accuracy.at_least=1.01", "--set", "epochs=1", exit_code=4)
    assert not answer["promoted"] and not answer["landed"]
    assert any(not rule["passed"] for rule in answer["rules"])
    assert [tag for tag in workspace.tags() if "#prod" in tag] == ["shapes#prod#1"]
    assert workspace.git("rev-parse", "shapes#prod#1^{commit}") == workspace.git("rev-parse", "shapes@v0.1.0^{commit}")
    shown = workspace.json("model", "show", answer["tag"])
    assert shown["stages"] == [] and shown["verdict"]["rules"] == answer["rules"]
    assert "1.01" not in (workspace.folder / "params.yaml").read_text()
    assert (
        json.loads(workspace.git("show", f"{answer['tag']}:data/reports/shapes/run.json"))["weights"]
        == shown["weights"]
    )


def test_a_candidate_worse_than_the_champion_is_refused(workspace: Workspace) -> None:
    answer = workspace.json("run", "shapes", "--set", "rate=0.0", "--set", "epochs=1", exit_code=4)
    assert any(rule["rule"] == "not worse than v0.1.0" and not rule["passed"] for rule in answer["rules"])
    assert workspace.json("status")["models"]["shapes"]["live"] == "v0.1.0"
    workspace.params("seed: 1}", "seed: 1}\n    worse_by: 0.9")
    answer = workspace.json("run", "shapes", "--set", "rate=0.0", "--set", "epochs=1", exit_code=None)
    assert any(rule["rule"] == "not worse than v0.1.0 by 0.9" and rule["passed"] for rule in answer["rules"])


def test_doctor_removes_what_a_killed_run_left(workspace: Workspace) -> None:
    workspace.params("epochs: 4", "epochs: 4000")
    process = workspace.start("run", "shapes")
    wait_for(process, workspace, "train-shapes")
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    assert "left a worktree" in workspace.dailies("doctor", exit_code=1).stdout
    workspace.dailies("doctor", "--fix")
    assert workspace.git("worktree", "list").count("\n") == 0
    assert workspace.git("branch", "--list", "run/*") == ""


def test_a_server_that_is_away_is_one_line(workspace: Workspace) -> None:
    workspace.params("epochs: 4", "epochs: 3")
    away = Workspace(
        workspace.folder, workspace.pictures, workspace.env | {"PREFECT_API_URL": "http://127.0.0.1:9/api"}
    )
    said = away.dailies("run", "shapes", exit_code=1).stderr
    assert said.startswith("dailies: the Prefect server at http://127.0.0.1:9/api does not answer")
    assert len(said.splitlines()) == 1 and workspace.git("worktree", "list").count("\n") == 0
