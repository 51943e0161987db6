"""Versions sent to a shared repository by several clones, and signed: real bare repositories, real ssh keys."""

import json
import shutil
import subprocess
import tempfile
from dataclasses import replace
from pathlib import Path

import pytest
from test_registry import another, fresh_clone
from workspaces import Workspace, draw_shapes

from registry import tags

pytestmark = pytest.mark.slow


@pytest.fixture
def shared(workspace: Workspace, tmp_path: Path) -> Path:
    """A bare repository to which the workspace, and each clone of it, sends its versions."""
    bare = tmp_path / "shared.git"
    subprocess.run(["git", "init", "--quiet", "--bare", "--initial-branch=main", bare], check=True)
    workspace.git("remote", "add", "origin", str(bare))
    workspace.git("push", "--quiet", "origin", "main", "--tags")
    workspace.git("config", "dailies.publish", "origin")
    return bare


def colleague(workspace: Workspace, shared: Path, folder: Path) -> Workspace:
    """Another clone of the shared repository, on the same DVC remote, that sends its versions there."""
    clone = fresh_clone(workspace, folder)
    clone.git("remote", "set-url", "origin", str(shared))
    clone.git("config", "dailies.publish", "origin")
    clone.git("config", "user.name", "Colleague")
    clone.git("config", "user.email", "colleague@localhost")
    return clone


def there(shared: Path) -> dict[str, str]:
    """Ref → object of the shared repository."""
    command = ["git", "for-each-ref", "--format=%(refname:strip=2) %(objectname)", "refs/tags", "refs/heads"]
    out = subprocess.run(command, cwd=shared, capture_output=True, text=True, check=True).stdout
    return dict(line.split() for line in out.splitlines())


def test_a_run_sends_its_branch_and_tags(workspace: Workspace, shared: Path) -> None:
    workspace.params("epochs: 4", "epochs: 3")
    answer = workspace.json("run", "shapes", exit_code=None)
    sent = there(shared)
    assert sent["main"] == workspace.git("rev-parse", "main") and answer["tag"] in sent
    assert {ref for ref in sent if "@" in ref or "#" in ref} == set(workspace.tags())
    assert not [ref for ref in sent if ref.startswith("run/")]


def test_nothing_is_sent_unless_the_clone_says_so(workspace: Workspace, shared: Path) -> None:
    workspace.git("config", "--unset", "dailies.publish")
    before = there(shared)
    another(workspace, "v0.2.0")
    said = workspace.dailies("model", "promote", "shapes", "v0.2.0").stdout
    assert "kept in this clone; git config dailies.publish says where it is sent to" in said
    assert there(shared) == before


def test_a_clone_without_any_data_exports_what_it_fetches(workspace: Workspace, tmp_path: Path) -> None:
    clone = fresh_clone(workspace, tmp_path / "clone")
    told = clone.json("model", "export", "shapes", "--as", "onnx", "-o", str(tmp_path / "shapes.onnx"))
    assert told["model"] == "shapes@v0.1.0" and (tmp_path / "shapes.onnx").stat().st_size == told["bytes"]
    clone.git("config", "dailies.sign", "true")
    said = clone.dailies("model", "export", "shapes", "--as", "onnx", "-o", str(tmp_path / "b"), exit_code=13).stderr
    assert "is not signed" in said and not (tmp_path / "b").exists()


