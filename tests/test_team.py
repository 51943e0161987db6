"""A team: PostgreSQL as Prefect's database, an S3 remote, one shared repository, workers of several machines."""

import hashlib
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import teams
from postgres import Postgres
from teams import Team
from workspaces import Workspace

from registry import events, tags

pytestmark = pytest.mark.slow
AWAY_S = 30


@pytest.fixture(scope="module")
def team(trained: Workspace, database: Postgres, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Team]:
    """Two machines, and on the first a server whose database is PostgreSQL. Neither works yet."""
    folder = tmp_path_factory.mktemp("team")
    with teams.storage() as s3:
        made = teams.gathered(trained.copy(folder / "first" / "workspace"), folder, s3, database)
        made.first.env["PREFECT_SERVER_DATABASE_CONNECTION_URL"] = database.create("team")
        up = made.first.json("up", "--detach", "--port", "0", "--limit", "0")
        made.second.env["PREFECT_API_URL"] = up["url"]
        try:
            yield Team(made.first, made.second, made.shared, database, up["url"])
        finally:
            made.first.dailies("down")


def test_a_run_on_another_machine_is_everybodys(team: Team) -> None:
    """A change is pushed by one machine; the other follows, trains, and sends version and objects to where all find them."""
    team.first.params("epochs: 4", "epochs: 5")
    team.first.git("commit", "-qam", "Longer")
    team.first.git("push", "--quiet", "origin", "main")
    with team.working(team.second) as worker:
        run = team.begin("shapes")
        ended = team.ended(run)
        again = team.ended(team.begin("shapes"))
    log = team.log(run)
    assert (ended["state_type"], ended["labels"]["prefect.worker.name"]) == ("COMPLETED", worker), log
    assert "main is brought to" in log and "outputs that another machine made are brought" in log
    assert again["state_name"] == "Current"
    there = team.there()
    assert there["main"] == team.second.git("rev-parse", "main") and "shapes@v0.2.0" in there
    team.first.git("pull", "--quiet", "--ff-only", "--tags", "origin", "main")
    made = tags.find(team.first.folder, "shapes@v0.2.0")
    assert made.message["flow_run_id"] == run
    out = team.shared.parent / "weights"
    answer = team.first.json("model", "get", "shapes@v0.2.0", "-o", str(out))
    assert answer["files"]
    for name, md5 in answer["files"].items():
        assert hashlib.md5((out / name).read_bytes()).hexdigest() == md5
        assert (out / name).read_bytes() == (team.second.folder / "data/weights/shapes" / name).read_bytes()


def test_a_run_that_several_workers_are_offered_is_done_by_one(team: Team) -> None:
    before = team.there().keys()
    with team.working(team.second, "--limit", "2") as one, team.working(team.first) as other:
        runs = [team.begin(model) for model in ("shapes", "others") * 3]
        ended = [team.ended(run) for run in runs]
    assert {run["state_type"] for run in ended} == {"COMPLETED"}, [run["state"] for run in ended]
    assert {run["labels"]["prefect.worker.name"] for run in ended} == {one, other}
    for run in runs:
        assert sum(name in teams.LAST for name in team.states(run)) == 1, team.states(run)
    made = [ref for ref in team.there().keys() - before if "@" in ref]
    assert made == ["others@v0.1.0"], "six runs of two models, and one of them had something to do"


def test_a_machine_may_share_the_cache_of_another(team: Team) -> None:
    cache = team.second.folder / ".dvc" / "cache"
    third = teams.cloned(team.shared, team.shared.parent / "third" / "workspace", team.second, cache)
    with team.working(third):
        run = team.begin("shapes")
        ended = team.ended(run)
    assert ended["state_name"] == "Current" and "are brought from" not in team.log(run), team.log(run)
    weights = third.folder / "data/weights/shapes/model.safetensors"
    assert weights.read_bytes() == (team.second.folder / "data/weights/shapes/model.safetensors").read_bytes()


def test_a_database_that_is_away_during_training_ends_no_run(team: Team) -> None:
    before = team.there().keys()
    with team.working(team.second):
        run = team.begin("others", overrides={"settings.minutes": (AWAY_S + 20) / 60}, model="others", promote=False)
        team.training(team.second, run)
        team.postgres.stop()
        time.sleep(AWAY_S)
        team.postgres.start()
        ended = team.ended(run)
    assert ended["state_type"] == "COMPLETED", (ended["state"], team.log(run))
    assert sum(name in teams.LAST for name in team.states(run)) == 1, team.states(run)
    assert team.states(run)[-1] == "Registered"
    [made] = [ref for ref in team.there().keys() - before if ref.startswith("others@")]
    assert tags.find(team.second.folder, made).message["flow_run_id"] == run


