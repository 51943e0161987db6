"""`dailies runs`: what ran and what runs, from disk and from a real server, killed and cancelled runs included."""

import contextlib
import json
import os
import signal
import subprocess
import time
from pathlib import Path
from typing import Any

import psutil
import pytest
from test_faults import steps_alive, wait_for
from workspaces import Workspace

from flows.questions import Server
from registry import run_log
from studio import run_list, run_logs

pytestmark = pytest.mark.slow


def runs(workspace: Workspace, *arguments: str) -> list[dict[str, Any]]:
    return list(workspace.json("runs", "ls", "--limit", "500", *arguments)["runs"])


def alone(workspace: Workspace) -> Workspace:
    """The same without a server: only what stays on disk is there."""
    env = {key: value for key, value in workspace.env.items() if key != "PREFECT_API_URL"}
    return Workspace(
        workspace.folder, workspace.pictures, env | {"PREFECT_HOME": str(workspace.folder.parent / "none")}
    )


def flow(workspace: Workspace) -> psutil.Process:
    """The process of the newest run."""
    [newest, *_] = run_list.ids(workspace.folder)
    return psutil.Process(run_log.read(workspace.folder / ".dailies/logs" / newest)["process"]["pid"])


def test_a_run_is_told_from_disk_and_from_the_server_alike(trained: Workspace) -> None:
    [kept] = runs(alone(trained), "--model", "shapes")
    [seen] = [each for each in runs(trained, "--model", "shapes") if each["run"] == kept["run"]]
    assert seen["version"] == "v0.1.0" and seen["trigger"] == "hand" and seen["said"] == "shapes@v0.1.0 is live in prod"
    assert kept == seen

    shown = trained.dailies("runs", "show", seen["run"][-4:]).stdout
    assert shown.startswith(f"{seen['run']}\n  model     shapes\n  state     landed: ")
    assert f"/runs/flow-run/{seen['flow_run_id']}" in shown and "  passed   accuracy at least 0.3: " in shown
    for stage in ("plan", "ingest@shapes", "augment@shapes", "train@shapes", "validate@shapes"):
        assert f"\n  {stage} " in shown
    assert "train-shapes  4 of 4 epochs, loss " in trained.dailies("runs", "logs", seen["run"]).stdout
    watched = trained.dailies("runs", "watch", seen["run"])
    assert watched.stdout.splitlines()[-1] == f"{seen['run']} landed: shapes@v0.1.0 is live in prod"


def test_prefect_shows_progress_curves_pictures_gate_and_version(trained: Workspace) -> None:
    [seen] = runs(alone(trained), "--model", "shapes")
    rules = {"flow_run_id": {"any_": [seen["flow_run_id"]]}}
    with contextlib.closing(Server(trained.env["PREFECT_API_URL"])) as asked:
        found = asked.ask("POST", "/artifacts/filter", {"artifacts": rules, "limit": 100, "sort": "CREATED_DESC"})
    by_key = {each["key"]: each for each in found}
    progress = by_key["progress-train-shapes"]
    assert progress["type"] == "progress" and progress["data"] == 100.0
    assert progress["description"].startswith("train@shapes: 4 of 4 epochs, loss ")
    for key in ("loss-shapes", "confusion-shapes", "mistakes-shapes"):
        assert by_key[key]["type"] == "image" and by_key[key]["data"].startswith("data:image/")
    for key in ("metrics-shapes", "refused-shapes", "checks-shapes", "shards-shapes", "assets-shapes"):
        assert by_key[key]["type"] == "table"
    version = by_key["version-shapes"]["data"]
    assert "**shapes@v0.1.0** is live" in version and "data/reports/shapes/report.html" in version
    assert "| accuracy at least 0.3 | passed |" in version and "`dailies model show shapes@v0.1.0`" in version
    assert sum(len(str(each["data"])) for each in found) < 120_000, "what a run puts into the server's database"


def test_what_cannot_be_is_said_in_one_line(trained: Workspace) -> None:
    [seen] = runs(alone(trained), "--model", "shapes")
    for arguments, said in (
        (("ls", "--state", "fialed"), "'fialed' is not a state of a run; did you mean 'failed'?"),
        (("ls", "--limit", "0"), "--limit is 0; it must be at least 1"),
        (("show", "nobody"), "run 'nobody' is not known here; the newest: "),
        (("cancel", seen["run"]), f"{seen['run']} is not under way, it is landed"),
        (("logs", seen["run"], "-f", "--json"), "choose one"),
    ):
        done = trained.dailies("runs", *arguments, exit_code=2)
        assert said in done.stderr + done.stdout and "Traceback" not in done.stderr