def test_two_clones_that_promote_at_once_both_do_so(workspace: Workspace, shared: Path, tmp_path: Path) -> None:
    for version in ("v0.2.0", "v0.3.0", "v0.4.0", "v0.5.0"):
        another(workspace, version)
    workspace.git("push", "--quiet", "origin", "main", "--tags")
    clones = [workspace, colleague(workspace, shared, tmp_path / "colleague")]
    for pair in (("v0.2.0", "v0.3.0"), ("v0.4.0", "v0.5.0")):
        begun = [
            clone.start("model", "promote", "shapes", version, "--override", "--why", "race")
            for clone, version in zip(clones, pair, strict=True)
        ]
        for process, clone, version in zip(begun, clones, pair, strict=True):
            asked = ("model", "promote", "shapes", version, "--override", "--why", "race")
            assert process.wait(120) == 0, clone.said(*asked)
    sent = there(shared)
    numbers = sorted(int(ref.rsplit("#", 1)[1]) for ref in sent if "#" in ref)
    assert numbers == [1, 2, 3, 4, 5], "each promotion has a number of its own, and none is lost"
    made = {tags.find(workspace.folder, f"shapes@v0.{minor}.0").commit for minor in range(1, 6)}
    commits = {workspace_commit(shared, ref) for ref in sent if "#" in ref}
    assert commits == made
    for clone in clones:
        clone.git("fetch", "--quiet", "--tags", "origin")
    assert clones[0].json("model", "ls")["versions"] == clones[1].json("model", "ls")["versions"]


def workspace_commit(shared: Path, ref: str) -> str:
    command = ["git", "rev-parse", f"refs/tags/{ref}^{{commit}}"]
    return subprocess.run(command, cwd=shared, capture_output=True, text=True, check=True).stdout.strip()


def test_two_clones_that_run_at_once_both_register(workspace: Workspace, shared: Path, tmp_path: Path) -> None:
    clone = colleague(workspace, shared, tmp_path / "colleague")
    workspace.params("epochs: 4", "epochs: 3")
    clone.params(str(workspace.pictures), str(draw_shapes(tmp_path / "pictures", 44)))
    begun = [each.start("run", "shapes") for each in (workspace, clone)]
    for process, each in zip(begun, (workspace, clone), strict=True):
        assert process.wait(300) in (0, 4), each.said("run", "shapes")
    sent = there(shared)
    assert len({ref for ref in sent if "@" in ref}) == 3, sent
    for each in (workspace, clone):
        assert set(each.tags()) <= set(sent) and each.git("rev-parse", "main") in history(shared)


def history(shared: Path) -> list[str]:
    command = ["git", "log", "--format=%H", "main"]
    return subprocess.run(command, cwd=shared, capture_output=True, text=True, check=True).stdout.split()


def test_a_colleagues_version_is_followed_by_the_next_number(
    workspace: Workspace, shared: Path, tmp_path: Path
) -> None:
    clone = colleague(workspace, shared, tmp_path / "colleague")
    workspace.params("epochs: 4", "epochs: 3")
    assert workspace.json("run", "shapes", exit_code=None)["version"] == "v0.2.0"
    clone.params("width: 4, epochs: 2", "width: 4, epochs: 1")  # of the other model
    assert clone.json("run", "others", exit_code=None)["version"] == "v0.1.0"
    assert there(shared)["main"] == clone.git("rev-parse", "main")
    assert "shapes@v0.2.0" in clone.tags() and clone.json("run", "shapes")["tag"] in ("shapes@v0.2.0", "shapes@v0.1.0")


def test_what_a_killed_command_did_not_send_is_sent_by_the_next(workspace: Workspace, shared: Path) -> None:
    commit = another(workspace, "v0.2.0")
    tags.append(workspace.folder, "shapes", "#staging", commit, {"why": "killed before it was sent"})
    workspace.dailies("model", "promote", "shapes", "v0.2.0")
    assert {"shapes@v0.2.0", "shapes#staging#2", "shapes#prod#3"} <= set(there(shared))


def test_a_shared_repository_that_is_away_changes_nothing(workspace: Workspace, shared: Path) -> None:
    another(workspace, "v0.2.0")
    before = workspace.tags()
    shared.rename(shared.with_suffix(".away"))
    said = workspace.dailies("model", "promote", "shapes", "v0.2.0", exit_code=15).stderr
    assert said.startswith("dailies: the git remote origin does not answer") and len(said.splitlines()) == 1
    assert workspace.tags() == before


