"""The main job, end to end: real git, DVC, Prefect server, processes. What runs, what does not, and what it leaves."""

import json
import shutil
import urllib.request
from pathlib import Path
from typing import Any

import pytest
from workspaces import Workspace, draw_shapes

pytestmark = pytest.mark.slow


def ran(workspace: Workspace) -> set[str]:
    """The stages that the newest run ran."""
    record = json.loads((workspace.folder / "data/reports/shapes/run.json").read_text())
    return {stage.split("@")[0] for stage in record["seconds"]}


def test_a_run_registers_promotes_and_lands(trained: Workspace) -> None:
    assert trained.tags() == ["shapes#prod#1", "shapes@v0.1.0"]
    assert ran(trained) == {"plan", "ingest", "augment", "train", "validate"}
    assert trained.git("status", "--porcelain") == ""
    assert (
        trained.dvc("status", "validate@shapes", "train@shapes", "ingest@shapes")
        == "Data and pipelines are up to date."
    )
    assert trained.git("worktree", "list").count("\n") == 0
    assert trained.git("branch", "--list", "run/*") == ""
    report = (trained.folder / "data/reports/shapes/report.html").read_text()
    assert "data:image/png;base64," in report and "http" not in report.replace("http-equiv", "")
    trailers = trained.git("log", "-1", "--format=%(trailers)", "shapes@v0.1.0")
    assert "Recipe: image_classification" in trailers and "Flow-Run-Id: " in trailers


def test_gto_and_dvc_agree_with_status(trained: Workspace) -> None:
    status = trained.json("status")["models"]["shapes"]
    shown = json.loads(trained._tool("gto", "show", "--json"))
    assert shown["shapes"]["version"] == status["live"] == "v0.1.0"
    assert status["current"] and status["state"] == "current"
    assert trained.json("status")["models"]["others"]["state"] == "never run"


def test_a_second_run_runs_nothing(workspace: Workspace) -> None:
    before = workspace.git("rev-parse", "HEAD")
    answer = workspace.json("run", "shapes")
    assert answer["current"] and not answer["new"] and answer["tag"] == "shapes@v0.1.0"
    assert workspace.git("rev-parse", "HEAD") == before
    assert workspace.tags() == ["shapes#prod#1", "shapes@v0.1.0"]


def test_dvc_after_a_flow_finds_everything_current_and_writes_the_same_lock(workspace: Workspace) -> None:
    lock = workspace.lock()
    said = workspace.dvc("repro", "validate@shapes")
    assert "Running" not in said and workspace.lock() == lock
    workspace.dvc("repro", "--force", "validate@shapes")
    assert workspace.lock() == lock


def test_a_flow_after_dvc_runs_no_stage_and_writes_the_same_lock(workspace: Workspace) -> None:
    workspace.params("epochs: 4", "epochs: 3")
    workspace.dvc("repro", "validate@shapes")
    lock = workspace.lock()
    workspace.git("add", "-A")
    workspace.git("commit", "-qm", "By DVC alone")
    answer = workspace.json("run", "shapes")
    assert answer["new"] and answer["version"] == "v0.2.0"
    assert ran(workspace) == set() and workspace.lock() == lock


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("epochs: 4", "epochs: 3", {"plan", "train", "validate"}),
        ("at_least: 0.3", "at_least: 0.2", {"plan", "validate"}),
        ("shift: 0.1", "shift: 0.2", {"plan", "augment", "train", "validate"}),
    ],
)
def test_one_changed_parameter_reruns_only_what_depends_on_it(
    workspace: Workspace, old: str, new: str, expected: set[str]
) -> None:
    workspace.params(old, new)
    workspace.dailies("run", "shapes", exit_code=None)
    record = json.loads((workspace.folder / "data/reports/shapes/run.json").read_text())
    assert {stage.split("@")[0] for stage in record["seconds"]} >= expected - {"validate"}
    assert {stage.split("@")[0] for stage in record["seconds"]} <= expected


def test_a_schedule_retrains_nothing(workspace: Workspace) -> None:
    schedule = '    schedule: {cron: "0 3 * * *", timezone: Europe/Paris}\n    gate: {accuracy'
    workspace.params("    gate: {accuracy", schedule)
    workspace.dvc("repro", "plan")
    assert workspace.dvc("status", "train@shapes", "validate@shapes") == "Data and pipelines are up to date."


