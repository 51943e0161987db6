"""The only caller of git. Every call names its folder; nothing reaches a shell."""

import os
import shutil
import subprocess
import threading
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from project import layout
from project.errors import DailiesError, NoSpace, UsageError

FULL = ("No space left on device", "Out of diskspace", "unable to write file", "Disk quota exceeded")
"""What git says, in one place or another, when the disk is full."""

IN_USE, LONGEST_WAIT_S = "index.lock': File exists", 10.0
"""What git says when another git writes to the same folder at this moment, a person's as well; and how long one may."""

VERBATIM = "* -text -eol -ident -filter -working-tree-encoding\n"
"""Attributes that leave each file as it was committed, whatever the repository's own say; so LFS pointers stay such."""
CAREFUL = """
[protocol]
  allow = never
[protocol "https"]
  allow = always
[protocol "ssh"]
  allow = always
[protocol "file"]
  allow = always
[core]
  hooksPath = /dev/null
  fsmonitor = false
  autocrlf = false
[http]
  followRedirects = initial
  lowSpeedLimit = 1000
  lowSpeedTime = 60
"""
"""Settings of a repository that others have written."""


class GitError(DailiesError):
    """git refused; the message is the command and what git said."""


def git(root: Path, *arguments: str, stdin: str | None = None, variables: Mapping[str, str] | None = None) -> str:
    """Run git in `root` and return what it printed, without the last line end. Where another git writes at this moment it
    is run again. Raises GitError."""
    environment = _environment() | dict(variables or {})
    until = time.monotonic() + LONGEST_WAIT_S
    while True:
        done = subprocess.run(
            ["git", *arguments], cwd=root, input=stdin, capture_output=True, text=True, check=False, env=environment
        )
        if not done.returncode or IN_USE not in done.stderr or time.monotonic() > until:
            break
        time.sleep(0.05)
    if done.returncode:
        said = " ".join((done.stderr or done.stdout).split())
        if any(phrase in said for phrase in FULL):
            raise NoSpace(f"no space left in {root} for git {arguments[0]}; free some and run again")
        raise GitError(f"git {arguments[0]} failed in {root}: {said or f'exit code {done.returncode}'}")
    return done.stdout.rstrip("\n")


def _environment() -> dict[str, str]:
    """Variables that a git hook sets would point these calls at the wrong repository; prompts would hang a night run."""
    kept = {k: v for k, v in os.environ.items() if k not in {"GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE"}}
    return {"GIT_SSH_COMMAND": "ssh -oBatchMode=yes", **kept, "GIT_TERMINAL_PROMPT": "0", "LC_ALL": "C"}


def head(root: Path) -> str:
    """The commit that is checked out."""
    return git(root, "rev-parse", "HEAD")


def branch(root: Path) -> str:
    """The branch that is checked out. Raises UsageError when none is."""
    try:
        return git(root, "symbolic-ref", "--short", "HEAD")
    except GitError:
        raise UsageError(f"{root} has no branch checked out for a run to land on; run: git switch main") from None


def common_folder(root: Path) -> Path:
    """The `.git` folder that all worktrees of this repository share."""
    return Path(git(root, "rev-parse", "--path-format=absolute", "--git-common-dir"))


def setting(root: Path, key: str, *, kind: str = "") -> str:
    """What `git config` says of `key`, of this clone and all its worktrees; empty when it says nothing."""
    try:
        return git(root, "config", *([f"--type={kind}"] if kind else []), "--get", key)
    except GitError as error:
        if "exit code 1" in str(error):
            return ""
        raise UsageError(f"git config {key} cannot be read: {error}") from None


def changed(root: Path, *paths: str) -> list[str]:
    """Files below `paths` that differ from the last commit, new ones included. Nothing is written, or a landing of that
    moment would find the index locked."""
    out = git(root, "--no-optional-locks", "status", "--porcelain", "--untracked-files=all", "-z", "--", *paths)
    return [entry[3:] for entry in out.split("\0") if len(entry) > 3]


def show(root: Path, revision: str, path: str) -> str | None:
    """A file as it was at `revision`, or None where it was not there."""
    try:
        return git(root, "show", f"{revision}:{path}")
    except GitError:
        return None


def exists(root: Path, reference: str) -> bool:
    try:
        git(root, "rev-parse", "--verify", "--quiet", f"{reference}^{{commit}}")
    except GitError:
        return False
    return True


def is_ancestor(root: Path, ancestor: str, of: str) -> bool:
    try:
        git(root, "merge-base", "--is-ancestor", ancestor, of)
    except GitError:
        return False
    return True


