"""Questions about a synthetic past, and the exit codes that scripts go by."""

import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from workspaces import ROOT

from lineage import asked, diff, index, standing, why
from lineage.trace import Traced, trace
from project.errors import UsageError
from registry import tags
from registry.git import git

sys.path.insert(0, str(ROOT))
from benchmarks.synthetic_history import Size, Workspace, asset_ids

SIZE = Size(versions=12, models=2, assets=600, sources=1, generations=3)
"""m00 and m01 of one source; v0.0 and v0.1 of its first assets, v0.2 and v0.3 of the second, v0.4 and v0.5 of the third."""


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Version v0.3.0 of m00 began with the weights of v0.1.0, and v0.5.0 with those of v0.3.0."""
    workspace = Workspace(tmp_path_factory.mktemp("past") / "workspace", SIZE)
    workspace.starts = {6: 2, 10: 6}
    workspace.fill()
    git(workspace.folder, "config", "user.name", "T")
    git(workspace.folder, "config", "user.email", "t@localhost")
    return workspace.folder


def ids(generation: int) -> set[str]:
    return {asset for asset in asset_ids(SIZE, 0, generation) if not asset.endswith("00")}


def gone_from_training() -> str:
    """An asset that only the first generation has, where it is not held out for test."""
    return min(asset for asset in ids(0) - ids(1) - ids(2) if split_of(asset) != "test")


def split_of(asset: str) -> str:
    return {"0": "test", "1": "validation"}.get(asset[-3], "train")


def holding(traced: Traced, model: str) -> list[str]:
    return [holder.version for holder in traced.holders if holder.model == model]


def ask(root: Path, *arguments: str) -> tuple[int, Any]:
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-P", "-m", "studio", "lineage", *arguments, "--json"]
    done = subprocess.run(command, cwd=root, env=env, capture_output=True, text=True, check=False)
    assert not done.stderr, done.stderr
    return done.returncode, json.loads(done.stdout)


def test_an_asset_that_went_is_held_by_old_versions_and_by_those_that_grew_from_them(root: Path) -> None:
    gone = gone_from_training()
    traced = trace(root, [gone])
    assert holding(traced, "m01") == ["v0.0.0", "v0.1.0"]
    assert holding(traced, "m00") == ["v0.0.0", "v0.1.0", "v0.3.0", "v0.5.0"]
    last = next(holder for holder in traced.holders if holder.tag == "m00@v0.5.0")
    assert last.stages == ("prod",) and last.uses == () and last.inherited == {"m00@v0.1.0": (gone,)}
    assert last.assets == (gone,)
    assert traced.live == (last,)


def test_what_was_only_measured_with_is_not_inherited(root: Path) -> None:
    tested = {asset for asset in ids(0) if split_of(asset) == "test"}
    for holder in trace(root, tested).holders:
        assert holder.inherited == {}
        assert holder.splits == ("test",)


def test_samples_and_their_copies_are_told(root: Path) -> None:
    from media.shard import sample_id

    asset = min(asset for asset in ids(0) & ids(2) if split_of(asset) == "train")
    for holder in trace(root, [asset]).holders:
        [use] = holder.uses
        assert (use.asset, use.split, use.samples) == (asset, "train", (sample_id(asset, 0, ""),))
        assert holder.copies == 1


def test_an_asset_that_nobody_knows_is_held_by_nothing(root: Path) -> None:
    traced = trace(root, ["0" * 64])
    assert traced.holders == () and traced.unknown == () and traced.assets == ("0" * 64,)


def test_the_registry_as_it_stood(root: Path) -> None:
    gone = gone_from_training()
    with index.opened(root) as db:
        made = {version.tag: version.made for version in standing.versions(db)}
    at = standing.moment(made["m00@v0.1.0"])
    assert holding(trace(root, [gone], at), "m00") == ["v0.0.0", "v0.1.0"]
    assert [holder.tag for holder in trace(root, [gone], at).live] == ["m00@v0.1.0", "m01@v0.0.0"]
    assert trace(root, [gone], standing.moment("2019-01-01")).holders == ()


@pytest.mark.parametrize("text", ["yesterday", "2026-13-01", ""])
def test_a_time_that_is_none(text: str) -> None:
    with pytest.raises(UsageError, match="is not a time; write it as 2026-11-21"):
        standing.moment(text)


def test_assets_are_named_in_many_ways(root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asset = min(ids(0))
    (tmp_path / "mine.jpg").write_bytes(b"mine")
    monkeypatch.chdir(tmp_path)
    with index.opened(root) as db:
        path = f"shoot-{asset[:2]}/{asset[2:14]}.jpg"
        for named in (asset, asset.upper(), asset[:12], path, f"s00/{path}"):
            assert asked.assets(db, named) == [asset]
        assert asked.assets(db, "mine.jpg") == [hashlib.sha256(b"mine").hexdigest()]
        subject = f"person {int(asset[4:7], 16)} of s00"
        assert asset in asked.by(db, "subject", subject)
        assert asked.by(db, "source", "s00") == asked.by(db, "licence", "CC-BY-4.0")
        assert len(asked.by(db, "source", "s00")) == len(
            set(asset_ids(SIZE, 0, 0)) | set(asset_ids(SIZE, 0, 1)) | set(asset_ids(SIZE, 0, 2))
        )
        for odd in ("", asset[:5], "nowhere.jpg", "s01/" + path, "%", asset + "0"):
            with pytest.raises(UsageError, match="is neither an asset id or its start"):
                asked.assets(db, odd)
        with pytest.raises(UsageError, match=r"no asset has the licence 'CC-BY'; did you mean 'CC-BY-4\.0'"):
            asked.by(db, "licence", "CC-BY")


def test_exit_codes_of_trace(root: Path) -> None:
    gone = gone_from_training()
    code, said = ask(root, "trace", gone)
    assert (code, said["held_by_live"]) == (6, ["m00@v0.5.0"])
    code, said = ask(root, "trace", gone, "--at", "2019-01-01")
    assert (code, said["holders"]) == (0, [])
    assert ask(root, "trace")[0] == 2
    assert ask(root, "trace", "no such thing")[0] == 2
    assert ask(root, "trace", gone, "--at", "soon")[0] == 2


def test_of_a_live_version_that_is_not_at_hand_nothing_is_said(tmp_path: Path) -> None:
    workspace = Workspace(tmp_path / "workspace", SIZE)
    workspace.starts = {6: 2, 10: 6}
    workspace.fill()
    md5 = workspace.shards[0, 0]
    (workspace.folder / ".dvc/cache/files/md5" / md5[:2] / md5[2:]).unlink()
    code, said = ask(workspace.folder, "trace", "0" * 64)
    assert code == 7
    whys = {each["tag"]: each["why"] for each in said["cannot_say"]}
    assert whys.keys() == {"m00@v0.0.0", "m00@v0.1.0", "m00@v0.3.0", "m00@v0.5.0"}
    assert whys["m00@v0.5.0"] == "its training began with weights of a version of which it cannot be said"
    assert ask(workspace.folder, "show", "m00@v0.1.0")[0] == 7
    code, said = ask(workspace.folder, "diff", "m00@v0.1.0", "m00@v0.2.0")
    assert code == 7 and md5 in said["assets"]["unknown"]


def test_a_refused_asset_has_its_reason(root: Path) -> None:
    refused = min(asset for asset in asset_ids(SIZE, 0, 0) if asset.endswith("00"))
    with index.opened(root) as db:
        [said] = why.why(root, db, refused)
    assert (said.status, said.by, said.reason) == ("quarantined", "reading", "damaged: image file is truncated")
    assert "m00@v0.0.0" in said.versions and said.rights["consent"] == "given"
    assert ask(root, "trace", refused)[0] == 0
    assert ask(root, "why", refused)[1]["said"][0]["reason"] == said.reason
    assert ask(root, "why", "0" * 64)[0] == 2


def test_two_versions_differ_in_single_assets(root: Path) -> None:
    with index.opened(root) as db:
        lines = standing.lines(db)
        found = diff.between(root, db, *(tags.find_in(lines, name) for name in ("m00@v0.0.0", "m00@v0.4.0")))
        same = diff.between(root, db, *(tags.find_in(lines, name) for name in ("m00@v0.0.0", "m01@v0.0.0")))
    assert found.assets.added == {asset: (split_of(asset),) for asset in sorted(ids(2) - ids(0))}
    assert found.assets.removed == {asset: (split_of(asset),) for asset in sorted(ids(0) - ids(2))}
    assert found.assets.moved == {} and found.assets.relabelled == {}
    assert found.metrics == {"accuracy": (0.9, 0.908)}
    assert found.explanation.startswith("only assets differ, so they explain it")
    assert not same.assets.any and same.explanation == "nothing that is recorded differs: chance, or the machine"


def test_the_tree_finds_what_does_not_agree(root: Path) -> None:
    code, said = ask(root, "show", "m00@v0.0.0")
    assert code == 0
    holds = {check["what"]: check["holds"] for check in said["agreement"]}
    assert holds == {"tag and dvc.lock": True, "tag and run": None, "weights in the cache": True}
    assert said["samples"]["samples"].keys() == {"train", "validation", "test"}
    assert sum(said["assets"]["status"].values()) == SIZE.each
    weights = root / ".dvc/cache/files/md5" / said["weights"]["md5"][:2] / said["weights"]["md5"][2:]
    file = json.loads(weights.read_text())[0]["md5"]
    kept = root / ".dvc/cache/files/md5" / file[:2] / file[2:]
    kept.write_bytes(b"flipped")
    try:
        code, said = ask(root, "show", "m00@v0.0.0")
        assert code == 13 and said["agreement"][-1]["said"] == f"{file} holds other bytes"
    finally:
        kept.write_bytes(b"0")
    git(root, "tag", "-a", "-m", json.dumps({"weights": "other"}), "m00@v9.0.0", "m00@v0.0.0^{}")
    try:
        code, said = ask(root, "show", "m00@v9.0.0")
        assert code == 13 and said["agreement"][0]["said"].startswith("weights other in the tag, ")
    finally:
        git(root, "tag", "-d", "m00@v9.0.0")
