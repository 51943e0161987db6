"""Objects that are missing, cut off, flipped or made up are found, named and restored; what is needed is never removed."""

import json
import os
from pathlib import Path

import pytest
from workspaces import Workspace

from project.errors import IntegrityError
from registry import dvc, runs, store

pytestmark = pytest.mark.slow


def object_of(workspace: Workspace, file: str = "model.safetensors", stage: str = "train@shapes") -> str:
    lock = dvc.read_lock(workspace.folder)
    with dvc.opened(workspace.folder) as repo:
        listing = store.cache(repo).listing(next(iter(dvc.outputs(lock, [stage]).values())))
    assert listing
    return listing[file]


def cached(workspace: Workspace, md5: str) -> Path:
    return workspace.folder / ".dvc/cache/files/md5" / md5[:2] / md5[2:]


def kept(workspace: Workspace, md5: str) -> Path:
    return workspace.folder / ".dailies/remote/files/md5" / md5[:2] / md5[2:]


def flip(path: Path) -> None:
    """One bit, where it is, and the times as they were: what no time stamp tells."""
    status = path.stat()
    path.chmod(0o644)
    with path.open("r+b") as file:
        file.seek(status.st_size // 2)
        byte = file.read(1)[0]
        file.seek(status.st_size // 2)
        file.write(bytes([byte ^ 1]))
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))


def problems(workspace: Workspace, *flags: str) -> dict[tuple[str, str], str]:
    found = workspace.json("verify", *flags, exit_code=None)["faults"]
    return {(each["place"], each["md5"]): each["problem"] for each in found if not each["restored"]}


def test_a_flipped_bit_is_found_restored_and_linked_again(workspace: Workspace) -> None:
    md5 = object_of(workspace)
    flip(cached(workspace, md5))
    said = workspace.dailies("verify", exit_code=13).stdout
    assert f"cache: {md5} is damaged, needed by shapes@v0.1.0" in said and "dailies verify --repair" in said
    assert workspace.dailies("verify", "--repair").stdout.count("restored") == 1
    assert problems(workspace, "--remote") == {}
    with dvc.opened(workspace.folder) as repo:
        assert store.cache(repo).digest(md5) == md5
    assert (workspace.folder / "data/weights/shapes/model.safetensors").read_bytes() == kept(
        workspace, md5
    ).read_bytes()


def test_what_is_missing_cut_off_or_a_link_is_named(workspace: Workspace, tmp_path: Path) -> None:
    missing, empty, linked = (object_of(workspace, name) for name in ("model.safetensors", "card.json", "history.json"))
    cached(workspace, missing).unlink()
    kept(workspace, empty).chmod(0o644)
    kept(workspace, empty).write_bytes(b"")
    elsewhere = tmp_path / "elsewhere"
    elsewhere.write_bytes(cached(workspace, linked).read_bytes())
    cached(workspace, linked).unlink()
    cached(workspace, linked).symlink_to(elsewhere)
    assert problems(workspace, "--remote", "--sample", "1%") == {
        ("cache", missing): "missing", ("remote local", empty): "empty", ("cache", linked): "a link"
    }  # fmt: skip
    workspace.dailies("verify", "--remote", "--repair")
    assert problems(workspace, "--remote") == {} and not cached(workspace, linked).is_symlink()


def test_what_no_place_has_any_more_is_put_aside_and_made_again(workspace: Workspace) -> None:
    md5 = object_of(workspace)
    for place in (cached, kept):
        flip(place(workspace, md5))
    said = workspace.dailies("verify", "--remote", "--repair", exit_code=13).stdout
    assert "no good copy here or on the remote" in said and "dailies run shapes" in said
    assert (workspace.folder / ".dailies/damaged" / md5).is_file()
    workspace.dvc("repro", "-q", "--single-item", "train@shapes")
    workspace.dailies("verify", "--remote", "--repair")
    assert problems(workspace, "--remote") == {}
    assert workspace.git("status", "--porcelain") == ""


@pytest.mark.parametrize("path", ["../../escaped", "/etc/escaped", "a//b", "a\\b"])
def test_a_listing_that_leads_out_of_its_folder_is_refused(path: str) -> None:
    data = json.dumps([{"md5": "0" * 32, "relpath": path}]).encode()
    with pytest.raises(IntegrityError, match="lies outside its folder or is no object; it was tampered with"):
        store.entries("1.dir", data)


