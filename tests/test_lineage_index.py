"""The index is the same however it came about: from nothing, step by step, or after being killed."""

import json
import shutil
import signal
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest
from indexes import brought_up_to_date, content, from_nothing
from workspaces import ROOT

from lineage import index, schema
from lineage.trace import trace
from registry import dvc
from registry.git import git

sys.path.insert(0, str(ROOT))
from benchmarks.synthetic_history import Size, Workspace, asset_ids

SIZE = Size(versions=24, models=3, assets=300, sources=2, generations=3)
KILLED = """
import os, sys
from pathlib import Path
from lineage import index
def tick(done, total):
    if done == int(sys.argv[2]): os.kill(os.getpid(), 9)
with index.opened(Path(sys.argv[1]), tick): pass
"""


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    workspace = Workspace(tmp_path_factory.mktemp("past") / "workspace", SIZE)
    workspace.fill()
    return workspace


@pytest.fixture
def workspace(made: Workspace, tmp_path: Path) -> Workspace:
    """A copy to do anything to."""
    copy = object.__new__(Workspace)
    copy.__dict__.update(
        made.__dict__, folder=tmp_path / "workspace", assets=dict(made.assets), shards=dict(made.shards)
    )
    shutil.copytree(made.folder, copy.folder)
    return copy


def tag(root: Path, name: str, at: str, message: object) -> None:
    git(root, "tag", "-a", "-F", "-", name, at, stdin=json.dumps(message))


def test_step_by_step_is_as_from_nothing(workspace: Workspace) -> None:
    """More runs, a version taken back, tags deleted, moved and of no model, an ingest that no version has yet."""
    root = workspace.folder
    git(root, "config", "user.name", "T")
    git(root, "config", "user.email", "t@localhost")
    brought_up_to_date(root)
    seen = []
    for number in (24, 25, 26, 27):
        workspace.one_more(number)
        seen.append(brought_up_to_date(root))
    tag(root, "m00@v0.1.0!", "m00@v0.1.0^{}", {"why": "wrong"})
    tag(root, "release-7", "HEAD", "of no model")
    seen.append(brought_up_to_date(root))
    git(root, "tag", "-d", "m01@v0.2.0")
    git(root, "tag", "-d", "m02@v0.8.0")  # alone with its data
    seen.append(brought_up_to_date(root))
    git(root, "tag", "-f", "-a", "-m", "again", "m00@v0.3.0", "m00@v0.4.0^{}")
    ids = asset_ids(SIZE, 0, 0)[:5]
    lock = (root / "dvc.lock").read_text()
    md5 = workspace.assets[1, 0]
    ingest = (
        f"  ingest@other:\n    cmd: x\n    outs:\n    - path: data/assets/other\n      hash: md5\n      md5: {md5}\n"
    )
    (root / "dvc.lock").write_text(lock + ingest)
    last = brought_up_to_date(root)
    assert all(one != other for one, other in zip([*seen, last], [*seen[1:], last, {}], strict=False) if other)
    assert last == from_nothing(root)
    assert trace(root, ids).holders


@pytest.mark.parametrize("after", [0, 1, 5, 14])
def test_killed_in_the_middle_it_goes_on(workspace: Workspace, after: int) -> None:
    killed = subprocess.run([sys.executable, "-c", KILLED, workspace.folder, str(after)], cwd=ROOT, check=False)
    assert killed.returncode == -signal.SIGKILL
    with sqlite3.connect(schema.path(workspace.folder)) as db:
        [(kept,)] = db.execute("SELECT count(*) FROM object").fetchall()
    db.close()
    assert kept == after
    assert brought_up_to_date(workspace.folder) == from_nothing(workspace.folder)


@pytest.mark.parametrize("content", [b"", b"no database at all" * 100], ids=["empty", "not a database"])
def test_a_spoilt_index_is_made_anew(workspace: Workspace, content: bytes) -> None:
    good = brought_up_to_date(workspace.folder)
    schema.remove(workspace.folder)
    schema.path(workspace.folder).write_bytes(content)
    assert brought_up_to_date(workspace.folder) == good


def test_an_index_of_other_tables_is_made_anew(workspace: Workspace) -> None:
    good = brought_up_to_date(workspace.folder)
    with sqlite3.connect(schema.path(workspace.folder)) as db:
        db.execute(f"PRAGMA user_version = {schema.VERSION + 1}")
        db.execute("DROP TABLE asset")
    db.close()
    assert brought_up_to_date(workspace.folder) == good


def manifest(workspace: Workspace, md5: str) -> Path:
    return workspace.folder / ".dvc/cache/files/md5" / md5[:2] / md5[2:]


def test_what_is_not_at_hand_is_named_until_it_is(workspace: Workspace) -> None:
    root, md5 = workspace.folder, workspace.shards[0, 2]
    file = manifest(workspace, md5)
    content = file.read_bytes()
    file.unlink()
    [asset] = asset_ids(SIZE, 0, 2)[-1:]
    traced = trace(root, [asset])
    assert {each.tag for each in traced.unknown} == {"m00@v0.6.0", "m00@v0.7.0"}
    assert {each.why for each in traced.unknown} == {f"object {md5} is not in the cache, and the remote lacks it too"}
    assert [each.stages for each in traced.unknown] == [(), ("prod",)]
    with dvc.opened(root) as repo:  # now it lies on the remote only
        path = Path(repo.cloud.get_remote_odb().oid_to_path(md5))
    path.parent.mkdir(parents=True)
    path.write_bytes(content)
    assert not trace(root, [asset]).unknown
    assert {"m00@v0.6.0", "m00@v0.7.0"} <= {holder.tag for holder in trace(root, [asset]).holders}


def test_a_damaged_object_is_not_believed(workspace: Workspace) -> None:
    md5 = workspace.shards[1, 0]
    file = manifest(workspace, md5)
    file.write_bytes(file.read_bytes() + b" ")
    [why] = {each.why for each in trace(workspace.folder, []).unknown}
    assert why == f"object {md5} holds other bytes than its name says"


def test_each_version_holds_what_its_derivation_names(workspace: Workspace) -> None:
    """Against the derivation tables themselves, for every asset and every version."""
    import pyarrow.parquet as pq

    root = workspace.folder
    every = sorted(
        {asset for source in range(2) for generation in range(3) for asset in asset_ids(SIZE, source, generation)}
    )
    found = {
        holder.tag: {(use.asset, use.split, sample) for use in holder.uses for sample in use.samples}
        for holder in trace(root, every).holders
    }
    with dvc.opened(root) as repo, index.opened(root) as db:
        for version, shards in db.execute("SELECT tag, shards FROM version").fetchall():
            cache = dvc.Cache(repo)
            path = Path(repo.cache.local.oid_to_path(cache.listing(shards)["derivation.parquet"]))
            rows = [row for row in pq.read_table(path).to_pylist() if not row["copy"]]
            told = {(parent, row["split"], row["sample_id"]) for row in rows for parent in row["parent_ids"]}
            assert found.pop(version) == told
        assert not found
        assert content(db)["state"]
