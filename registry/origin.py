"""The shared git repository: with `git config dailies.publish origin`, versions and stages are sent there as they are made.

Tags and branch go in one atomic push, so the shared repository has all of them or none. A tag that is there already is
never replaced: who comes second fetches, counts anew and tries again.
"""

import random
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from project import layout
from project.errors import DailiesError, RemoteUnreachable, UsageError
from registry import events, git, records, runs

SETTING = "dailies.publish"
ATTEMPTS = 12
LONGEST_WAIT_S = 2.0


def remote(root: Path) -> str:
    """The git remote that versions are sent to; empty when they stay in this clone. Raises UsageError."""
    name = git.setting(root, SETTING)
    if name and name not in (known := git.git(root, "remote").split()):
        raise UsageError(
            f"git config {SETTING} names {name!r}, which is no remote of this clone; known: {', '.join(known) or 'none'}; "
            f"add it: git remote add {name} URL"
        )
    return name


@contextmanager
def held(root: Path) -> Iterator[None]:
    """Tags of this clone are written by one process at a time."""
    with runs.lock(layout.private(root).parent, "registry", wait=True):
        yield


def sync(root: Path) -> None:
    """Take over the tags and branches of the shared repository. Raises RemoteUnreachable, and DailiesError where a tag
    means one thing here and another there."""
    name = remote(root)
    if not name:
        return
    try:
        heads = f"+refs/heads/*:refs/remotes/{name}/*"
        with runs.lock(layout.private(root).parent, "fetching", wait=True):
            git.git(root, "fetch", "--quiet", "--no-tags", name, heads, "refs/tags/*:refs/tags/*")
    except git.GitError as error:
        there = listed(root, name)
        ours = _ours(root)
        clash = sorted(tag for tag, sha in ours.items() if there.get(tag, sha) != sha)
        if clash:
            raise DailiesError(
                f"tag {clash[0]} is one thing here and another in {name}; tags are never moved, so a person decides: "
                f"git tag -d '{clash[0]}' gives up the one here"
            ) from None
        raise error


def listed(root: Path, name: str) -> dict[str, str]:
    """Tag → object of every tag of the shared repository. Raises RemoteUnreachable."""
    try:
        lines = git.git(root, "ls-remote", "--tags", "--refs", name).splitlines()
    except git.GitError as error:
        said = str(error).partition(f"{root}: ")[2] or error
        raise RemoteUnreachable(f"the git remote {name} does not answer: {said}") from None
    return {ref.removeprefix("refs/tags/"): sha for sha, ref in (line.split("\t") for line in lines)}


def publish(root: Path, model: str, branch: str = "") -> bool:
    """Send the tags and records of `model` that the shared repository lacks, and with them `branch` as it is here.

    False when another clone was first with a tag or on the branch, and nothing was sent. Raises RemoteUnreachable.
    """
    name = remote(root)
    if not name:
        return True
    there, ours = listed(root, name), _ours(root)
    known = [*(event.tag for event in events.read(root, model)), *records.names(root, model)]
    if any(there.get(tag, ours[tag]) != ours[tag] for tag in known):
        return False
    missing = [tag for tag in known if tag not in there]
    refs = [f"refs/tags/{tag}" for tag in missing] + ([f"refs/heads/{branch}"] if branch else [])
    if not refs:
        return True
    try:
        git.git(root, "push", "--quiet", "--no-verify", "--atomic", name, *(f"{ref}:{ref}" for ref in refs))
    except git.GitError as error:
        if _was_first(root, name, missing, branch):
            return False
        raise RemoteUnreachable(f"the git remote {name} does not take {refs[0]}: {error}") from None
    return True


def _was_first(root: Path, name: str, tags: Iterable[str], branch: str) -> bool:
    """Has another clone sent one of these tags, or something to this branch, that we have not?"""
    ours, there = _ours(root), listed(root, name)
    if any(tag in there and there[tag] != ours[tag] for tag in tags):
        return True
    if not branch:
        return False
    head = git.git(root, "ls-remote", name, f"refs/heads/{branch}").partition("\t")[0]
    return bool(head) and not git.is_ancestor(root, head, f"refs/heads/{branch}")


def _ours(root: Path) -> dict[str, str]:
    lines = git.git(root, "for-each-ref", "--format=%(objectname) %(refname:strip=2)", "refs/tags").splitlines()
    return {tag: sha for sha, tag in (line.split(" ", 1) for line in lines)}


def withdraw(root: Path, tags: Iterable[str]) -> None:
    """Remove tags of this clone that were never sent."""
    for tag in tags:
        git.git(root, "tag", "--delete", tag)


@contextmanager
def undone_unless_sent(root: Path, written: list[str]) -> Iterator[list[bool]]:
    """Remove the tags that were written unless the block says, by appending to what it gets, that they may stay."""
    sent: list[bool] = []
    try:
        yield sent
    finally:
        if not sent:
            withdraw(root, written)


def attempts(model: str) -> Iterator[int]:
    """Tries until one is not beaten by another clone, with a growing pause before each but the first two."""
    for number in range(ATTEMPTS):
        if number > 1:
            time.sleep(random.uniform(0, min(LONGEST_WAIT_S, 0.1 * 2**number)))
        yield number
    raise DailiesError(f"other clones were first {ATTEMPTS} times to tag {model}; nothing was lost, run again")
