"""`dailies up` with its real server, worker and runs: schedules that fire, and what happens when something is killed.

The tests share what is up and go in order: the first kills a machine's worth of processes, the last but one looks
whether the server has noticed by itself.
"""

import datetime
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from scheduled import FINAL, Up, kill_below, second_worker, until
from workspaces import Workspace

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]
PARAMS = """\
sources:
  shapes: {{kind: image, path: "{pictures}", licence: CC0-1.0}}
models:
  shapes:
    recipe: image_classification
    source: shapes
    settings: {{network: cnn, size: 12, width: 8, epochs: {epochs}, batch: 8, rate: 0.01, average: 0.9, seed: 1}}
    augment: {{copies: 1, shift: 0.1}}
    gate: {{accuracy: {{at_least: 0.3}}}}
    {shapes}
  others:
    recipe: image_classification
    source: shapes
    settings: {{network: separable, size: 12, width: 4, epochs: 1, batch: 16, seed: 1}}
    {others}
"""
SLEEPER = """\
  sleeper:
    recipe: image_classification
    source: shapes
    settings: {network: separable, size: 12, width: 4, epochs: 10000, batch: 2, seed: 1}
"""


def params(up: Up, *, epochs: int = 4, shapes: str = "", others: str = "", more: str = "") -> None:
    """Write params.yaml as a person would."""
    up.write(PARAMS.format(pictures=up.workspace.pictures, epochs=epochs, shapes=shapes, others=others) + more)


@pytest.fixture(scope="module")
def up(trained: Workspace, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Up]:
    env = {key: value for key, value in trained.env.items() if key not in ("PREFECT_API_URL", "PREFECT_HOME")}
    copy = trained.copy(tmp_path_factory.mktemp("up") / "workspace")
    found = Up(Workspace(copy.folder, copy.pictures, env))
    params(found, more=SLEEPER)
    copy.git("commit", "-qam", "A model that never ends")
    said = found.workspace.dailies("up", "--detach", "--port", "0", "--limit", "2").stdout
    assert "+ deployment retrain/sleeper  no schedule" in said and "Dailies is up at http://127.0.0.1:" in said
    yield found
    found.workspace.dailies("down")
    until("a process is left", lambda: not found.processes(), 30)


@pytest.fixture(scope="module")
def killed(up: Up) -> str:
    """The flow run of a model whose machine went away while it trained."""
    flow_run = up.start("retrain/sleeper")
    until("the sleeper does not train", lambda: up.trains("sleeper"))
    kill_below(up.pid("worker"))
    assert up.run(flow_run)["state_name"] == "Running"
    params(up)
    up.workspace.git("commit", "-qam", "Without it")
    until("no new worker", lambda: up.status["children"]["worker"]["restarts"])
    return flow_run


def test_a_schedule_fires_by_itself_in_one_flow_run_and_the_chained_model_after_it(up: Up, killed: str) -> None:
    params(up, epochs=3, shapes="schedule: {every: 60 s, timezone: Europe/Paris}", others="schedule: {after: shapes}")
    changes = up.workspace.json("deploy")["changes"]
    assert [(each["change"], each["name"]) for each in changes] == [
        ("~", "retrain/shapes"), ("-", "retrain/sleeper"), ("+", "dailies: others after shapes"),
    ]  # fmt: skip
    [left] = up.workspace.json("deploy", "--dry-run")["changes"]
    assert left["name"] == "retrain/sleeper" and left["said"].endswith("it goes with the first deploy after its run")

    ended = lambda: [run for run in up.runs("retrain/shapes") if run["state_type"] in FINAL]  # noqa: E731
    first = until("it does not fire", ended)[0]
    assert first["state_name"] in ("Completed", "Refused") and first["auto_scheduled"]
    shown = up.workspace.json("model", "show", up.versions("shapes")[-1])
    assert shown["run"] == first["name"] and shown["trigger"] == "schedule"
    assert shown["flow_run_id"] == first["id"]
    assert up.cleaned("shapes")

    up.api.emit("dailies.promoted", "shapes", {})  # once more: of two that follow, one finds it current
    trained = ("Completed", "Refused")
    until("others does not follow", lambda: [run for run in up.runs("retrain/others") if run["state_name"] in trained])
    assert "others@v0.1.0" in up.workspace.tags()


