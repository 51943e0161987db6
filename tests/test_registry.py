"""Which version is live, moved by hand: real git, DVC, gto. What is refused, what is kept, what others see."""

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from workspaces import Workspace

from registry import dvc, tags

pytestmark = pytest.mark.slow


def another(workspace: Workspace, version: str, *, passed: bool = True, **more: Any) -> str:
    """Register the trained weights once more under another number, as a run with the same results would; its commit."""
    workspace.git("commit", "--quiet", "--allow-empty", "-m", f"shapes {version}")
    commit = workspace.git("rev-parse", "HEAD")
    rule = {"rule": "accuracy at least 0.3", "passed": passed, "reason": "said so"}
    first = tags.find(workspace.folder, "shapes@v0.1.0").message
    message = {**first, "version": version, "champion": "v0.1.0", "verdict": {"rules": [rule]}, **more}
    tags.append(workspace.folder, "shapes", f"@{version}", commit, message)
    return commit


def live(workspace: Workspace, stage: str = "prod") -> str | None:
    """What is live, where gto and we agree on it."""
    shown = json.loads(workspace._tool("gto", "show", "--json"))["shapes"]["stage"].get(stage)
    own = workspace.json("model", "ls", "shapes", "--stage", stage)["versions"]
    assert [version["version"] for version in own] == ([shown] if shown else [])
    return str(shown) if shown else None


def test_a_version_that_passed_is_promoted_and_rolled_back(workspace: Workspace) -> None:
    another(workspace, "v0.2.0")
    answer = workspace.json("model", "promote", "shapes", "v0.2.0")
    assert (answer["tag"], answer["before"], answer["overridden"]) == ("shapes#prod#2", "v0.1.0", False)
    assert live(workspace) == "v0.2.0" and workspace.json("status")["models"]["shapes"]["live"] == "v0.2.0"
    assert "nothing to do" in workspace.dailies("model", "promote", "shapes", "0.2.0").stdout
    said = workspace.dailies("model", "rollback", "shapes", "--why", "odd squares").stdout
    assert said.startswith("shapes@v0.1.0 is live in prod again, instead of v0.2.0") and live(workspace) == "v0.1.0"
    said = workspace.dailies("model", "rollback", "shapes", exit_code=2).stderr
    assert said.startswith("dailies: shapes@v0.1.0 is the only version in prod") and len(said.splitlines()) == 1
    assert "out of prod, shapes#prod!#3: odd squares (" in workspace.dailies("model", "show", "shapes@v0.2.0").stdout


def test_a_refused_version_needs_somebody_to_overrule_the_gate(workspace: Workspace) -> None:
    another(workspace, "v0.2.0", passed=False)
    before = workspace.tags()
    said = workspace.dailies("model", "promote", "shapes", "v0.2.0", exit_code=4).stderr
    assert "not promoted: accuracy at least 0.3: said so; to do it nevertheless:" in said
    said = workspace.dailies("model", "promote", "shapes", "v0.2.0", "--override", exit_code=2).stderr
    assert "--override needs a reason" in said and workspace.tags() == before
    workspace.dailies("model", "promote", "shapes", "v0.2.0", "--override", "--why", "the fair", "--stage", "staging")
    [event] = workspace.json("model", "show", "shapes#staging")["history"]
    assert event["overridden"] and event["why"] == "the fair" and event["who"] and event["when"]
    assert [rule["passed"] for rule in event["rules"]] == [False, True]
    assert (live(workspace, "staging"), live(workspace)) == ("v0.2.0", "v0.1.0")
    assert "refused: accuracy at least 0.3, overruled" in workspace.dailies("model", "ls").stdout
    assert "into staging OVER THE GATE" in workspace.dailies("model", "show", "shapes@v0.2.0").stdout


def test_a_version_is_judged_against_what_is_live_now(workspace: Workspace) -> None:
    floor = {"rule": "accuracy at least 0.3", "passed": True, "reason": "said so"}
    another(workspace, "v0.2.0", champion=None, verdict={"rules": [floor], "worse_by": 0.1})
    answer = workspace.json("model", "promote", "shapes", "v0.2.0")
    assert [rule["rule"] for rule in answer["rules"]] == [floor["rule"], "not worse than v0.1.0 by 0.1", "rights"]


def test_a_version_without_a_gate_is_not_promoted_by_itself(workspace: Workspace) -> None:
    workspace.git("commit", "--quiet", "--allow-empty", "-m", "more")
    workspace._tool("gto", "register", "shapes", "--version", "v3.0.0")
    said = workspace.dailies("model", "promote", "shapes", "v3.0.0", exit_code=4).stderr
    assert "shapes@v3.0.0 was registered without one" in said


def test_a_version_whose_objects_are_gone_is_not_promoted(workspace: Workspace) -> None:
    another(workspace, "v0.2.0")
    md5 = tags.find(workspace.folder, "shapes").message["weights"]
    (remote(workspace) / md5[:2] / md5[2:]).unlink()
    said = workspace.dailies("model", "promote", "shapes", "v0.2.0", exit_code=13).stderr
    assert f"objects of shapes@v0.2.0 are not on the remote, the first is {md5}" in said
    assert workspace.tags() == ["shapes#prod#1", "shapes@v0.1.0", "shapes@v0.2.0"]


