"""Lineage of a model that was really trained: its pictures, by path, by file and by release."""

import shutil
from pathlib import Path

from workspaces import Workspace


def test_a_picture_is_found_by_path_by_file_and_by_id(workspace: Workspace) -> None:
    file = workspace.pictures / "disc" / "0003.png"
    found = [workspace.json("lineage", "trace", named, exit_code=6) for named in ("disc/0003.png", str(file))]
    assert found[0] == found[1]
    [asset], [holder] = found[0]["assets"], found[0]["holders"]
    assert holder["tag"] == "shapes@v0.1.0" and holder["stages"] == ["prod"]
    assert workspace.json("lineage", "trace", asset[:8], exit_code=6) == found[0]
    every = workspace.json("lineage", "trace", "--licence", "CC0-1.0", exit_code=6)
    assert len(every["assets"]) == 80
    [said] = every["holders"]
    tested = {use["asset"] for use in said["uses"] if use["split"] == "test"}
    assert {row["asset_id"] for row in said["predicted"]} == tested
    assert "shapes@v0.1.0  prod" in workspace.dailies("lineage", "trace", "disc/0003.png", exit_code=6).stdout


def test_the_tree_of_a_real_version_agrees(workspace: Workspace) -> None:
    said = workspace.json("lineage", "show", "shapes")
    assert [check["holds"] for check in said["agreement"]] == [True, True, True, True]
    assert said["parameters"]["settings.epochs"] == 4 and said["source"]["path"] == str(workspace.pictures)
    assert said["run"]["trigger"] == "hand" and said["code"]["files"] > 10
    weights = workspace.folder / "data" / "weights" / "shapes" / "card.json"
    weights.unlink()
    weights.write_text("{}")
    text = workspace.dailies("lineage", "show", "shapes#prod", exit_code=13).stdout
    assert "DIFFERS other bytes: card.json" in text


def own_pictures(workspace: Workspace, tmp_path: Path) -> Path:
    """Pictures that may be spoilt, as the source of the workspace: those that it came with serve other tests."""
    own = tmp_path / "pictures"
    shutil.copytree(workspace.pictures, own)
    workspace.params(str(workspace.pictures), str(own))
    return own


def test_why_tells_who_overrode_a_rule(workspace: Workspace, tmp_path: Path) -> None:
    pictures = own_pictures(workspace, tmp_path)
    shutil.copy(pictures / "disc" / "0003.png", pictures / "square" / "twin.png")
    workspace.params("licence: CC0-1.0", "licence: CC0-1.0, max_quarantined: 0.5")
    workspace.dailies("data", "check", "shapes")
    [refused, before] = workspace.json("lineage", "why", "square/twin.png")["said"]
    assert (refused["status"], refused["by"], refused["now"]) == ("quarantined", "a rule", True)
    assert (before["status"], before["now"], before["versions"]) == ("admitted", False, ["shapes@v0.1.0"])
    workspace.dailies("data", "quarantine", "shapes", "--release", refused_id(workspace), "--why", "both are right")
    workspace.dailies("data", "check", "shapes")
    [now, *_] = workspace.json("lineage", "why", "square/twin.png")["said"]
    assert now["status"] == "admitted" and now["labels"] == ["disc", "square"]
    assert now["release"]["why"] == "both are right" and now["released"].endswith(": both are right")
    assert "released by " in workspace.dailies("lineage", "why", "square/twin.png").stdout


def refused_id(workspace: Workspace) -> str:
    [refused] = {each["asset_id"] for each in workspace.json("data", "quarantine", "shapes")["refused"]}
    return str(refused)


def test_a_failed_ingest_says_why_too(workspace: Workspace, tmp_path: Path) -> None:
    pictures = own_pictures(workspace, tmp_path)
    (pictures / "disc" / "torn.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    (pictures / "disc" / "torn2.png").write_bytes(b"\x89PNG\r\n\x1a\nx")
    workspace.dailies("data", "check", "shapes", exit_code=3)
    said = workspace.json("lineage", "why", str(pictures / "disc" / "torn.png"))
    assert said["said"] == []
    assert [(each["source"], each["path"]) for each in said["last_ingest"]] == [("shapes", "disc/torn.png")]
