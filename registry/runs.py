"""A run's own worktree, branch and lock: nothing that a run does shows on the main branch before it lands."""

import contextlib
import datetime
import fcntl
import getpass
import os
import secrets
import shutil
import socket
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from project import editing, layout
from project.errors import Locked, UsageError
from registry import dvc, git

BRANCHES = "run/"
TAKEN = ("params.yaml", "dvc.lock", "data")
"""What a run takes along though it is not committed: what people edit, and what DVC made of it."""
TAKEN_TRAILER = "Taken-Along-By"
LANDING = "landing"
"""The lock that is held while the main branch moves, and the workspace's files with it."""


@dataclass(frozen=True, slots=True)
class Run:
    """One run of one model, in a worktree of its own."""

    id: str
    model: str
    workspace: Path
    folder: Path

    @property
    def branch(self) -> str:
        return BRANCHES + self.id

    @property
    def log_folder(self) -> Path:
        return layout.logs(self.workspace, self.id)


def new_id(model: str) -> str:
    """Readable and unique: model, day and time in UTC, four random characters."""
    now = datetime.datetime.now(datetime.UTC)
    return f"{model}-{now:%Y%m%d-%H%M%S}-{secrets.token_hex(2)}"


@contextlib.contextmanager
def lock(workspace: Path, name: str, *, wait: bool = False) -> Iterator[int]:
    """Hold `.dailies/locks/<name>`, and give its file descriptor: a child that inherits it holds the lock as well.

    The system frees the lock when the last holder ends, however it ends. Raises Locked with who holds it.
    """
    path = workspace / ".dailies" / "locks" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
        except BlockingIOError:
            holder = path.read_text(encoding="utf-8").strip() or "another process"
            raise Locked(f"{name} is locked by {holder}; wait for it to end, or stop it and run again") from None
        os.ftruncate(handle, 0)
        os.pwrite(handle, f"process {os.getpid()} on {socket.gethostname()}\n".encode(), 0)
        yield handle
    finally:
        os.close(handle)


def is_locked(workspace: Path, name: str) -> bool:
    try:
        with lock(workspace, name):
            return False
    except Locked:
        return True


@contextlib.contextmanager
def still(workspace: Path) -> Iterator[None]:
    """No other run lands meanwhile: what is half landed looks like what a person has not committed."""
    with lock(workspace, LANDING, wait=True):
        yield


def check_committed(workspace: Path) -> None:
    """A run takes committed code only, so that its version can be made again. Raises UsageError."""
    with still(workspace):
        dirty = git.changed(workspace, *layout.CODE)
    if dirty:
        more = f" and {len(dirty) - 1} more" if len(dirty) > 1 else ""
        raise UsageError(
            f"{dirty[0]}{more} has changes that are not committed, and a run takes committed code only; "
            "run: git add -A && git commit, or git stash"
        )


def start(workspace: Path, model: str, overrides: Mapping[str, Any]) -> Run:
    """Make the worktree, on a branch of its own, with what is not committed of params.yaml and of DVC's results, and
    with `overrides` written into params.yaml."""
    run_id = new_id(model)
    run = Run(run_id, model, workspace, workspace / ".dailies" / "runs" / run_id)
    run.folder.parent.mkdir(parents=True, exist_ok=True)
    try:
        with still(workspace):
            git.add_worktree(workspace, run.folder, run.branch)
            take_along(run)
        dvc.share_settings(workspace, run.folder)
        if overrides:
            override(run.folder / "params.yaml", model, overrides)
    except BaseException:
        end(run)
        raise
    return run


def take_along(run: Run) -> None:
    """Commit to the run's branch what a person or `dvc repro` left uncommitted in the workspace."""
    paths = git.changed(run.workspace, *TAKEN)
    for path in paths:
        source, target = run.workspace / path, run.folder / path
        if source.is_file():
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source, target)
        else:
            target.unlink(missing_ok=True)
    if paths:
        git.add(run.folder, *paths)
        subject = f"Take along what was not committed: {', '.join(sorted(path.split('/')[-1] for path in paths)[:4])}"
        git.commit(run.folder, subject, {TAKEN_TRAILER: run.id})


def taken_commit(run: Run) -> str:
    """The commit of `take_along`; empty when there was nothing to take."""
    return git.git(run.folder, "log", "-1", "--format=%H", f"--grep=^{TAKEN_TRAILER}: {run.id}$")


def override(path: Path, model: str, overrides: Mapping[str, Any]) -> None:
    """Write `settings.epochs=3` and the like into a model's entry of params.yaml."""
    layout.write_bytes(path, editing.overridden(path.read_text(encoding="utf-8"), model, overrides).encode())


def end(run: Run, *, keep_branch: bool = False) -> None:
    """Remove the worktree and the branch; a version's tag keeps its commit. `keep_branch` where a person must merge."""
    remove(run.workspace, run.folder, "" if keep_branch else run.branch)


def remove(workspace: Path, folder: Path, branch: str) -> None:
    with contextlib.suppress(git.GitError):
        git.remove_worktree(workspace, folder)
    shutil.rmtree(folder, ignore_errors=True)
    git.git(workspace, "worktree", "prune")
    if branch and git.exists(workspace, branch):
        git.git(workspace, "branch", "--quiet", "-D", branch)


def left_over(workspace: Path, held: str = "") -> list[git.Worktree]:
    """Worktrees of runs whose process was killed: nobody holds their lock. `held` is a model that the caller locked."""
    home = workspace / ".dailies" / "runs"
    trees = [tree for tree in git.worktrees(workspace) if tree.folder.parent == home]
    return [tree for tree in trees if model_of(tree) == held or not is_locked(workspace, lock_name(model_of(tree)))]


def model_of(tree: git.Worktree) -> str:
    return tree.folder.name.rsplit("-", 3)[0]


def lock_name(model: str) -> str:
    """One run a model at a time."""
    return f"model-{model}"


def sweep(workspace: Path, trees: list[git.Worktree]) -> None:
    """Remove what killed runs left: worktree and branch."""
    for tree in trees:
        remove(workspace, tree.folder, tree.branch)


def who() -> str:
    """The person or service account that runs this."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return "unknown"
