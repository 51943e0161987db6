"""Withdrawn, suspended and expired: real repositories, remotes and DVC; what is left out, what goes live, what is proved."""

import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from test_documents import blocks, masked
from workspaces import ROOT, Workspace, draw_shapes

from lineage import current, rights
from media import catalog
from registry import tags

pytestmark = pytest.mark.slow
ORDERS = "data/rights/orders.csv"


def some_asset(workspace: Workspace, split: str = "train") -> str:
    """An asset that v0.1.0 was made of."""
    traced = catalog.read(workspace.folder / "data/assets/shapes", ["asset_id"])
    for row in traced:
        holders = workspace.json("lineage", "trace", row["asset_id"], exit_code=None)["holders"]
        if holders and split in holders[0]["splits"]:
            return str(row["asset_id"])
    raise AssertionError(f"no asset is in {split}")


def plan(workspace: Workspace, verb: str) -> dict[str, Any]:
    content: dict[str, Any] = json.loads((workspace.folder / f"data/plan/{verb}/shapes.json").read_text())
    return content


def step(workspace: Workspace, *words: str) -> Any:
    import subprocess
    import sys

    command = [sys.executable, "-m", *words]
    return subprocess.run(command, cwd=workspace.folder, env=workspace.env, capture_output=True, text=True, check=False)


def test_an_asset_is_withdrawn_retrained_without_and_proved_absent(workspace: Workspace) -> None:
    asset = some_asset(workspace)
    head = workspace.git("rev-parse", "main")
    shown = workspace.json("lineage", "withdraw", asset)
    assert (shown["sources"], shown["applied"]) == ({"shapes": 1}, False)
    assert [each["tag"] for each in shown["versions"]] == ["shapes@v0.1.0"]
    assert [each["model"] for each in shown["retrain"]] == ["shapes"] and shown["retrain"][0]["seconds"] > 0
    assert workspace.git("rev-parse", "main") == head, "a look changes nothing"

    workspace.dailies("lineage", "withdraw", asset, "--why", "asked to by letter", "--apply")
    assert workspace.git("status", "--porcelain") == ""
    assert "withdraw,asset," + asset in workspace.git("show", f"main:{ORDERS}")
    assert workspace.json("status")["models"]["shapes"]["reasons"][0].startswith("ingest@shapes: modified")
    assert workspace.tags() == ["shapes#prod#1", "shapes@v0.1.0"], "the live version stays until there is a clean one"
    assert workspace.json("lineage", "prove", "--absent", ORDERS, exit_code=6)["holding"]

    answer = workspace.json("run", "shapes")
    assert answer["promoted"] and {rule["rule"] for rule in answer["rules"]} >= {"rights"}
    assert json.loads((workspace.folder / "data/shards/shapes/facts.json").read_text())["held_back"] == {"withdrawn": 1}
    assert "shapes@v0.1.0!" in workspace.tags(), "what holds it is taken back"
    traced = workspace.json("lineage", "trace", asset)
    assert (traced["holders"], traced["taken_back"]) == ([], ["shapes@v0.1.0"])
    assert "holds 1 withdrawn asset" in workspace.dailies("lineage", "show", "shapes@v0.1.0", exit_code=2).stderr
    assert workspace.json("status")["models"]["shapes"]["live"] == "v0.1.1"
    held = workspace.json("lineage", "prove", "--absent", ORDERS, exit_code=6)["holding"]
    assert {each["where"] for each in held} == {"cache", "remote local"}

    workspace.dailies("gc", "--retired", "--remote")
    proof = workspace.json("lineage", "prove", "--absent", ORDERS)
    assert proof["absent"] and proof["outside"] == {"shapes": 1}, "a source is never written to"
    workspace.dailies("verify", "--remote")
    assert workspace.json("run", "shapes")["current"], "and nothing is stale afterwards"