def test_after_an_outage_only_the_latest_due_run_starts(up: Up) -> None:
    due = until("none is some seconds ahead", lambda: _ahead(up))
    up.make_due(due)
    ended = [up.wait(each) for each in due]
    assert [run["state_name"] for run in ended] == ["Overtaken", "Overtaken", "Current"]
    assert ended[0]["state"]["message"].startswith(f"Overtaken by {ended[2]['name']}")
    params(up, epochs=3)
    up.workspace.json("deploy")
    assert not [run for run in up.runs("retrain/shapes") if run["state_type"] == "SCHEDULED"]


def _ahead(up: Up) -> list[str]:
    """The next three runs of the schedule, once the first of them is not about to start and none has just begun."""
    found = up.runs("retrain/shapes")
    if any(run["state_type"] in ("PENDING", "RUNNING") for run in found):
        return []  # its own schedule is just firing
    runs = [run for run in found if run["state_type"] == "SCHEDULED"][:3]
    begins = datetime.datetime.fromisoformat(runs[0]["expected_start_time"])
    soon = begins - datetime.datetime.now(datetime.UTC) < datetime.timedelta(seconds=10)
    return [] if soon else [run["id"] for run in runs]


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("models:", "models: [", "params.yaml is not YAML"),
        ("epochs: 3", "epohcs: 3", "did you mean 'epochs'?"),
    ],
)
def test_params_broken_at_night_fail_the_run_clearly_and_the_old_version_stays(
    up: Up, old: str, new: str, said: str
) -> None:
    params(up, epochs=3)
    tags = up.workspace.tags()
    up.workspace.params(old, new)
    ended = up.wait(up.start("retrain/shapes"))
    assert ended["state_name"] == "Failed" and said in ended["state"]["message"]
    assert up.workspace.tags() == tags and up.cleaned("shapes")
    up.workspace.params(new, old)


def test_a_run_that_is_cancelled_leaves_nothing(up: Up) -> None:
    params(up, epochs=10000)
    flow_run = up.start("retrain/shapes")
    until("shapes does not train", lambda: up.trains("shapes"))
    command = [Path(sys.executable).with_name("prefect"), "flow-run", "cancel", flow_run]
    subprocess.run(
        command, env=up.workspace.env | {"PREFECT_API_URL": up.status["url"]}, check=True, capture_output=True
    )
    assert up.wait(flow_run)["state_name"] == "Cancelled"
    assert up.cleaned("shapes")


def test_a_run_waits_for_one_that_a_person_started(up: Up) -> None:
    params(up, epochs=10000)
    by_hand = up.workspace.start("run", "shapes")
    until("shapes does not train", lambda: up.trains("shapes"))
    flow_run = up.start("retrain/shapes")
    waits = up.wait(flow_run, "AwaitingLock")
    assert f"locked by process {by_hand.pid}" in waits["state"]["message"]
    params(up, epochs=2)
    os.killpg(by_hand.pid, signal.SIGINT)
    assert by_hand.wait(60) == 130
    before = up.versions("shapes")
    assert up.wait(flow_run)["state_name"] in ("Completed", "Refused")
    assert len(up.versions("shapes")) == len(before) + 1


def test_worker_and_server_killed_and_main_moved_on_while_it_trains(up: Up) -> None:
    """The run is taken up by the next worker at its last checkpoint, goes on without its server, and lands by a merge."""
    params(up, epochs=500)
    up.workspace.json("deploy")
    versions = up.versions("shapes")
    flow_run = up.start("retrain/shapes")
    until("shapes does not train", lambda: up.trains("shapes"))
    os.kill(up.pid("worker"), signal.SIGKILL)
    up.wait(flow_run, "AwaitingRetry", "Pending", "Submitting")
    until("shapes does not train again", lambda: up.trains("shapes"))
    os.kill(up.pid("server"), signal.SIGKILL)
    readme = up.workspace.folder / "README.md"
    readme.write_text(readme.read_text() + "\nWritten meanwhile.\n")
    up.workspace.git("commit", "-qm", "Main moves on", "README.md")

    assert up.wait(flow_run)["state_name"] in ("Completed", "Refused")
    assert up.states(flow_run).count("AwaitingRetry") == 1 and up.status["children"]["server"]["restarts"]
    assert len(up.versions("shapes")) == len(versions) + 1 and up.cleaned("shapes")
    assert "Merge main into run/shapes-" in up.workspace.git("log", "--format=%s", "-5")
    assert up.workspace.git("status", "--porcelain") == ""