def test_machines_that_train_at_once_promote_one_after_the_other(team: Team) -> None:
    """Started by hand, so that no deployment's limit keeps them apart: what does is the branch, and the tag that only one can
    write. Who comes second is told to begin again from what the first has made live."""
    before = team.there().keys()
    pair = [(team.first, "rate=0.02"), (team.second, "rate=0.005")]
    begun = [(machine, rate, machine.start("run", "shapes", "--set", rate)) for machine, rate in pair]
    for machine, rate, process in begun:
        asked = ("run", "shapes", "--set", rate)
        if process.wait(240) == 1:
            assert "origin/main moved on while" in machine.said(*asked), machine.said(*asked)
            machine.git("pull", "--quiet", "--ff-only", "origin", "main")
            assert machine.dailies(*asked, exit_code=None).returncode in (0, 4)
        else:
            assert process.returncode in (0, 4), machine.said(*asked)
    live = None
    for event in events.read(team.second.folder, "shapes"):
        if event.kind == "assign":
            version = str(event.message["version"])
            assert tags.find(team.second.folder, f"shapes@{version}").message["champion"] == live
            live = version
    made = [ref for ref in team.there().keys() - before if ref.startswith("shapes@")]
    assert len(made) == 2, "both are kept, each with a number of its own"


def test_a_bucket_that_is_away_is_waited_for(team: Team) -> None:
    lost = teams.cloned(team.shared, team.shared.parent / "lost" / "workspace", team.second)
    lost.env["AWS_ENDPOINT_URL"] = "http://127.0.0.1:9"
    said = lost.dailies("model", "get", "shapes", "-o", str(lost.folder.parent / "weights"), exit_code=15).stderr
    assert "the remote does not give it: Could not connect" in said and len(said.splitlines()) == 1
    with team.working(lost):
        run = team.begin("shapes")
        while "AwaitingRemote" not in team.states(run):
            assert team.run(run)["state_type"] not in teams.ENDED, team.log(run)
            time.sleep(0.5)
    assert "this run tries again in 15 s" in team.run(run)["state"]["message"]
    with team.working(team.second):
        assert team.ended(run)["state_name"] == "Current"


def test_prefects_own_command_makes_the_same_deployments(team: Team) -> None:
    team.first.params(
        "    source: shapes\n", "    source: shapes\n    schedule: {cron: 0 3 * * 1-5, timezone: Europe/Paris}\n"
    )
    assert team.first.json("deploy")["changes"]
    ours = team.deployments()
    for each in ours.values():
        team.ask("DELETE", f"/deployments/{each['id']}")
    team.first.dailies("deploy", "--file", "prefect.yaml")
    env = {**team.first.env, "PREFECT_API_URL": team.api}
    prefect = [str(Path(sys.executable).with_name("prefect")), "--no-prompt", "deploy", "--all"]
    done = subprocess.run(prefect, cwd=team.first.folder, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    theirs = team.deployments()
    assert theirs.keys() == ours.keys() == {"retrain/shapes", "retrain/others", "refresh/all"}
    assert [
        change for change in team.first.json("deploy", "--dry-run")["changes"] if change["kind"] == "deployment"
    ] == []
    told = ("concurrency_options", "tags", "job_variables", "work_pool_name", "parameters", "paused")
    for name, each in ours.items():
        assert {key: theirs[name][key] for key in told} == {key: each[key] for key in told}
    team.first.git("checkout", "--quiet", "params.yaml")
    team.first.dailies("deploy")


def test_a_worker_says_what_it_lacks(team: Team, server: str, workspace: Workspace) -> None:
    alone = Workspace(workspace.folder, workspace.pictures, {**team.second.env, "PREFECT_API_URL": team.api})
    assert "git config dailies.publish origin" in alone.dailies("worker", exit_code=2).stderr
    assert "--limit 0 is no number of runs" in alone.dailies("worker", "--limit", "0", exit_code=2).stderr
    alone.env["PREFECT_API_URL"] = server
    assert "has no work pool dailies yet" in alone.dailies("worker", exit_code=2).stderr
    alone.env["PREFECT_API_URL"] = "http://127.0.0.1:9/api"
    assert "does not answer" in alone.dailies("worker", exit_code=1).stderr