def test_a_live_version_can_be_taken_back_at_once(workspace: Workspace) -> None:
    asset = some_asset(workspace, "test")
    workspace.dailies("lineage", "withdraw", asset, "--why", "asked to", "--apply", "--now")
    assert workspace.json("status")["models"]["shapes"]["live"] is None
    again = workspace.dailies("lineage", "withdraw", asset, "--why", "asked to", "--apply").stdout
    assert "all of this was withdrawn already" in again
    assert len((workspace.folder / ORDERS).read_text().splitlines()) == 2


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["f" * 20], "is neither an asset id or its start"),
        (["--subject", "nobody"], "no asset has the subject 'nobody'"),
        ([], "say which assets"),
        (["--list", "params.yaml.missing"], "cannot be read as a list"),
        (["--now"], "--now takes versions back at once, which needs --apply as well"),
    ],
)
def test_what_is_not_clear_is_refused(trained: Workspace, words: list[str], said: str) -> None:
    assert said in trained.dailies("lineage", "withdraw", *words, exit_code=2).stderr
    assert len((trained.folder / ORDERS).read_text().splitlines()) == 1


def test_a_withdrawal_without_a_reason_is_refused(workspace: Workspace) -> None:
    asset = some_asset(workspace)
    said = workspace.dailies("lineage", "withdraw", asset, "--apply", exit_code=2).stderr
    assert said == "dailies: an order to withdraw needs a reason, which is kept in git; write: --why TEXT\n"


def test_a_person_s_own_staged_work_is_not_committed_with_an_order(workspace: Workspace) -> None:
    asset = some_asset(workspace)
    (workspace.folder / "notes.txt").write_text("mine")
    workspace.git("add", "notes.txt")
    workspace.dailies("lineage", "withdraw", asset, "--why", "asked to", "--apply")
    assert workspace.git("status", "--porcelain") == "A  notes.txt"


def test_no_version_that_holds_a_withdrawn_asset_passes_the_gate(workspace: Workspace) -> None:
    asset = some_asset(workspace)
    version = tags.find(workspace.folder, "shapes")
    assert rights.of_version(workspace.folder, version).passed
    workspace.dailies("lineage", "withdraw", asset, "--why", "asked to", "--apply")
    rule = rights.of_version(workspace.folder, version)
    assert (rule.passed, rule.reason) == (False, "shapes holds assets that it may not use: 1 withdrawn")
    unmade = rights.of_candidate(workspace.folder, workspace.folder, "shapes", "shapes")
    assert (unmade.passed, unmade.reason) == (rule.passed, rule.reason)


def test_an_order_makes_no_other_source_stale(workspace: Workspace, tmp_path: Path) -> None:
    workspace.params("sources:\n", f'sources:\n  spare: {{kind: image, path: "{workspace.pictures}", licence: MIT}}\n')
    workspace.git("commit", "-qam", "A second source")
    workspace.dvc("repro", "-q", "ingest@spare")
    workspace.git("add", "-A")
    workspace.git("commit", "-qm", "Two sources")
    before = workspace.folder / "data/plan/ingest/spare.json"
    kept = before.read_bytes()
    with (workspace.folder / ORDERS).open("a") as orders:
        orders.write(f"2026-11-21,Ada,withdraw,asset,{'0' * 64},never came\n")
    workspace.dvc("repro", "-q", "plan")
    assert before.read_bytes() == kept


def test_midnight_makes_nothing_stale_and_the_end_of_a_right_does(workspace: Workspace) -> None:
    place = workspace.folder / "data/plan/rights/shapes.json"
    old = plan(workspace, "rights") | {"as_of": "2020-01-01"}
    place.write_text(json.dumps(old))
    assert current.moved(workspace.folder, "shapes", "shapes") == ""
    assert step(workspace, "steps.plan").returncode == 0
    assert plan(workspace, "rights")["as_of"] == "2020-01-01"

    workspace.params("licence: CC0-1.0", 'valid_until: "2021-06-30", licence: CC0-1.0')
    for words in (["steps.plan"], ["steps.ingest", "shapes"]):
        assert step(workspace, *words).returncode == 0
    assert plan(workspace, "rights")["as_of"] > "2021", "what comes in now is judged by today"
    done = step(workspace, "steps.augment", "shapes")
    assert done.returncode == 5
    assert done.stderr.strip().endswith(
        "rights leave shapes nothing to train on: 80 expired; ask for the rights, or take another source"
    )
    place.write_text(json.dumps(old))
    assert (
        current.moved(workspace.folder, "shapes", "shapes")
        == "shapes may not use 80 assets of shapes any more (80 expired)"
    )
    done = step(workspace, "steps.augment", "shapes")
    assert done.returncode == 5 and "its plan is older than that; run: dvc repro -f plan" in done.stderr


