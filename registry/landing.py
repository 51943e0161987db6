"""Landing: what a run made reaches the main branch, by fast-forward or by a merge of dvc.lock stage by stage."""

from collections.abc import Callable
from pathlib import Path

import yaml

from project import layout
from project.errors import DailiesError
from registry import dvc, git, origin
from registry.runs import TAKEN, Run, still, taken_commit


class NotLanded(DailiesError):
    """The main branch cannot take the run without a person; nothing was changed there."""


def land(run: Run, base: str, stages: list[str], replan: Callable[[], None]) -> str:
    """Bring the run's commit to branch `base` and link its outputs into the workspace; the commit that landed.

    One at a time. What the shared repository has on that branch, as far as it was fetched, is merged as well. `replan`
    makes the plan anew in the run's folder after a merge. Raises NotLanded.
    """
    with still(run.workspace):
        shared = f"refs/remotes/{origin.remote(run.workspace)}/{base}"
        for branch in (base, shared):
            if git.exists(run.folder, branch) and not git.is_ancestor(run.folder, branch, "HEAD"):
                _merge(run, branch, stages, replan)
        commit = git.head(run.folder)
        _forward(run, base, commit)
        with dvc.opened(run.workspace) as repo:
            dvc.checkout(repo, stages)
    return commit


def give_back(run: Run, base: str, before: str, commit: str, stages: list[str]) -> None:
    """Move branch `base` from the `commit` that was landed back to where it was `before`, as another clone was first to
    send something there. What a person had not committed was landed as well and stays."""
    with still(run.workspace):
        if taken_commit(run) or git.git(run.workspace, "rev-parse", f"refs/heads/{base}") != commit:
            return
        if git.branch(run.workspace) != base:
            git.git(run.workspace, "update-ref", f"refs/heads/{base}", before, commit)
            return
        git.git(run.workspace, "reset", "--quiet", "--keep", before)
        with dvc.opened(run.workspace) as repo:
            dvc.checkout(repo, stages)


def _forward(run: Run, base: str, commit: str) -> None:
    """Move the branch, and the workspace's files with it where that branch is checked out."""
    workspace = run.workspace
    if git.branch(workspace) != base:
        git.git(workspace, "update-ref", f"refs/heads/{base}", commit)
        return
    undone = _give_way(run)
    try:
        git.git(workspace, "merge", "--quiet", "--ff-only", commit)
    except git.GitError:
        for path, content in undone.items():
            layout.write_bytes(workspace / path, content)
        dirty = ", ".join(git.changed(workspace, "."))
        raise NotLanded(
            f"the run is done, but {base} cannot take it over changes that are not committed ({dirty}); "
            f"commit or stash them, then: git merge {run.branch}"
        ) from None


def _give_way(run: Run) -> dict[str, bytes]:
    """Undo, in the workspace, the uncommitted changes that the run took along and that nobody touched since: they are
    part of what lands. What was undone, by path."""
    taken = taken_commit(run)
    undone = {}
    for path in git.changed(run.workspace, *TAKEN) if taken else []:
        file = run.workspace / path
        if file.is_file() and git.show(run.folder, taken, path) == file.read_text(encoding="utf-8").rstrip("\n"):
            undone[path] = file.read_bytes()
            if git.show(run.workspace, "HEAD", path) is None:
                file.unlink()
            else:
                git.git(run.workspace, "checkout", "--quiet", "HEAD", "--", path)
    return undone


def _merge(run: Run, base: str, stages: list[str], replan: Callable[[], None]) -> None:
    """Merge `base` into the run's branch. dvc.lock and the plan are made from both sides, of the model's own report the
    run's stands, all else must merge by itself."""
    ours = dvc.read_lock(run.folder)
    theirs = dvc.parse_lock(git.show(run.folder, base, "dvc.lock") or "")
    try:
        git.git(run.folder, "merge", "--quiet", "--no-commit", "--no-ff", base)
    except git.GitError:
        if not git.exists(run.folder, "MERGE_HEAD"):
            raise
    conflicts = git.git(run.folder, "diff", "--name-only", "--diff-filter=U").splitlines()
    made = ("data/plan/", f"data/reports/{run.model}/")
    others = [path for path in conflicts if path != "dvc.lock" and not path.startswith(made)]
    if others:
        said = base.removeprefix("refs/remotes/")
        git.git(run.folder, "merge", "--abort")
        raise NotLanded(
            f"{said} moved on while {run.id} ran, and both changed {', '.join(others)}; run again from the new {said}"
        )
    merged = theirs | {stage: ours[stage] for stage in stages if stage in ours}
    write_lock(run.folder, merged)
    generated = [path for path in conflicts if path.startswith(made)]
    if generated:
        git.git(run.folder, "checkout", "--ours", "--", *generated)
    replan()
    git.add(run.folder, "dvc.lock", "data/plan", *generated)
    subject = f"Merge {base.removeprefix('refs/remotes/')} into {run.branch}, dvc.lock stage by stage"
    git.git(run.folder, "commit", "--quiet", "--no-verify", "-m", subject)


def write_lock(root: Path, stages: dict[str, object]) -> None:
    """dvc.lock in the form in which DVC writes it: stages in the order given, two spaces, no line breaks in scalars."""
    text = yaml.safe_dump({"schema": "2.0", "stages": stages}, sort_keys=False, width=2**31)
    layout.write_bytes(root / "dvc.lock", text.encode())