def test_two_workers_run_each_run_once(up: Up, tmp_path: Path) -> None:
    other = second_worker(up, tmp_path / "worker.log")
    try:
        until("no second worker", lambda: "started!" in (tmp_path / "worker.log").read_text())
        params(up, epochs=5)
        versions = up.versions("shapes")
        asked = [up.start(f"retrain/{name}") for name in ("shapes", "others", "shapes", "others", "shapes")]
        ended = [up.wait(each) for each in asked]
    finally:
        other.terminate()
        other.communicate(timeout=60)
    begun = [run for run in ended if run["state_name"] != "Current"]
    assert all(run["state_type"] == "COMPLETED" for run in ended)
    assert all(up.states(run["id"]).count("Running") == 1 for run in begun)
    assert len([run for run in begun if run["parameters"]["model"] == "shapes"]) == 1
    assert len(up.versions("shapes")) == len(versions) + 1


def test_a_refresh_runs_all_that_changed_and_one_that_fails_stops_no_other(up: Up, tmp_path: Path) -> None:
    away = f"  away: {{kind: image, path: {tmp_path / 'away'}, licence: CC0-1.0}}\n"
    params(up, epochs=6, others="schedule: {after: shapes}")
    versions = up.versions("shapes")
    up.workspace.params("models:\n", f"{away}models:\n  broken: {{recipe: image_classification, source: away}}\n")
    up.workspace.json("deploy")
    ended = up.wait(up.start("refresh/all"))
    assert ended["state_name"] == "Failed" and "broken" in ended["state"]["message"]
    [broken] = up.runs("retrain/broken")
    assert broken["state_name"] == "Failed" and str(tmp_path / "away") in broken["state"]["message"]
    assert up.runs("retrain/shapes")[-1]["state_name"] in ("Completed", "Refused")
    assert len(up.versions("shapes")) == len(versions) + 1
    params(up, epochs=6)
    up.workspace.git("commit", "-qam", "Without it")


def test_a_run_whose_machine_went_away_is_called_crashed(up: Up, killed: str) -> None:
    ended = up.wait(killed)
    assert ended["state_name"] == "Crashed" and "not been heard of for 90 s" in ended["state"]["message"]
    up.workspace.json("deploy")
    assert up.workspace.json("deploy", "--dry-run")["changes"] == [], "its deployment would still be there"
    assert not up.worktrees("sleeper"), "the next run of any model removes what was left"


def test_a_server_that_others_reach_asks_for_a_secret(workspace: Workspace) -> None:
    said = workspace.dailies("up", "--host", "0.0.0.0", exit_code=2).stderr
    assert said.startswith("dailies: on 0.0.0.0 everybody who reaches this machine could have it run any command; set ")


def test_up_is_up_once_and_leaves_no_process_when_it_is_killed(up: Up) -> None:
    said = up.workspace.dailies("up", exit_code=11).stderr
    assert said.startswith("dailies: Dailies is up already at http://127.0.0.1:")
    assert up.workspace.dailies("up", "--status").stdout.startswith("Dailies is up at http://127.0.0.1:")
    pid = up.status["pid"]
    below = psutil.Process(pid).children(recursive=True)
    os.kill(pid, signal.SIGKILL)
    _, alive = psutil.wait_procs(below, 60)
    assert not alive
    assert up.workspace.dailies("up", "--status", exit_code=1).stdout.startswith("Dailies is not up")
    up.workspace.dailies("up", "--detach", "--port", "0")