def test_code_of_another_network_retrains_nothing_and_its_own_does(workspace: Workspace) -> None:
    for network, stale in (("separable", False), ("cnn", True)):
        path = workspace.folder / "models" / "networks" / f"{network}.py"
        path.write_text(path.read_text() + "\nEDITED = True\n")
        workspace.dvc("repro", "plan")
        status = workspace.dvc("status", "train@shapes")
        assert ("train@shapes" in status) == stale, status


def test_a_new_picture_is_seen_and_makes_a_patch_version(workspace: Workspace, tmp_path: Path) -> None:
    pictures = draw_shapes(tmp_path / "pictures", 40)
    workspace.params(str(workspace.pictures), str(pictures))
    workspace.dailies("run", "shapes", exit_code=None)
    draw_shapes(pictures, 44)
    status = workspace.json("status")["models"]["shapes"]
    assert status["state"].startswith("out of date: source shapes has changed")
    answer = workspace.json("run", "shapes", exit_code=None)
    assert answer["version"] == "v0.1.1"
    assert "ingest" in ran(workspace)


def test_a_bad_file_is_named_and_stops_nothing(workspace: Workspace, tmp_path: Path) -> None:
    pictures = draw_shapes(tmp_path / "pictures", 40)
    (pictures / "disc" / "broken.png").write_text("not a picture")
    workspace.params(str(workspace.pictures), str(pictures))
    said = workspace.dailies("run", "shapes", exit_code=None).stdout
    assert "refused  1 of 81 files, with their reasons in " in said
    assert "disc/broken.png,not a picture" in (workspace.folder / ".dailies/refused/shapes.csv").read_text().replace(
        '"', ""
    )


def test_too_many_bad_files_end_a_run_and_stand_in_prefect(workspace: Workspace, tmp_path: Path) -> None:
    pictures = draw_shapes(tmp_path / "pictures", 4)
    (pictures / "disc" / "broken.png").write_text("not a picture")
    workspace.params(str(workspace.pictures), str(pictures))
    said = workspace.dailies("run", "shapes", exit_code=3).stderr
    assert "1 of 9 assets are refused" in said and "see: dailies data quarantine shapes" in said
    assert [each["path"] for each in artifact(workspace, "refused-shapes")] == ["disc/broken.png"]
    listed = workspace.json("data", "quarantine", "shapes")["refused"]
    assert listed[0]["reason"].startswith("not a picture") and not listed[0]["releasable"]


def test_a_release_is_committed_by_the_next_run(workspace: Workspace, tmp_path: Path) -> None:
    pictures = draw_shapes(tmp_path / "pictures", 40)
    shutil.copy(pictures / "disc" / "0000.png", pictures / "square" / "twice.png")
    workspace.params(str(workspace.pictures), str(pictures))
    workspace.dailies("data", "check", "shapes")
    [twice, _] = workspace.json("data", "quarantine", "shapes")["refused"]
    workspace.dailies("data", "quarantine", "shapes", "--release", twice["asset_id"], "--why", "the disc is a square")
    workspace.dailies("run", "shapes", exit_code=None)
    kept = json.loads(workspace.git("show", "HEAD:data/released/shapes.json"))
    assert list(kept) == [twice["asset_id"]]
    assert workspace.git("status", "--porcelain") == "" and workspace.json("data", "ls")["sources"]["shapes"]["current"]


def artifact(workspace: Workspace, key: str) -> Any:
    """The newest artifact of that key on the server."""
    with urllib.request.urlopen(f"{workspace.env['PREFECT_API_URL']}/artifacts/{key}/latest") as answer:
        return json.loads(json.load(answer)["data"])


def test_overrides_are_kept_with_the_version(workspace: Workspace) -> None:
    answer = workspace.json("run", "shapes", "--set", "epochs=3", exit_code=None)
    if answer["promoted"]:
        assert "epochs: 3" in (workspace.folder / "params.yaml").read_text()
    tagged = workspace.git("show", f"{answer['tag']}:params.yaml")
    assert "epochs: 3" in tagged and tagged.startswith("# A toy")


