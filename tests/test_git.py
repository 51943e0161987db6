"""The one caller of git, beside other callers of it."""

import os
import threading
import time
from pathlib import Path

import pytest

from registry import git


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    git.git(tmp_path, "init", "--quiet")
    (tmp_path / "file").write_text("one")
    git.git(tmp_path, "add", "file")
    git.git(tmp_path, "-c", "user.name=T", "-c", "user.email=t@localhost", "commit", "--quiet", "-m", "one")
    return tmp_path


def test_it_waits_for_another_git_that_writes(repository: Path) -> None:
    lock = repository / ".git/index.lock"
    lock.touch()
    (repository / "more").write_text("two")
    threading.Timer(0.5, lock.unlink).start()
    git.git(repository, "add", "more")
    assert git.git(repository, "diff", "--cached", "--name-only") == "more"


def test_a_lock_that_somebody_left_is_told(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(git, "LONGEST_WAIT_S", 0.2)
    (repository / ".git/index.lock").touch()
    with pytest.raises(git.GitError, match=r"git add failed in .*index\.lock': File exists"):
        git.git(repository, "add", "file")


def test_looking_for_changes_writes_nothing(repository: Path) -> None:
    later = time.time() + 10
    os.utime(repository / "file", (later, later))  # git would note the new time in its index
    before = (repository / ".git/index").read_bytes()
    assert git.changed(repository, ".") == []
    assert (repository / ".git/index").read_bytes() == before
