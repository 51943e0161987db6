"""promote: ask. A version waits for a person, who answers by command or in Prefect's form; there is one answer."""

import datetime
import json
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from test_documents import blocks, masked
from test_registry import another, live
from workspaces import ROOT, Workspace

from flows import deployments
from flows.api import Api
from registry import records, tags

pytestmark = pytest.mark.slow
ASK = "    promote: ask\n    approve_within: 2 d\n"
GATE = "    gate: {accuracy: {at_least: 0.3}}\n"


def ask(url: str, path: str, content: Any = None) -> Any:
    """What the Prefect server answers."""
    data = None if content is None else json.dumps(content).encode()
    request = urllib.request.Request(f"{url}/{path}", data, {"content-type": "application/json"})
    with urllib.request.urlopen(request, timeout=30) as answer:
        return json.loads(answer.read() or "null")


def python(workspace: Workspace, *words: str, **variables: str) -> str:
    env = {**workspace.env, **variables}
    command = [sys.executable, *words]
    done = subprocess.run(command, cwd=workspace.folder, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def asked(trained: Workspace, server: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workspace]:
    """shapes@v0.2.0 is registered and waits, and the server draws a form for it. Copy it; do not change it."""
    workspace = trained.copy(tmp_path_factory.mktemp("asked") / "workspace")
    workspace.params(GATE, GATE + ASK)
    workspace.params("epochs: 4", "epochs: 5")
    workspace.git("commit", "-qam", "Ask before it goes live")
    assert "approval/person" in workspace.dailies("deploy").stdout
    said = workspace.dailies("run", "shapes").stdout
    assert masked(said) == shown("dailies run")
    yield workspace
    api = Api(server)
    for each in deployments.known(api).values():
        api.ask("DELETE", f"/deployments/{each['id']}")


def shown(command: str) -> str:
    """What the page says that a command prints."""
    [block] = [each for each in blocks(ROOT / "docs/monitoring.md", "console") if each.startswith(f"$ {command}")]
    return masked(block.partition("\n")[2])


@pytest.fixture
def waiting(asked: Workspace, tmp_path: Path) -> Workspace:
    """A copy without a configured server."""
    copy = asked.copy(tmp_path / "workspace")
    env = {key: value for key, value in copy.env.items() if key != "PREFECT_API_URL"}
    return Workspace(copy.folder, copy.pictures, {**env, "PREFECT_HOME": str(tmp_path / "prefect")})


def run_of(workspace: Workspace) -> str:
    return str(tags.find(workspace.folder, "shapes@v0.2.0").message["run"])


def test_a_version_waits_until_a_person_lets_it_go_live(waiting: Workspace) -> None:
    assert live(waiting) == "v0.1.0"
    [request] = waiting.json("approvals")["approvals"]
    assert (request["tag"], request["state"], request["champion"]) == ("shapes@v0.2.0", "waiting", "v0.1.0")
    left = datetime.datetime.fromisoformat(request["until"]) - datetime.datetime.now(datetime.UTC)
    assert datetime.timedelta(days=1) < left < datetime.timedelta(days=2)
    assert "waits for a person; nothing to do" in waiting.dailies("run", "shapes").stdout
    said = waiting.dailies("approve", "shapes@v0.2.0", exit_code=2).stderr
    assert "an answer needs a reason" in said
    said = waiting.dailies("approve", "shapes-1", "--why", "x", exit_code=2).stderr
    assert "is neither NAME@VERSION nor a run with a version; waiting: shapes@v0.2.0" in said

    said = waiting.dailies("approve", run_of(waiting), "--why", "heard it on stage").stdout
    assert masked(said) == shown("dailies approve")
    assert live(waiting) == "v0.2.0" and waiting.json("approvals")["approvals"] == []
    [event] = waiting.json("model", "show", "shapes")["history"]
    assert event["why"] == "heard it on stage" and event["who"] and event["through"] == "command"
    [record] = records.read(waiting.folder, "approval/shapes")
    assert record.message["answer"] == "granted" and record.message["tag"] == "shapes#prod#2"

    before = waiting.tags()
    assert "was granted by" in waiting.dailies("approve", "shapes@v0.2.0", "--why", "again").stdout
    said = waiting.dailies("approve", "shapes@v0.2.0", "--refuse", "--why", "no", exit_code=4).stderr
    assert "cannot be refused: granted by" in said and "dailies model rollback shapes" in said
    assert waiting.tags() == before, "one answer, one promotion"


def test_a_refused_version_stays_registered(waiting: Workspace) -> None:
    said = waiting.dailies("approve", "shapes@v0.2.0", "--refuse", "--why", "squares look odd").stdout
    assert (
        said.startswith("shapes@v0.2.0 is refused and stays registered: squares look odd") and live(waiting) == "v0.1.0"
    )
    said = waiting.dailies("approve", "shapes@v0.2.0", "--why", "after all", exit_code=4).stderr
    assert "refused by" in said and "to do it nevertheless: dailies model promote shapes v0.2.0" in said
    waiting.dailies("model", "promote", "shapes", "v0.2.0", "--why", "after all")
    assert live(waiting) == "v0.2.0"
    assert waiting.json("approvals", "--all")["approvals"][0]["state"] == "refused"


def test_who_is_late_is_told_what_would_still_do_it(waiting: Workspace) -> None:
    made = tags.find(waiting.folder, "shapes@v0.2.0").message
    late = made["verdict"] | {"approval": {"until": "2026-01-02T03:04:05+00:00"}}
    another(waiting, "v0.3.0", **{key: made[key] for key in ("weights", "shards", "assets")}, verdict=late)
    states = {each["tag"]: each["state"] for each in waiting.json("approvals", "--all")["approvals"]}
    assert states == {"shapes@v0.2.0": "waiting", "shapes@v0.3.0": "expired"}
    said = waiting.dailies("approve", "shapes@v0.3.0", "--why", "fine", exit_code=4).stderr
    assert "nobody answered by 2026-01-02 03:04 UTC; to do it nevertheless: dailies model promote shapes v0.3.0" in said
    waiting.dailies("model", "promote", "shapes", "v0.3.0", "--why", "fine")
    said = waiting.dailies("approve", "shapes@v0.2.0", "--why", "fine", exit_code=4).stderr
    assert "shapes@v0.3.0, which is newer, is live" in said and live(waiting) == "v0.3.0"


def test_rights_that_were_withdrawn_meanwhile_refuse_it(waiting: Workspace) -> None:
    from media import catalog

    rows = catalog.read(waiting.folder / "data/assets/shapes", ["asset_id"])[:4]
    ids = [row["asset_id"] for row in rows]
    waiting.dailies("lineage", "withdraw", *ids, "--why", "asked to by letter", "--apply")
    before = waiting.tags()
    said = waiting.dailies("approve", "shapes@v0.2.0", "--why", "fine", exit_code=5).stderr
    assert "shapes@v0.2.0 cannot be made live: shapes holds assets that it may not use: 4 withdrawn" in said
    assert waiting.tags() == before and waiting.json("approvals")["approvals"][0]["state"] == "waiting"


def test_two_clones_that_answer_at_once_come_to_one_answer(waiting: Workspace, tmp_path: Path) -> None:
    shared = tmp_path / "shared.git"
    waiting.git("clone", "--quiet", "--bare", ".", str(shared))
    ours, theirs = waiting, waiting.copy(tmp_path / "theirs")
    for clone in (ours, theirs):
        clone.git("remote", "add", "origin", str(shared))
        clone.git("config", "dailies.publish", "origin")
    answers = [
        ours.start("approve", "shapes@v0.2.0", "--why", "fine"),
        theirs.start("approve", "shapes@v0.2.0", "--refuse", "--why", "odd"),
    ]
    codes = [each.wait() for each in answers]
    assert sorted(codes) == [0, 4], codes
    listed = subprocess.run(["git", "tag"], cwd=shared, capture_output=True, text=True, check=True).stdout.split()
    assert "approval/shapes/v0.2.0" in listed and ("shapes#prod#2" in listed) == (codes[0] == 0)


def form(server: str, version: str) -> dict[str, Any]:
    """The newest flow run that asks about a version."""
    wanted = {"flow_runs": {"tags": {"all_": [version]}}, "sort": "EXPECTED_START_TIME_DESC"}
    found: list[dict[str, Any]] = ask(server, "flow_runs/filter", wanted)
    return found[0]


def execute(workspace: Workspace, drawn: dict[str, Any]) -> None:
    """What the pool's worker does with a run that is due."""
    python(workspace, "-m", "flows.approval", PREFECT__FLOW_RUN_ID=drawn["id"])


def test_the_form_and_the_command_come_to_one_answer(asked: Workspace, server: str, tmp_path: Path) -> None:
    by_form, by_command = (asked.copy(tmp_path / name) for name in ("form", "command"))
    drawn = form(server, "shapes@v0.2.0")
    execute(by_form, drawn)
    assert form(server, "shapes@v0.2.0")["state"]["name"] == "Suspended"
    assert ask(server, f"flow_runs/{drawn['id']}/resume", {"run_input": {"answer": "approve"}})["status"] == "REJECT"

    by_command.dailies("approve", "shapes@v0.2.0", "--refuse", "--why", "odd")
    assert form(server, "shapes@v0.2.0")["state"]["name"] == "Answered", "nothing asks any more"

    [deployment] = ask(server, "deployments/filter", {"deployments": {"name": {"any_": ["person"]}}})
    again = {"parameters": {"version": "shapes@v0.2.0"}, "tags": ["shapes@v0.2.0"]}
    drawn = ask(server, f"deployments/{deployment['id']}/create_flow_run", again)
    execute(by_form, drawn)
    filled = {"answer": "approve", "why": "fine by me", "name": "Ada"}
    assert ask(server, f"flow_runs/{drawn['id']}/resume", {"run_input": filled})["status"] == "ACCEPT"
    execute(by_form, drawn)
    ended = ask(server, f"flow_runs/{drawn['id']}")["state"]
    assert (ended["type"], ended["name"]) == ("COMPLETED", "Granted"), ended
    assert live(by_form) == "v0.2.0"
    [event] = by_form.json("model", "show", "shapes")["history"]
    assert event["who"].startswith("Ada, by ") and event["through"] == "form in Prefect"
    assert "was granted by Ada" in by_form.dailies("approve", "shapes@v0.2.0", "--why", "too").stdout