def test_a_version_is_taken_back_for_good(workspace: Workspace) -> None:
    another(workspace, "v0.2.0")
    said = workspace.dailies("model", "retire", "shapes", "v0.1.0", exit_code=2).stderr
    assert said.startswith("dailies: shapes@v0.1.0 is live in prod; promote another or roll back first")
    answer = workspace.json("model", "retire", "shapes", "v0.2.0", "--why", "wrong data")
    assert answer["tag"] == "shapes@v0.2.0!" and answer["stages"] == {}
    assert [v["version"] for v in workspace.json("model", "ls")["versions"]] == ["v0.1.0"]
    [_, gone] = workspace.json("model", "ls", "--all")["versions"]
    assert gone["taken_back"].startswith("wrong data (")
    for command in (["model", "promote", "shapes", "v0.2.0"], ["predict", "shapes@v0.2.0", "a.png"]):
        assert "shapes@v0.2.0 was taken back: wrong data" in workspace.dailies(*command, exit_code=2).stderr
    workspace.params("epochs: 4", "epochs: 3")
    assert workspace.json("run", "shapes", exit_code=None)["version"] == "v0.3.0"


def test_the_version_before_is_live_when_the_live_one_is_taken_back(workspace: Workspace) -> None:
    another(workspace, "v0.2.0")
    workspace.dailies("model", "promote", "shapes", "v0.2.0")
    answer = workspace.json("model", "retire", "shapes", "v0.2.0", "--even-live")
    assert answer["stages"] == {"prod": "v0.1.0"} and live(workspace) == "v0.1.0"
    answer = workspace.json("model", "retire", "shapes", "v0.1.0", "--even-live")
    assert answer["stages"] == {"prod": None} and live(workspace) is None
    assert "none that stands" in workspace.dailies("model", "show", "shapes", exit_code=2).stderr


def test_two_versions_are_compared(workspace: Workspace) -> None:
    workspace.params("epochs: 4", "epochs: 3")
    second = workspace.json("run", "shapes", exit_code=None)["tag"]
    answer = workspace.json("model", "compare", "shapes@v0.1.0", second)
    assert answer["settings"] == {"epochs": [4, 3]} and answer["code"] == {} and answer["libraries"] == {}
    assert answer["data"]["assets"][0] == answer["data"]["assets"][1]
    assert answer["data"]["test samples"][0] == answer["paired"]["assets"] > 0
    low, high = answer["paired"]["interval"]
    assert low <= answer["paired"]["difference"] <= high
    for metric in answer["metrics"]["accuracy"]:
        assert metric["interval"][0] <= metric["value"] <= metric["interval"][1]
    said = workspace.dailies("model", "compare", "shapes@v0.1.0", second).stdout
    assert "answers: " in said and "code: every file that decides the results is the same" in said


def remote(workspace: Workspace) -> Path:
    return workspace.folder / ".dailies" / "remote" / "files" / "md5"


def cache(workspace: Workspace) -> Path:
    return workspace.folder / ".dvc" / "cache" / "files" / "md5"


def fresh_clone(workspace: Workspace, folder: Path) -> Workspace:
    """What a colleague has: a clone, and the DVC remote's address."""
    subprocess.run(["git", "clone", "--quiet", workspace.folder, folder], check=True)
    clone = Workspace(folder, workspace.pictures, workspace.env)
    clone.dvc("remote", "add", "--local", "--default", "store", str(workspace.folder / ".dailies" / "remote"))
    return clone


def test_weights_are_brought_to_a_fresh_clone(workspace: Workspace, tmp_path: Path) -> None:
    clone = fresh_clone(workspace, tmp_path / "clone")
    out = tmp_path / "out"
    answer = clone.json("model", "get", "shapes", "-o", str(out))
    for name in answer["files"]:
        assert (out / name).read_bytes() == (workspace.folder / "data/weights/shapes" / name).read_bytes()
    assert sorted(answer["files"]) == sorted(path.name for path in out.iterdir())
    said = clone.dailies("model", "get", "shapes", "-o", str(out), exit_code=2).stderr
    assert "exists and is not an empty folder" in said
    picture = next((workspace.pictures / "disc").iterdir())
    assert clone.json("predict", "shapes#prod", str(picture))["model"] == "shapes@v0.1.0"


def test_weights_may_be_linked(workspace: Workspace, tmp_path: Path) -> None:
    out = workspace.folder.parent / "linked"
    answer = workspace.json("model", "get", "shapes@v0.1.0", "-o", str(out), "--link")
    for name, md5 in answer["files"].items():
        assert (out / name).samefile(cache(workspace) / md5[:2] / md5[2:])


def spoil(path: Path) -> None:
    """Flip a bit, and leave size and time as they were."""
    data, stat = bytearray(path.read_bytes()), path.stat()
    data[len(data) // 2] ^= 1
    path.unlink()
    path.write_bytes(data)
    import os

    os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns))


