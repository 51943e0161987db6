"""`dailies status`: what was remembered holds only while nothing has changed, and what the server knows of schedules."""

import datetime
import json
import os
import shutil
import subprocess
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from workspaces import Workspace

from lineage import current
from registry import remembered, tags
from studio import schedules
from studio import status as overview
from studio.schedules import Known

pytestmark = pytest.mark.slow
MODELS = {"shapes": "shapes", "others": "shapes"}


def looks(workspace: Workspace) -> tuple[Any, Any]:
    """What DVC says now, and what is remembered, or asked for what has changed."""
    root = workspace.folder
    return current.look_at_all(root, MODELS), current.glance_at_all(root, MODELS, tags.versions(root))


def stale(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> dict[str, list[str]]:
    """What is remembered, without DVC: it fails where DVC would be asked."""

    def never(root: Path, **core: str) -> Any:
        raise AssertionError("DVC is asked")

    monkeypatch.setattr("registry.dvc.opened", never)
    return remembered.stale(workspace.folder, ["plan", "ingest@shapes", "augment@shapes", "train@shapes"])


def test_what_is_remembered_is_what_dvc_says(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    asked, kept = looks(workspace)
    assert asked == kept and not kept["shapes"].reasons and kept["others"].reasons
    asked, kept = looks(workspace)
    assert asked == kept
    assert stale(workspace, monkeypatch) == {}


def change_a_byte(workspace: Workspace) -> None:
    path = workspace.folder / "data/weights/shapes/card.json"
    text = path.read_text()
    path.unlink()
    path.write_text(text.replace("a", "b", 1))


def lose_an_output(workspace: Workspace) -> None:
    shutil.rmtree(workspace.folder / "data/shards/shapes")


def lose_an_object(workspace: Workspace) -> None:
    md5 = tags.versions(workspace.folder, "shapes")[0].message["weights"]
    (workspace.folder / ".dvc/cache/files/md5" / md5[:2] / md5[2:]).unlink()


def edit_code(workspace: Workspace) -> None:
    path = workspace.folder / "models/networks/cnn.py"
    path.write_text(path.read_text() + "\nEDITED = True\n")


def edit_params(workspace: Workspace) -> None:
    workspace.params("epochs: 4", "epochs: 3")


def add_code(workspace: Workspace) -> None:
    (workspace.folder / "recipes/another.py").write_text("")


@pytest.mark.parametrize("change", [change_a_byte, lose_an_output, lose_an_object, edit_code, edit_params, add_code])
def test_each_change_is_seen(workspace: Workspace, change: Any) -> None:
    looks(workspace)
    change(workspace)
    asked, kept = looks(workspace)
    assert asked["shapes"].reasons and asked == kept


def test_the_screen_tells_of_the_last_run_and_that_no_schedule_is_served(workspace: Workspace) -> None:
    schedule = '    schedule: {cron: "0 3 * * *", timezone: Europe/Paris}\n    gate: {accuracy'
    workspace.params("    gate: {accuracy", schedule)
    entry = workspace.json("status")["models"]["shapes"]
    assert entry["last_run"]["state"] == "landed" and entry["drift"] == ""
    assert entry["schedule"] == "not deployed" and entry["next_run"] == ""
    heads, shapes, others = workspace.dailies("status").stdout.splitlines()
    assert heads.split() == ["MODEL", "LIVE", "SCORE", "AGE", "LAST", "RUN", "NEXT", "SCHEDULE", "DRIFT", "STATE"]
    assert " landed " in shapes and " not deployed " in shapes and others.split()[-2:] == ["never", "run"]


def test_on_a_terminal_the_last_column_is_folded(workspace: Workspace) -> None:
    workspace.params("epochs: 4", "epochs: 3")
    ours, theirs = os.openpty()
    env = {**workspace.env, "COLUMNS": "100"}
    subprocess.run(workspace.command("status"), cwd=workspace.folder, env=env, stdout=theirs, check=True)
    os.close(theirs)
    lines = os.read(ours, 65536).decode().splitlines()
    os.close(ours)
    assert max(map(len, lines)) <= 100 and len(lines) > 3
    assert " ".join(line[lines[0].index("STATE") :] for line in lines[1:-1]).startswith("out of date: plan: modified ")


def test_drift_is_the_worst_finding(tmp_path: Path) -> None:
    rows = [{"check": f"drift_{name}", "value": value, "verdict": verdict} for name, value, verdict in
            [("label", 0.3, "ok"), ("width", 0.15, "noted"), ("height", 0.12, "noted")]]  # fmt: skip
    folder = tmp_path / ".dailies" / "drift"
    folder.mkdir(parents=True)
    (folder / "shapes.json").write_text(json.dumps(rows))
    assert overview.drift(tmp_path, "shapes") == "noted 0.15"
    assert overview.drift(tmp_path, "others") == ""


@pytest.mark.parametrize(
    ("schedule", "moment"),
    [
        ({"cron": "0 3 * * *", "timezone": "Europe/Paris"}, "2026-11-22T02:00:00+00:00"),
        ({"cron": "30 9 * * mon", "timezone": "America/New_York"}, "2026-11-23T14:30:00+00:00"),
        (
            {"rrule": "FREQ=WEEKLY;BYDAY=TU;BYHOUR=3;BYMINUTE=0", "timezone": "Asia/Kolkata"},
            "2026-11-23T21:30:00+00:00",
        ),
        ({"every": "6 h", "timezone": "UTC"}, ""),
        ({"after": "new data"}, ""),
    ],
)
def test_without_a_server_params_say_when_the_next_run_is_due(schedule: dict[str, str], moment: str) -> None:
    now = datetime.datetime(2026, 11, 21, 12, tzinfo=datetime.UTC)  # a Saturday
    assert schedules.due(SimpleNamespace(**schedule), now) == moment


@pytest.mark.parametrize(
    ("known", "said"),
    [
        (Known(), "no server"),
        (Known("http://here"), "not deployed"),
        (Known("http://here", coming={"faces": "2026-11-22T03:00:00+00:00"}), "ok"),
        (Known("http://here", coming={"faces": "2026-11-22T03:00:00+00:00"}, late={"faces": 2}), "2 late"),
        (Known("http://here", paused={"faces": True}), "paused"),
    ],
)
def test_the_health_of_a_schedule(known: Known, said: str) -> None:
    assert schedules.health("faces", object(), known) == said
    assert schedules.health("faces", None, known) == "none"