def test_a_made_up_listing_with_the_right_hash_is_named(workspace: Workspace) -> None:
    import hashlib

    data = json.dumps([{"md5": "0" * 32, "relpath": "../../escaped"}]).encode()
    md5 = hashlib.md5(data).hexdigest() + ".dir"
    cached(workspace, md5).parent.mkdir(exist_ok=True)
    cached(workspace, md5).write_bytes(data)
    lock = workspace.lock().decode()
    weights = next(iter(dvc.outputs(dvc.read_lock(workspace.folder), ["train@shapes"]).values()))
    (workspace.folder / "dvc.lock").write_text(lock.replace(weights, md5))
    for command in (["verify"], ["gc", "--dry-run"]):
        said = workspace.dailies(*command, exit_code=13).stderr
        assert f"object {md5} names '../../escaped', which lies outside its folder" in said
    assert not (workspace.folder.parent / "escaped").exists()


def test_an_object_that_a_killed_push_left_out_is_named_and_pushed(workspace: Workspace) -> None:
    md5 = object_of(workspace)
    kept(workspace, md5).unlink()
    lock = dvc.read_lock(workspace.folder)
    # The listing is on the remote, so DVC takes its files to be there as well; we list them, and say that one is not.
    with pytest.raises(IntegrityError, match="1 objects are not on the remote after the push"):
        dvc.push(workspace.folder, ["train@shapes"], dvc.outputs(lock, ["train@shapes"]).values())
    assert problems(workspace, "--remote") == {("remote local", md5): "missing"}
    workspace.dailies("verify", "--remote", "--repair")
    assert problems(workspace, "--remote") == {}


def test_gc_removes_what_nobody_needs_and_nothing_else(workspace: Workspace) -> None:
    before = workspace.json("gc", "--dry-run")["places"][0]
    spare = workspace.folder / "spare.bin"
    spare.write_bytes(b"of no use")
    workspace.dvc("add", "-q", "spare.bin")
    (workspace.folder / "spare.bin.dvc").unlink()
    spare.unlink()
    shown = workspace.json("gc", "--dry-run")["places"][0]
    assert shown["objects"] == before["objects"] + 1 and shown["kept"] == before["kept"]
    assert workspace.json("gc", "--dry-run")["places"][0] == shown, "a look changes nothing"
    workspace.dailies("gc", "--remote")
    assert problems(workspace, "--remote") == {}
    assert workspace.json("gc", "--dry-run", "--remote")["places"][0]["removed"] == {}


def test_gc_keeps_what_a_tag_reaches_that_the_workspace_does_not_need(workspace: Workspace) -> None:
    md5 = object_of(workspace)
    workspace.params("epochs: 4", "epochs: 3")
    workspace.dvc("repro", "-q", "validate@shapes")
    workspace.git("commit", "-qam", "Another result")
    workspace.dailies("gc")
    assert cached(workspace, md5).is_file(), "shapes@v0.1.0 is live"
    workspace.git("tag", "-a", "-m", "gone", "shapes@v0.1.0!", "shapes@v0.1.0^{commit}")
    workspace.dailies("gc")
    assert cached(workspace, md5).is_file(), "a version that was taken back keeps its objects"
    workspace.dailies("gc", "--retired")
    assert not cached(workspace, md5).exists() and kept(workspace, md5).is_file()
    assert problems(workspace) == {}


def test_gc_waits_for_no_run_and_removes_nothing_while_a_listing_is_lost(workspace: Workspace) -> None:
    with runs.lock(workspace.folder, runs.lock_name("shapes")):
        assert "model-shapes is locked by process" in workspace.dailies("gc", exit_code=11).stderr
    weights = next(iter(dvc.outputs(dvc.read_lock(workspace.folder), ["train@shapes"]).values()))
    cached(workspace, weights).unlink()
    kept(workspace, weights).unlink()
    count = len(list((workspace.folder / ".dvc/cache").rglob("*")))
    said = workspace.dailies("gc", exit_code=13).stderr
    assert f"the listing {weights}, which shapes@v0.1.0" in said and "nothing was removed" in said
    assert len(list((workspace.folder / ".dvc/cache").rglob("*"))) == count


@pytest.mark.parametrize("sample", ["0", "101%", "half", "-1"])
def test_a_sample_is_a_share(trained: Workspace, sample: str) -> None:
    assert "is not a share" in trained.dailies("verify", f"--sample={sample}", exit_code=2).stderr
