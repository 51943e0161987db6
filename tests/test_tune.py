"""A search for settings: on validation samples alone, the same after a kill, and a change that a person reviews."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from twins import shards
from workspaces import PARAMS, Workspace, draw_shapes

from media.shards import Shards
from models.search import Dimension
from models.settings import resolve
from recipes import load
from steps import tune

TUNED = PARAMS.replace("    gate:", "    tune: {{rate: {{low: 0.0001, high: 0.1}}, width: [4, 8]}}   # few\n    gate:")


@pytest.fixture(scope="module")
def untrained(clone: Path, tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """A workspace whose shards are made. Copy it; do not change it."""
    folder = tmp_path_factory.mktemp("tuning")
    pictures = draw_shapes(folder / "pictures", 40)
    env = {**os.environ, "DAILIES_THREADS": "1"}
    for name in ("DAILIES_WORKSPACE", "DAILIES_MIRROR", "PYTHONPATH"):
        env.pop(name, None)
    command = [sys.executable, "-m", "studio", "init", str(folder / "workspace")]
    subprocess.run(command, cwd=clone, env=env, check=True, capture_output=True)
    made = Workspace(folder / "workspace", pictures, env)
    (made.folder / "params.yaml").write_text(TUNED.format(pictures=pictures))
    made.git("commit", "-qam", "Toy models")
    made.dailies("tune", "shapes", "--trials", "1")
    return made


@pytest.fixture
def workspace(untrained: Workspace, tmp_path: Path) -> Workspace:
    return untrained.copy(tmp_path / "workspace")


def told(answer: dict[str, Any]) -> list[tuple[float, dict[str, Any]]]:
    return [(trial["value"], trial["settings"]) for trial in answer["trials"]]


def test_the_first_trial_is_what_is_and_the_best_is_shown_as_a_change(workspace: Workspace) -> None:
    before = (workspace.folder / "params.yaml").read_text()
    answer = workspace.json("tune", "shapes", "--trials", "6")
    assert len(answer["trials"]) == 6 and answer["metric"] == "accuracy"
    assert answer["trials"][0]["settings"] == answer["present"] == {"rate": 0.01, "width": 8}
    best = answer["trials"][answer["best"] - 1]
    assert best["value"] == max(trial["value"] for trial in answer["trials"])
    assert answer["measured_on"].endswith(" validation samples")
    assert (workspace.folder / "params.yaml").read_text() == before
    said = workspace.dailies("tune", "shapes", "--trials", "6").stdout
    assert said.startswith("shapes: 6 of 6 trials, by accuracy on ")
    assert workspace.git("status", "--porcelain", "params.yaml") == ""


def test_applied_it_changes_one_line_and_keeps_the_comments(workspace: Workspace) -> None:
    workspace.params("rate: 0.01", "rate: 0.0001")  # so low that any other does better
    answer = workspace.json("tune", "shapes", "--trials", "4", "--apply")
    assert answer["applied"] and answer["change"]["rate"] > 0.0001
    text = (workspace.folder / "params.yaml").read_text()
    assert f"rate: {answer['change']['rate']}" in text and text.startswith("# A toy: bright squares")
    assert "# few" in text
    workspace.dailies("params", "check")
    assert len(workspace.git("diff", "--unified=0", "params.yaml").splitlines()) < 20


def test_killed_and_started_again_it_makes_the_same_trials(workspace: Workspace, tmp_path: Path) -> None:
    other = workspace.copy(tmp_path / "other")
    whole = other.json("tune", "shapes", "--trials", "4")
    asked = ("tune", "shapes", "--trials", "4", "--json")
    process = workspace.start(*asked)
    while "trial 2:" not in workspace.said(*asked):
        assert process.poll() is None, workspace.said(*asked)
        time.sleep(0.05)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    assert told(workspace.json(*asked[:-1])) == told(whole)


def test_without_time_it_says_so_and_goes_on_later(workspace: Workspace) -> None:
    answer = workspace.json("tune", "others", "--trials", "2", "--minutes", "0.0001", exit_code=2)
    assert answer["error"] == "others has no gate, whose first metric trials are compared by; set models.others.gate"
    workspace.params("jitter_rotate: 0, seed: 1", "jitter_rotate: 0, seed: 2")
    said = workspace.dailies("tune", "shapes", "--trials", "1", "--minutes", "0.0001").stdout
    assert "no trial has ended well yet; run it again, and it goes on" in said
    assert len(workspace.json("tune", "shapes", "--trials", "1")["trials"]) == 1


def test_what_cannot_be_searched_is_one_line(workspace: Workspace) -> None:
    assert "did you mean 'shapes'" in workspace.dailies("tune", "shape", exit_code=2).stderr
    assert "--trials is 0" in workspace.dailies("tune", "shapes", "--trials", "0", exit_code=2).stderr
    workspace.params("tune: {rate", "tune: {seed: {}, rate")
    said = workspace.dailies("tune", "shapes", exit_code=2).stderr
    assert "models.shapes.tune.seed cannot be tuned" in said and "Traceback" not in said
    workspace.params("tune: {seed: {}, rate", "split: {validation: 0}\n    tune: {rate")
    said = workspace.dailies("tune", "shapes", exit_code=2).stderr
    assert "shapes has no validation samples, on which trials are compared; set models.shapes.split.validation" in said


def test_test_samples_are_never_opened(workspace: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    split = Shards.split

    def guarded(self: Shards, name: str) -> Any:
        assert name != "test"
        return split(self, name)

    monkeypatch.setattr(Shards, "split", guarded)
    tune.main(workspace.folder, "shapes", 2, 0, tmp_path / "result.json")
    assert (tmp_path / "result.json").is_file()


def test_a_trial_that_fails_is_recorded_and_the_others_go_on(tmp_path: Path) -> None:
    recipe, samples = load("recommendation"), shards("recommendation", tmp_path)
    settings = resolve(recipe.settings, {"network": "attention", "width": 8, "heads": 3, "epochs": 1}, "x")
    found = tune.Search(
        recipe=recipe,
        settings=settings,
        shards=samples,
        start=None,
        goal=tune.Goal(metric="ndcg_at_10", larger_is_better=True),
        space=[Dimension("heads", choices=(3, 2))],
        folder=tmp_path / "search",
        over=lambda: False,
    )
    study = tune._study(found)
    while tune._counted(study) < 4:
        tune._try(found, study, lambda share: None)
    trials = tune._told(found, study)["trials"]
    assert trials[0]["failed"] == "settings.heads is 3: must divide settings.width, which is 8"
    assert {trial["settings"]["heads"] for trial in trials if trial["value"] is not None} == {2}