def test_a_model_may_ask_for_consent_and_say_how_much_may_be_missing(workspace: Workspace) -> None:
    workspace.params("    gate: {accuracy", "    rights: {consent: given}\n    gate: {accuracy")
    assert step(workspace, "steps.plan").returncode == 0
    done = step(workspace, "steps.augment", "shapes")
    assert done.returncode == 5 and "80 consent unknown" in done.stderr
    assert rights.of_candidate(workspace.folder, workspace.folder, "shapes", "shapes").reason.endswith(
        "80 consent unknown"
    )


def test_a_subject_is_suspended_and_resumed_and_nothing_is_stale_after_that(workspace: Workspace) -> None:
    workspace.params("licence: CC0-1.0", "label: {pattern: '(?P<label>\\w+)/(?P<subject>\\d\\d\\d)'}, licence: CC0-1.0")
    workspace.dvc("repro", "-q", "augment@shapes")
    workspace.git("add", "-A")
    workspace.git("commit", "-qm", "Ten pictures a subject")
    assert workspace.dailies("rights", "suspend", "000", exit_code=2).stderr.startswith(
        "dailies: an order to suspend needs"
    )
    lock = workspace.lock()
    workspace.dailies("rights", "suspend", "000", "--why", "a dispute")
    assert workspace.git("log", "-2", "--format=%s").splitlines()[1] == "Suspend 000: a dispute"
    listed = workspace.json("rights", "ls")
    assert listed["held_back"]["shapes"] == {"suspended": 20} and listed["orders"][0]["why"] == "a dispute"
    assert "augment@shapes" in workspace.dvc("status", "augment@shapes")
    assert workspace.dailies("rights", "suspend", "000", "--why", "x", exit_code=2).stderr.startswith(
        "dailies: '000' is suspended already"
    )
    workspace.dailies("rights", "resume", "000", "--why", "settled")
    assert workspace.json("rights", "ls")["held_back"] == {}
    assert workspace.dvc("status", "augment@shapes") == "Data and pipelines are up to date."
    assert len(lock.splitlines()) == len(workspace.lock().splitlines())
    assert (workspace.folder / ORDERS).read_text().count("\n") == 3, "the file is the whole history"


def test_the_page_shows_what_is_printed(workspace: Workspace, tmp_path: Path) -> None:
    pictures = draw_shapes(tmp_path / "pictures", 40)
    for path in sorted(pictures.rglob("*.png")):
        path.rename(path.with_name(f"{('ann', 'bob', 'cat', 'dan')[int(path.stem) % 4]}-{path.name}"))
    pattern = r"label: {pattern: '(?P<label>\w+)/(?P<subject>[a-z]+)-'}"
    old = f'path: "{workspace.pictures}", '
    workspace.params(old, f'path: "{pictures}", {pattern}, ')
    workspace.git("config", "user.name", "Ada")
    workspace.git("config", "user.email", "ada@studio.example")
    workspace.dvc("repro", "-q", "augment@shapes")
    workspace.git("add", "-A")
    workspace.git("commit", "-qm", "Who is in the pictures")
    for block in blocks(ROOT / "docs/rights.md", "console"):
        line, _, expected = block.partition("\n")
        done = workspace.dailies(*line.removeprefix("$ dailies ").split(), exit_code=None)
        said = done.stdout or done.stderr
        assert unsized(said) == unsized(expected), line


def unsized(text: str) -> str:
    """Masked, and without how many and how large objects a store has, which is as the workspace was made."""
    return re.sub(r"\(\d+ objects\)|[\d.]+ [kM]B|\d{4}-\d\d-\d\d", "#", masked(text))


def test_a_version_before_rights_is_judged_as_well(workspace: Workspace) -> None:
    version = tags.find(workspace.folder, "shapes")
    assert rights.of_version(
        workspace.folder, replace(version, commit=workspace.git("rev-list", "--max-parents=0", "HEAD"))
    ).passed