def test_a_shared_repository_that_takes_nothing_changes_nothing(workspace: Workspace, shared: Path) -> None:
    another(workspace, "v0.2.0")
    before = workspace.tags()
    hook = shared / "hooks" / "pre-receive"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text("#!/bin/sh\necho not on Fridays >&2\nexit 1\n")
    hook.chmod(0o755)
    said = workspace.dailies("model", "promote", "shapes", "v0.2.0", exit_code=15).stderr
    assert "not on Fridays" in said and len(said.splitlines()) == 1
    assert workspace.tags() == before


def test_a_tag_that_means_two_things_is_for_a_person(workspace: Workspace, shared: Path, tmp_path: Path) -> None:
    clone = colleague(workspace, shared, tmp_path / "colleague")
    workspace.git("config", "--unset", "dailies.publish")
    another(workspace, "v0.2.0")
    another(clone, "v0.2.0")
    clone.dailies("model", "promote", "shapes", "v0.2.0")
    workspace.git("config", "dailies.publish", "origin")
    said = workspace.dailies("model", "promote", "shapes", "v0.2.0", exit_code=1).stderr
    assert said.startswith("dailies: tag shapes@v0.2.0 is one thing here and another in origin")
    assert len(said.splitlines()) == 1


def test_a_remote_that_is_not_there_is_one_line(workspace: Workspace) -> None:
    another(workspace, "v0.2.0")
    workspace.git("config", "dailies.publish", "nowhere")
    said = workspace.dailies("model", "promote", "shapes", "v0.2.0", exit_code=2).stderr
    assert said.startswith("dailies: git config dailies.publish names 'nowhere', which is no remote of this clone")


@pytest.mark.skipif(not shutil.which("gpg"), reason="GnuPG is not installed")
def test_a_key_of_gnupg_signs_as_well(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    with tempfile.TemporaryDirectory(prefix="gnupg") as home:  # short: its sockets lie in it
        monkeypatch.setenv("GNUPGHOME", home)
        keyed = replace(workspace, env=workspace.env | {"GNUPGHOME": home})
        keyed.git("config", "user.email", "t@localhost")
        keyed._tool("gpg", "--batch", "--passphrase", "", "--quick-generate-key", "T <t@localhost>", "ed25519", "sign")
        keyed.git("config", "user.signingkey", "t@localhost")
        keyed.git("config", "dailies.sign", "true")
        another(keyed, "v0.2.0")
        keyed.dailies("model", "promote", "shapes", "v0.2.0")
        keyed.git("verify-tag", "shapes#prod#2")
        keyed._tool("gpgconf", "--kill", "all")
    with tempfile.TemporaryDirectory(prefix="gnupg") as home:
        stranger = replace(workspace, env=workspace.env | {"GNUPGHOME": home})
        said = stranger.dailies("model", "get", "shapes", "-o", "out", exit_code=13).stderr
        assert "is not good" in said and len(said.splitlines()) == 1
        stranger._tool("gpgconf", "--kill", "all")


@pytest.fixture
def signer(workspace: Workspace, tmp_path: Path) -> Path:
    """The workspace signs with a key of its own, and demands signatures."""
    key = new_key(tmp_path / "key")
    allowed = tmp_path / "allowed"
    allowed.write_text(f"t@localhost {key.with_suffix('.pub').read_text()}")
    for name, value in {
        "gpg.format": "ssh",
        "user.signingkey": str(key),
        "user.email": "t@localhost",
        "gpg.ssh.allowedSignersFile": str(allowed),
        "dailies.sign": "true",
    }.items():
        workspace.git("config", name, value)
    return key


def new_key(path: Path) -> Path:
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "test", "-f", path], check=True)
    return path