def weights_object(workspace: Workspace) -> str:
    md5 = tags.find(workspace.folder, "shapes").message["weights"]
    with dvc.opened(workspace.folder) as repo:
        listing = json.loads(dvc.objects(repo, [md5])[md5].read_text())
    [found] = [entry["md5"] for entry in listing if entry["relpath"] == "model.safetensors"]
    return f"{found[:2]}/{found[2:]}"


def test_a_damaged_object_is_fetched_anew_and_never_handed_out(workspace: Workspace, tmp_path: Path) -> None:
    name = weights_object(workspace)
    good = (cache(workspace) / name).read_bytes()
    spoil(cache(workspace) / name)
    workspace.dailies("model", "get", "shapes", "-o", str(tmp_path / "one"))
    assert (tmp_path / "one" / "model.safetensors").read_bytes() == good == (cache(workspace) / name).read_bytes()
    spoil(cache(workspace) / name)
    spoil(remote(workspace) / name)
    said = workspace.dailies("model", "get", "shapes", "-o", str(tmp_path / "two"), exit_code=13).stderr
    assert "is damaged in the cache, and on the remote it has other bytes" in said and len(said.splitlines()) == 1
    (remote(workspace) / name).unlink()
    said = workspace.dailies("model", "get", "shapes", "-o", str(tmp_path / "two"), exit_code=13).stderr
    assert "and not on the remote" in said
    assert [path.name for path in tmp_path.iterdir() if "two" in path.name] == []
    assert not list(cache(workspace).rglob(".fetching-*"))


def test_without_a_remote_what_is_missing_is_one_line(workspace: Workspace, tmp_path: Path) -> None:
    shutil.rmtree(cache(workspace))
    (workspace.folder / ".dvc" / "config.local").unlink()
    said = workspace.dailies("model", "get", "shapes", "-o", str(tmp_path / "out"), exit_code=13).stderr
    assert "no DVC remote is set to fetch it from" in said and not (tmp_path / "out").exists()


def test_weights_that_tag_and_lock_name_differently_are_not_handed_out(workspace: Workspace, tmp_path: Path) -> None:
    another(workspace, "v0.2.0", weights="0" * 32 + ".dir")
    said = workspace.dailies("model", "get", "shapes@v0.2.0", "-o", str(tmp_path / "out"), exit_code=13).stderr
    assert "one of them was tampered with" in said


def test_the_card_tells_what_was_measured_of_what(workspace: Workspace) -> None:
    answer = workspace.json("model", "show", "shapes", "--card")
    card = answer["card"]
    assert answer["commit"] == workspace.git("rev-parse", "shapes@v0.1.0^{commit}") and card["model"] == "shapes"
    assert card["metrics"]["accuracy"]["value"] == answer["metrics"]["accuracy"]
    low, high = card["metrics"]["accuracy"]["interval"]
    assert low <= card["metrics"]["accuracy"]["value"] <= high and card["metrics"]["macro_f1"]["interval"] is None
    assert card["data"]["licence"] == "CC0-1.0" and sum(card["data"]["licences"].values()) == 80
    assert sum(split["assets"] for split in card["data"]["splits"].values()) == 80
    assert [row["class"] for row in card["slices"]["Classes"]] == ["disc", "square"]
    assert set(card["pictures"]) == {
        path.name for path in (workspace.folder / "data/reports/shapes/pictures").iterdir()
    }
    assert card["settings"]["epochs"] == 4 and card["environment"]["torch"] and len(card["code"]["sha256"]) == 64
    assert "consent of who is in the data: unknown" in card["limits"]
    said = workspace.dailies("model", "show", "shapes", "--card").stdout
    assert said.startswith("> shapes@v0.1.0 is live in prod") and "\n## Known limits\n" in said
    assert str(workspace.folder) not in json.dumps(card) and str(workspace.pictures) not in json.dumps(card)


def test_a_card_takes_what_a_person_says_of_a_model(workspace: Workspace) -> None:
    workspace.params(
        "    gate: {accuracy", "    about: Sorts toy blocks\n    limits: [not for round squares]\n    gate: {accuracy"
    )
    workspace.dvc("repro", "validate@shapes")
    card = json.loads((workspace.folder / "data/reports/shapes/card.json").read_text())
    assert card["about"] == "Sorts toy blocks" and card["limits"][0] == "not for round squares"
    text = (workspace.folder / "data/reports/shapes/card.md").read_text()
    assert text.startswith("# shapes: Sorts toy blocks\n")
    assert workspace.dvc("status", "train@shapes") == "Data and pipelines are up to date."


def test_a_version_without_a_card_says_so(workspace: Workspace) -> None:
    workspace.git("rm", "--quiet", "-r", "data/reports/shapes")
    another(workspace, "v0.2.0")
    said = workspace.dailies("model", "show", "shapes@v0.2.0", "--card", exit_code=2).stderr
    assert said.startswith("dailies: shapes@v0.2.0 has no card")