def test_a_server_that_is_away_leaves_what_stays_on_disk(trained: Workspace) -> None:
    env = trained.env | {"PREFECT_API_URL": "http://127.0.0.1:9/api"}
    said = Workspace(trained.folder, trained.pictures, env).dailies("runs", "ls").stdout.splitlines()
    assert len(said) == 3 and " landed " in said[1]
    assert said[2].startswith("the Prefect server at http://127.0.0.1:9/api does not answer (")


def test_killed_cancelled_and_run_again(workspace: Workspace) -> None:
    workspace.params("epochs: 4", "epochs: 4000")
    process = workspace.start("run", "shapes")
    wait_for(process, workspace, "train-shapes")
    running = {each["run"]: each for each in runs(workspace, "--state", "running", "--model", "shapes")}
    now = running[run_list.ids(workspace.folder)[0]]
    assert now["ended"] == ""
    refused = workspace.dailies("runs", "retry", now["run"], exit_code=2).stderr
    assert refused.startswith(f"dailies: {now['run']} is running; watch it")
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    [killed] = [each for each in runs(alone(workspace)) if each["run"] == now["run"]]
    assert killed["state"] == "killed" and killed["said"] == "its process ended without a word"

    process = workspace.start("runs", "retry", now["run"])
    wait_for_run(process, workspace, "train-shapes", "runs", "retry", now["run"])
    again = run_list.ids(workspace.folder)[0]
    assert run_log.read(workspace.folder / ".dailies/logs" / again)["trigger"] == f"retry of {now['run']}"
    child = flow(workspace)
    answer = workspace.json("runs", "cancel", again)
    assert answer == {"run": again, "state": "cancelled"}
    assert process.wait(30) == 130
    assert not child.is_running() or child.status() == psutil.STATUS_ZOMBIE
    assert steps_alive(workspace) == [] and workspace.git("worktree", "list").count("\n") == 0
    [cancelled] = [each for each in runs(workspace, "--state", "cancelled") if each["run"] == again]
    assert cancelled["said"] == "it was told to stop"


def wait_for_run(process: "subprocess.Popen[str]", workspace: Workspace, stage: str, *said: str) -> None:
    """Until the newest run of a command that was started has begun `stage`."""
    before = set((workspace.folder / ".dailies").glob(f"logs/*/{stage}.log"))
    until = time.monotonic() + 120
    while not set((workspace.folder / ".dailies").glob(f"logs/*/{stage}.log")) - before:
        assert process.poll() is None and time.monotonic() < until, workspace.said(*said)
        time.sleep(0.01)


def test_a_refused_run_and_a_failed_one_say_why(workspace: Workspace, tmp_path: Path) -> None:
    workspace.dailies("run", "shapes", "--set", "gate.accuracy.at_least=1.1", exit_code=4)
    workspace.params(str(workspace.pictures), str(tmp_path / "nowhere"))
    workspace.dailies("run", "shapes", exit_code=2)
    failed, refused, landed = runs(alone(workspace))
    assert [each["state"] for each in (failed, refused, landed)] == ["failed", "refused", "landed"]
    assert "nowhere" in failed["said"] and "accuracy" in refused["said"] and " < 1.1" in refused["said"]
    assert refused["overrides"] == {"gate.accuracy.at_least": 1.1}
    assert workspace.dailies("runs", "watch", failed["run"], exit_code=1).stdout.endswith(f"{failed['said']}\n")
    assert "ingest@shapes" in workspace.dailies("runs", "show", failed["run"]).stdout


def test_of_ticks_the_last_is_shown_and_all_else() -> None:
    ticks = [json.dumps({"done": done, "total": 4, "unit": "epochs", "loss": 0.5 / done}) for done in (1, 2, 4)]
    text = "\n".join(["a line", *ticks, '{"note": "102 train"}', '{"error": "no", "exit_code": 1}', "{not json"])
    assert list(run_logs.readable(text)) == ["a line", "4 of 4 epochs, loss 0.125", "102 train", "no", "{not json"]
