"""`dailies doctor`: is this workspace healthy, and what to do where it is not."""

import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import project
from project import layout, params
from project.errors import DailiesError
from registry import dvc, git, origin, runs, signing
from studio.answer import Answer, table

ENOUGH_FREE_BYTES = 1_000_000_000


@dataclass(frozen=True, slots=True)
class Finding:
    check: str
    good: bool
    said: str


def doctor(*, fix: bool) -> Answer:
    """Run every check. With `fix`, mend what can be mended without a decision. Exit code 1 while a problem is left."""
    root = layout.find()
    findings = [check(root, fix) for check in CHECKS]
    rows = [["ok" if finding.good else "PROBLEM", finding.check, finding.said] for finding in findings]
    bad = [finding for finding in findings if not finding.good]
    data = {"project": str(root), "findings": [{"check": f.check, "ok": f.good, "said": f.said} for f in findings]}
    return Answer(data, table(["", "CHECK", "SAID"], rows), 1 if bad else 0)


def _params(root: Path, fix: bool) -> Finding:
    try:
        read = params.read(root / "params.yaml")
    except DailiesError as error:
        return Finding("params.yaml", False, str(error).splitlines()[0])
    return Finding("params.yaml", True, f"{len(read.sources)} sources, {len(read.models)} models")


def _code(root: Path, fix: bool) -> Finding:
    """A run executes the project's code; this command may be installed from another clone."""
    installed = Path(project.__file__).resolve().parent.parent
    if installed == root:
        return Finding("code", True, "this command is installed from this project")
    ours, theirs = (_revision(folder) for folder in (root, installed))
    if ours == theirs:
        return Finding("code", True, f"the same as in {installed}")
    return Finding(
        "code", True, f"runs use this project's code; this command is installed from {installed}, whose code differs"
    )


def _revision(folder: Path) -> list[str]:
    try:
        return [git.git(folder, "rev-parse", f"HEAD:{room}") for room in layout.CODE]
    except git.GitError:
        return []


def _identity(root: Path, fix: bool) -> Finding:
    who = git.identity(root)
    if not who and fix:
        git.git(root, "config", "user.name", runs.who())
        git.git(root, "config", "user.email", f"{runs.who()}@localhost")
        who = git.identity(root)
    return Finding("git identity", bool(who), who or "git does not know who commits; run: dailies doctor --fix")


def _left_over(root: Path, fix: bool) -> Finding:
    trees = runs.left_over(root)
    names = ", ".join(tree.folder.name for tree in trees)
    if trees and fix:
        runs.sweep(root, trees)
        return Finding("killed runs", True, f"removed {names}")
    return Finding("killed runs", not trees, f"{names} left a worktree; run: dailies doctor --fix" if trees else "none")


def _remote(root: Path, fix: bool) -> Finding:
    try:
        with dvc.opened(root) as repo:
            name = repo.config["core"].get("remote")
            if not name:
                return Finding("DVC remote", False, "none is set; run: dvc remote add --local --default NAME URL")
            path = repo.cloud.get_remote_odb().path
    except (DailiesError, OSError) as error:
        return Finding("DVC remote", False, " ".join(str(error).split()))
    return Finding("DVC remote", True, f"{name}: {path}")


def _registry(root: Path, fix: bool) -> Finding:
    """Where versions are sent to, and whether they are signed; tried, so that no run ends in vain."""
    try:
        name = origin.remote(root)
        if name:
            origin.listed(root, name)
        signed = signing.wanted(root)
        if signed:
            signing.trial(root)
    except DailiesError as error:
        return Finding("registry", False, str(error))
    place = f"versions are sent to {name}" if name else f"versions stay in this clone (git config {origin.SETTING})"
    return Finding("registry", True, f"{place}, {'signed' if signed else 'not signed'}")


def _space(root: Path, fix: bool) -> Finding:
    free = shutil.disk_usage(root).free
    said = f"{free / 1e9:.1f} GB free"
    return Finding(
        "disk",
        free >= ENOUGH_FREE_BYTES,
        said if free >= ENOUGH_FREE_BYTES else f"{said}; a run needs room for new data",
    )


def _committed(root: Path, fix: bool) -> Finding:
    dirty = git.changed(root, *layout.CODE)
    said = (
        f"{', '.join(dirty[:3])} not committed; a run takes committed code only" if dirty else "all code is committed"
    )
    return Finding("commits", not dirty, said)


def _writable(root: Path, fix: bool) -> Finding:
    good = os.access(root, os.W_OK) and os.access(root / ".git", os.W_OK)
    return Finding(
        "permissions", good, "the project can be written to" if good else f"{root} cannot be written to by {runs.who()}"
    )


CHECKS: tuple[Callable[[Path, bool], Finding], ...] = (
    _params, _code, _committed, _identity, _left_over, _remote, _registry, _space, _writable,
)  # fmt: skip