def commit(root: Path, subject: str, trailers: dict[str, str]) -> str:
    """Commit everything that is added, or return the present commit when nothing is."""
    if git(root, "status", "--porcelain", "--untracked-files=no"):
        message = subject + "\n\n" + "\n".join(f"{key}: {value}" for key, value in trailers.items()) + "\n"
        git(root, "commit", "--quiet", "--no-verify", "-F", "-", stdin=message)
    return head(root)


def commit_only(root: Path, paths: Sequence[str], subject: str, trailers: dict[str, str]) -> str:
    """Commit some files as they are now, and leave all else that a person has added for a commit of their own."""
    message = subject + "\n\n" + "\n".join(f"{key}: {value}" for key, value in trailers.items()) + "\n"
    git(root, "add", "--", *paths)
    git(root, "commit", "--quiet", "--no-verify", "--only", "-F", "-", "--", *paths, stdin=message)
    return head(root)


def add(root: Path, *paths: str) -> None:
    git(root, "add", "--", *paths)


def fetch_commit(repository: str, commit: str, folder: Path) -> None:
    """Fill the empty `folder` with the files of one commit, byte for byte, without history. Raises GitError.

    Nothing of the repository runs or alters a file: no hook, filter, submodule, and no protocol besides https, ssh and
    the files of this machine.
    """
    private = folder / ".git"
    try:
        git(folder, "init", "--quiet", "--template=", ".")
        with (private / "config").open("a", encoding="utf-8") as settings:
            settings.write(CAREFUL)
        layout.write_bytes(private / "info" / "attributes", VERBATIM.encode())
        git(folder, "fetch", "--quiet", "--depth=1", "--no-tags", "--no-recurse-submodules", "--", repository, commit)
        git(folder, "checkout", "--quiet", "--detach", commit, "--")
        if head(folder) != commit:
            raise GitError(f"it gave {head(folder)} for {commit}")
    except GitError as error:
        said = str(error).partition(f"{folder}: ")[2] or error
        raise GitError(f"commit {commit} of {repository} cannot be fetched: {said}") from None
    shutil.rmtree(private)


@dataclass(frozen=True, slots=True)
class Object:
    """What git keeps under a name; `kind` is commit, tag, tree or blob, or missing."""

    asked: str
    id: str
    kind: str
    content: bytes


def references(root: Path, pattern: str) -> dict[str, str]:
    """Name below `refs/tags/` and the like → id of the object that it names, which for an annotated tag is the tag."""
    out = git(root, "for-each-ref", "--format=%(objectname) %(refname:lstrip=2)", pattern)
    return {name: oid for oid, _, name in (line.partition(" ") for line in out.splitlines())}


def objects(root: Path, names: Iterable[str], *, content: bool = True) -> Iterator[Object]:
    """Many objects by name (an id, or `COMMIT:PATH`), in order, from one git process."""
    command = ["git", "cat-file", "--batch" if content else "--batch-check"]
    with subprocess.Popen(
        command, cwd=root, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=_environment()
    ) as process:
        assert process.stdin and process.stdout
        asked = list(names)
        writer = threading.Thread(target=_feed, args=(process.stdin, asked), daemon=True)
        writer.start()
        for name in asked:
            head = process.stdout.readline().decode()
            if not head:
                raise GitError(f"git cat-file failed in {root} at {name}")
            if head.endswith((" missing\n", " ambiguous\n")):
                yield Object(name, "", "missing", b"")
                continue
            oid, kind, size = head.split()
            yield Object(name, oid, kind, process.stdout.read(int(size) + 1)[:-1] if content else b"")
        writer.join()


def _feed(pipe: IO[bytes], names: Iterable[str]) -> None:
    with pipe:
        pipe.write("".join(f"{name}\n" for name in names).encode())


@dataclass(frozen=True, slots=True)
class Worktree:
    folder: Path
    branch: str


def worktrees(root: Path) -> Iterator[Worktree]:
    """All worktrees but the main one."""
    blocks = git(root, "worktree", "list", "--porcelain").split("\n\n")
    for block in blocks[1:]:
        lines = dict(line.split(" ", 1) for line in block.splitlines() if " " in line)
        yield Worktree(Path(lines["worktree"]), lines.get("branch", "").removeprefix("refs/heads/"))


def add_worktree(root: Path, folder: Path, new_branch: str) -> None:
    """A worktree of the present commit on a branch of its own."""
    git(root, "worktree", "add", "--quiet", "-b", new_branch, str(folder), "HEAD")


def remove_worktree(root: Path, folder: Path) -> None:
    git(root, "worktree", "remove", "--force", "--force", str(folder))


def identity(root: Path) -> str:
    """Who commits here, as "Name <mail>"; empty when git does not know."""
    try:
        return git(root, "var", "GIT_COMMITTER_IDENT").rsplit(" ", 2)[0]
    except GitError:
        return ""