def test_what_is_not_signed_is_not_acted_on(workspace: Workspace, signer: Path, tmp_path: Path) -> None:
    picture = str(next((workspace.pictures / "disc").iterdir()))
    commands = [
        ["model", "get", "shapes", "-o", str(tmp_path / "out")],
        ["predict", "shapes", picture],
        ["model", "promote", "shapes", "v0.1.0", "--stage", "staging"],
    ]
    for command in commands:
        said = workspace.dailies(*command, exit_code=13).stderr
        assert said.startswith("dailies: shapes@v0.1.0 is not signed, and this workspace acts on signed versions only")
        assert len(said.splitlines()) == 1
    assert not (tmp_path / "out").exists() and workspace.tags() == ["shapes#prod#1", "shapes@v0.1.0"]


def test_a_signed_version_is_promoted_and_asked(workspace: Workspace, signer: Path) -> None:
    another(workspace, "v0.2.0")
    workspace.dailies("model", "promote", "shapes", "v0.2.0")
    for tag in ("shapes@v0.2.0", "shapes#prod#2"):
        workspace.git("verify-tag", tag)
    picture = str(next((workspace.pictures / "disc").iterdir()))
    assert workspace.json("predict", "shapes", picture)["model"] == "shapes@v0.2.0"
    assert json.loads(workspace._tool("gto", "show", "--json"))["shapes"]["stage"]["prod"] == "v0.2.0"


def test_a_run_signs_what_it_registers(workspace: Workspace, signer: Path) -> None:
    workspace.params("epochs: 4", "epochs: 3")
    assert workspace.json("run", "shapes", exit_code=None)["tag"] == "shapes@v0.2.0"
    said = workspace.git("verify-tag", "--verbose", "shapes@v0.2.0")  # which fails where the signature is not good
    assert "tag shapes@v0.2.0" in said


def test_a_stranger_s_signature_is_not_good(workspace: Workspace, signer: Path, tmp_path: Path) -> None:
    workspace.git("config", "user.signingkey", str(new_key(tmp_path / "stranger")))
    another(workspace, "v0.2.0")
    said = workspace.dailies("model", "promote", "shapes", "v0.2.0", exit_code=13).stderr
    assert said.startswith("dailies: the signature of shapes@v0.2.0 is not good") and len(said.splitlines()) == 1


def test_a_signed_tag_under_another_name_is_not_good(workspace: Workspace, signer: Path) -> None:
    another(workspace, "v0.2.0")
    sha = workspace.git("rev-parse", "refs/tags/shapes@v0.2.0")
    workspace.git("update-ref", "refs/tags/shapes@v0.9.0", sha)
    said = workspace.dailies("model", "promote", "shapes", "v0.9.0", exit_code=13).stderr
    assert "shapes@v0.9.0 is the signed tag of something else under a new name" in said


def test_a_stage_that_nobody_signed_is_not_believed(workspace: Workspace, signer: Path) -> None:
    another(workspace, "v0.2.0")
    workspace._tool("gto", "assign", "shapes", "--version", "v0.2.0", "--stage", "prod")
    picture = str(next((workspace.pictures / "disc").iterdir()))
    said = workspace.dailies("predict", "shapes", picture, exit_code=13).stderr
    assert said.startswith("dailies: shapes#prod#2 is not signed")
    assert workspace.json("predict", "shapes@v0.2.0", picture)["model"] == "shapes@v0.2.0"


def test_a_key_that_is_missing_is_one_line(workspace: Workspace, signer: Path) -> None:
    another(workspace, "v0.2.0")
    signer.unlink()
    before = workspace.tags()
    said = workspace.dailies("model", "promote", "shapes", "v0.2.0", exit_code=1).stderr
    assert said.startswith("dailies: this workspace signs its tags (dailies.sign), and git cannot")
    assert len(said.splitlines()) == 1 and workspace.tags() == before
    [found] = [each for each in workspace.json("doctor", exit_code=1)["findings"] if each["check"] == "registry"]
    assert not found["ok"] and "git cannot" in found["said"]