def test_code_that_is_not_committed_is_refused(workspace: Workspace) -> None:
    (workspace.folder / "recipes" / "mine.py").write_text("")
    said = workspace.dailies("run", "shapes", exit_code=2).stderr
    assert said.startswith("dailies: recipes/mine.py has changes that are not committed")
    assert len(said.splitlines()) == 1


def test_bad_params_are_refused_before_anything_starts(workspace: Workspace) -> None:
    workspace.params("network: cnn", "network: cnm")
    said = workspace.dailies("run", "shapes", exit_code=2).stderr
    assert said == (
        "dailies: params.yaml: models.shapes.settings.network is 'cnm': must be one of cnn, residual, separable\n"
    )
    assert workspace.git("worktree", "list").count("\n") == 0


def test_a_source_that_is_away_is_one_clear_line(workspace: Workspace, tmp_path: Path) -> None:
    workspace.params(str(workspace.pictures), str(tmp_path / "nowhere"))
    done = workspace.dailies("run", "shapes", exit_code=2)
    assert "nowhere" in done.stderr and "Traceback" not in done.stderr


def test_predict_names_a_bad_file_and_answers_the_others(trained: Workspace, tmp_path: Path) -> None:
    bad = tmp_path / "broken.png"
    bad.write_bytes(b"\x89PNG\r\n\x1a\nnot a picture")
    good = next((trained.pictures / "disc").iterdir())
    answer = trained.json("predict", "shapes", str(good), str(bad), exit_code=3)
    assert answer["answers"][0]["label"] in {"disc", "square"}
    assert 0 <= answer["answers"][0]["confidence"] <= 1
    assert "error" in answer["answers"][1]


def test_every_command_prints_one_json_object(trained: Workspace) -> None:
    for command in (["status"], ["model", "ls"], ["model", "show", "shapes"], ["doctor"], ["params", "check"]):
        assert isinstance(trained.json(*command, exit_code=None), dict)
    assert trained.json("model", "show", "nobody", exit_code=2)["exit_code"] == 2


def test_without_a_remote_nothing_is_started(workspace: Workspace) -> None:
    (workspace.folder / ".dvc" / "config.local").unlink()
    workspace.params("epochs: 4", "epochs: 3")
    said = workspace.dailies("run", "shapes", exit_code=2).stderr
    assert "has no default DVC remote" in said and len(said.splitlines()) == 1
    assert workspace.git("worktree", "list").count("\n") == 0


def test_a_relative_remote_and_the_default_cache_serve_a_run(workspace: Workspace) -> None:
    (workspace.folder / ".dvc" / "config.local").unlink()
    workspace.dvc("remote", "add", "--local", "--default", "store", "../store")
    workspace.params("epochs: 4", "epochs: 3")
    answer = workspace.json("run", "shapes", exit_code=None)
    weights = workspace.json("model", "show", answer["tag"])["weights"]
    name = f"files/md5/{weights[:2]}/{weights[2:]}"
    assert (workspace.folder.parent / "store" / name).is_file()
    assert (workspace.folder / ".dvc" / "cache" / name).is_file()


def test_a_warm_start_begins_with_the_champion_and_does_not_chase_itself(workspace: Workspace) -> None:
    workspace.params("seed: 1}", "seed: 1, start_from: champion}")
    answer = workspace.json("run", "shapes", exit_code=None)
    plan = json.loads(workspace.git("show", f"{answer['tag']}:data/plan/train/shapes.json"))
    assert plan["start"]["version"] == "v0.1.0"
    workspace.dvc("repro", "plan", "--force")
    assert workspace.json("run", "shapes")["current"]


def test_folds_are_measured_and_reported(workspace: Workspace) -> None:
    workspace.params("epochs: 4", "folds: 3, epochs: 2")
    answer = workspace.json("run", "shapes", exit_code=None)
    metrics = answer["metrics"]
    assert 0 <= metrics["folds_accuracy_mean"] <= 1 and metrics["folds_accuracy_spread"] >= 0


def test_another_size_is_compared_on_the_same_assets(workspace: Workspace) -> None:
    answer = workspace.json("run", "shapes", "--set", "size=16", "--set", "split.test=0.3", exit_code=None)
    [rule] = [rule for rule in answer["rules"] if rule["rule"].startswith("not worse")]
    assert "assets" in rule["reason"] and "was measured on" not in rule["reason"]
