"""The newest main branch of the shared repository, and what its dvc.lock names: what a run of one machine has to begin from
when another machine made the last one."""

from collections.abc import Sequence
from pathlib import Path

from project import layout
from project.errors import DailiesError
from registry import dvc, fetching, git, origin, runs


def follow(root: Path) -> str:
    """Bring the branch that is checked out to that of the shared repository, where only that has moved on; the commit that
    it was brought to, empty when there was nothing to do.

    Commits of this clone alone stay: landing merges both. Raises RemoteUnreachable, and DailiesError where files that
    are not committed stand in the way.
    """
    name = origin.remote(root)
    if not name:
        return ""
    with runs.still(root):
        origin.sync(root)
        base = git.branch(root)
        shared = f"refs/remotes/{name}/{base}"
        if not git.exists(root, shared) or not git.is_ancestor(root, base, shared) or _same(root, base, shared):
            return ""
        try:
            git.git(root, "merge", "--quiet", "--ff-only", shared)
        except git.GitError:
            dirty = ", ".join(git.changed(root, "."))
            raise DailiesError(
                f"{root} cannot follow {name}/{base} over changes that are not committed ({dirty}); commit or stash them"
            ) from None
        with dvc.opened(root) as repo:
            dvc.checkout(repo, dvc.read_lock(root))
        return git.head(root)


def _same(root: Path, one: str, other: str) -> bool:
    return git.is_ancestor(root, one, other) and git.is_ancestor(root, other, one)


def bring(root: Path, stages: Sequence[str]) -> int:
    """Link what dvc.lock names as outputs of `stages` into the workspace, where it is not, and fetch from the DVC remote
    what the cache lacks; the number of outputs fetched. Raises RemoteUnreachable, IntegrityError."""
    if not origin.remote(root):
        return 0
    outputs = dvc.outputs(dvc.read_lock(root), stages)
    with dvc.opened(root) as repo:
        lacking = [md5 for md5 in dict.fromkeys(layout.cached(outputs)) if not dvc.is_cached(repo, md5)]
        fetching.bring(repo, lacking)
        if lacking or not all((root / path).exists() for path in outputs):
            dvc.checkout(repo, stages)
    return len(lacking)
