"""Tags in GTO's grammar, in a real repository, read by gto and by us alike."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from project.errors import UsageError
from registry import tags
from registry.git import GitError, git


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    git(tmp_path, "init", "--quiet", "--initial-branch=main")
    git(tmp_path, "config", "user.name", "Test")
    git(tmp_path, "config", "user.email", "test@localhost")
    commit(tmp_path)
    return tmp_path


def commit(folder: Path) -> str:
    git(folder, "commit", "--quiet", "--allow-empty", "-m", "work")
    return git(folder, "rev-parse", "HEAD")


def gto(folder: Path, *arguments: str) -> str:
    done = subprocess.run(
        [Path(sys.executable).with_name("gto"), *arguments], cwd=folder, capture_output=True, text=True, check=True
    )
    return done.stdout


def test_versions_and_stages_are_read_back(repository: Path) -> None:
    first = git(repository, "rev-parse", "HEAD")
    tags.add(repository, "faces@v0.1.0", first, {"metrics": {"accuracy": 0.9}})
    tags.add(repository, tags.next_stage_tag(repository, "faces", "prod"), first, {"why": "first"})
    second = commit(repository)
    tags.add(repository, "faces@v0.2.0", second, {})
    assert [(v.tag, v.stages) for v in tags.versions(repository)] == [("faces@v0.1.0", ("prod",)), ("faces@v0.2.0", ())]
    assert tags.find(repository, "faces").version == "v0.1.0"
    assert tags.live(repository, "faces").message == {"metrics": {"accuracy": 0.9}}  # type: ignore[union-attr]

    tags.add(repository, tags.next_stage_tag(repository, "faces", "prod"), second, {})
    assert tags.find(repository, "faces#prod").version == "v0.2.0"


def test_gto_shows_what_we_wrote(repository: Path) -> None:
    head = git(repository, "rev-parse", "HEAD")
    tags.add(repository, "faces@v0.1.0", head, {"a": 1})
    tags.add(repository, "faces#prod#1", head, {})
    shown = json.loads(gto(repository, "show", "--json"))
    assert shown["faces"]["version"] == "v0.1.0"
    assert shown["faces"]["stage"] == {"prod": ["v0.1.0"]} or shown["faces"]["stage"] == {"prod": "v0.1.0"}


def test_we_read_what_gto_wrote(repository: Path) -> None:
    gto(repository, "register", "faces", "--version", "v1.0.0", "--message", "by hand")
    gto(repository, "assign", "faces", "--version", "v1.0.0", "--stage", "prod")
    [version] = tags.versions(repository)
    assert (version.tag, version.stages) == ("faces@v1.0.0", ("prod",))
    gto(repository, "deprecate", "faces", "v1.0.0", "prod")
    assert tags.versions(repository)[0].stages == ()


def test_a_tag_is_never_moved(repository: Path) -> None:
    head = git(repository, "rev-parse", "HEAD")
    tags.add(repository, "faces@v0.1.0", head, {})
    with pytest.raises(GitError, match="already exists"):
        tags.add(repository, "faces@v0.1.0", commit(repository), {})


def test_versions_sort_by_number(repository: Path) -> None:
    for number in ("v0.10.0", "v0.9.0", "v0.9.10", "v0.9.9"):
        tags.add(repository, f"faces@{number}", commit(repository), {})
    assert [v.version for v in tags.versions(repository)] == ["v0.9.0", "v0.9.9", "v0.9.10", "v0.10.0"]


def test_an_unknown_reference_lists_what_there_is(repository: Path) -> None:
    with pytest.raises(UsageError, match="no version yet"):
        tags.find(repository, "faces")
    tags.add(repository, "faces@v0.1.0", git(repository, "rev-parse", "HEAD"), {})
    with pytest.raises(UsageError, match=r"'faces@v9.9.9' is not a version; known: faces@v0.1.0"):
        tags.find(repository, "faces@v9.9.9")


def test_the_counter_is_one_sequence_for_all_stages(repository: Path) -> None:
    head = git(repository, "rev-parse", "HEAD")
    tags.add(repository, "faces#prod#1", head, {})
    tags.add(repository, "faces#staging#2", head, {})
    tags.add(repository, "faces_old#prod#9", head, {})
    assert tags.next_stage_tag(repository, "faces", "prod") == "faces#prod#3"
