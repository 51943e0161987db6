"""Schedules of params.yaml on a real Prefect server: what differs, what is applied, and that runs are really scheduled.

Some versions of SQLAlchemy and Prefect together schedule nothing and say so in the server's log alone.
"""

import datetime
import re
import zoneinfo
from pathlib import Path
from typing import Any

import pytest
import yaml
from scheduled import until
from workspaces import ROOT, Workspace

from flows.api import Api
from flows.deploy import Change, deploy
from project.errors import UsageError

pytestmark = pytest.mark.slow
SOURCES = {"pictures": {"kind": "image", "licence": "CC0-1.0", "path": "pictures"}}
NIGHTLY = {"cron": "0 3 * * *", "timezone": "Europe/Paris"}


def write(root: Path, refresh: dict[str, Any] | None = None, **schedules: dict[str, Any] | None) -> None:
    """A params.yaml of models with these schedules."""
    models = {name: {"recipe": "x", "source": "pictures"} for name in schedules}
    for name, schedule in schedules.items():
        models[name] |= {"schedule": schedule} if schedule else {}
    content = {"sources": SOURCES, "models": models} | ({"refresh": refresh} if refresh else {})
    (root / "params.yaml").write_text(yaml.safe_dump(content, sort_keys=False))


def said(changes: list[Change]) -> list[str]:
    """Without the pool and the automations that every workspace has."""
    mine = [
        each
        for each in changes
        if each.kind != "pool" and each.name not in ("dailies: zombies", "dailies: never begun")
    ]
    return [f"{each.what} {each.name}: {each.said}" for each in mine]


def test_what_is_said_first_is_what_is_applied(server: str, tmp_path: Path) -> None:
    api = Api(server)
    write(tmp_path, faces=NIGHTLY, voices={"after": "faces"}, texts={"after": "new data", "check": "15 min"})
    first = deploy(tmp_path, api, dry_run=True)
    assert said(first) == [
        "+ retrain/faces: cron 0 3 * * * Europe/Paris",
        "+ retrain/voices: no schedule",
        "+ retrain/texts: every 15 min UTC",
        "+ refresh/all: no schedule",
        "+ dailies: voices after faces: when a version of faces goes live",
    ]
    assert deploy(tmp_path, api, dry_run=True) == first
    assert said(deploy(tmp_path, api)) == said(first)
    assert deploy(tmp_path, api) == []

    faces = api.get("/deployments/name/retrain/faces")
    api.ask("PATCH", f"/deployments/{faces['id']}", {"paused": True})
    write(
        tmp_path,
        {"every": "1 d", "timezone": "UTC", "limit": 2},
        faces={"every": "6 h", "timezone": "Asia/Kolkata"},
        voices=None,
    )
    assert said(deploy(tmp_path, api)) == [
        "~ retrain/faces: cron 0 3 * * * Europe/Paris → every 6 h Asia/Kolkata",
        "~ refresh/all: no schedule → every 1 d UTC",
        "- retrain/texts: params.yaml does not ask for it any more",
        "- dailies: voices after faces: params.yaml does not ask for it any more",
    ]
    assert api.get("/deployments/name/retrain/faces")["paused"], "what a person paused stays so"

    run = api.post(f"/deployments/{faces['id']}/create_flow_run", {})["id"]
    api.set_state(run, "RUNNING", "Running", "")
    write(tmp_path, {"every": "1 d", "timezone": "UTC", "limit": 2}, voices=None)
    gone = "- retrain/faces: no schedule any more; it goes with the first deploy after its run"
    assert said(deploy(tmp_path, api)) == said(deploy(tmp_path, api, dry_run=True)) == [gone]
    assert api.get("/deployments/name/retrain/faces")["schedules"] == []
    api.set_state(run, "COMPLETED", "Completed", "")
    assert said(deploy(tmp_path, api)) == ["- retrain/faces: params.yaml does not ask for it any more"]

    (tmp_path / "params.yaml").write_text("models: [")
    with pytest.raises(UsageError, match="is not YAML"):
        deploy(tmp_path, api)
    write(tmp_path)
    deploy(tmp_path, api)


def test_the_page_shows_what_is_printed(server: str, workspace: Workspace) -> None:
    """docs/scheduling.md: its params.yaml, deployed, and the change of it that the page tells."""
    page = (ROOT / "docs/scheduling.md").read_text(encoding="utf-8")
    first, change = re.findall(r"^```console\n(.*?)^```", page, re.MULTILINE | re.DOTALL)
    [content] = re.findall(r"^```yaml\n(.*?)^```", page, re.MULTILINE | re.DOTALL)
    (workspace.folder / "params.yaml").write_text(content)
    ours = re.compile(r" retrain/|: \w+ after ")  # other workspaces of this server have the automations for all
    shown = [line for line in first.splitlines() if ours.search(line)]
    changes = deploy(workspace.folder, Api(server))
    told = [f"{each.what} {each.kind} {each.name}  {each.said}" for each in changes]
    assert [line for line in told if ours.search(line)] == shown

    workspace.params("0 3 * * *", "0 4 * * *")
    workspace.params("{after: as_data_comes}", "{after: nightly}")
    printed = workspace.dailies("deploy", "--dry-run").stdout
    assert printed.splitlines()[:-1] == change.splitlines()[1:-1]
    write(workspace.folder)
    deploy(workspace.folder, Api(server))


@pytest.mark.parametrize(
    ("schedule", "zone", "hours"),
    [
        (NIGHTLY, "Europe/Paris", {3}),
        ({"every": "6 h", "timezone": "Asia/Kolkata"}, "Asia/Kolkata", {0, 6, 12, 18}),
        (
            {"rrule": "FREQ=DAILY;BYHOUR=5;BYMINUTE=0;BYSECOND=0", "timezone": "America/New_York"},
            "America/New_York",
            {5},
        ),
    ],
    ids=["cron", "every", "rrule"],
)
def test_runs_are_scheduled_at_local_times(
    server: str, tmp_path: Path, schedule: dict[str, Any], zone: str, hours: set[int]
) -> None:
    api = Api(server)
    write(tmp_path, faces=schedule)
    deploy(tmp_path, api)
    assert deploy(tmp_path, api, dry_run=True) == [], "the server says it in other words"
    faces = api.get("/deployments/name/retrain/faces")["id"]
    asked = {
        "flow_runs": {"deployment_id": {"any_": [faces]}, "state": {"type": {"any_": ["SCHEDULED"]}}},
        "limit": 200,
    }
    runs = until("no run was scheduled", lambda: api.post("/flow_runs/filter", asked), 90)
    times = [datetime.datetime.fromisoformat(run["expected_start_time"]) for run in runs]
    assert {moment.astimezone(zoneinfo.ZoneInfo(zone)).hour for moment in times} <= hours
    write(tmp_path)
    deploy(tmp_path, api)
