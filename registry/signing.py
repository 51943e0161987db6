"""Signed tags: with `git config dailies.sign true`, tags are signed with the user's own key, and only versions whose tags
have a good signature are acted on. Which keys are good, git decides: gpg's keyring, or `gpg.ssh.allowedSignersFile`."""

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from project.errors import DailiesError, IntegrityError
from registry import git

if TYPE_CHECKING:
    from registry.events import Event

SETTING = "dailies.sign"


def wanted(root: Path) -> bool:
    """Does this workspace sign its tags, and demand signatures?"""
    return git.setting(root, SETTING, kind="bool") == "true"


def confirm(root: Path, tag: str) -> None:
    """Remove a tag that was to be signed and is not, and raise DailiesError: git 2.39 makes it all the same when
    ssh-keygen finds no key, and calls that success."""
    if wanted(root) and not git.git(root, "for-each-ref", "--format=%(contents:signature)", f"refs/tags/{tag}").strip():
        git.git(root, "tag", "--delete", tag)
        raise _unable("it found no key")


def _unable(why: object) -> DailiesError:
    return DailiesError(
        f"this workspace signs its tags ({SETTING}), and git cannot: {why}; set user.signingkey and gpg.format"
    )


@contextlib.contextmanager
def explained(root: Path) -> Iterator[None]:
    """Say what to do when git has no key to sign a tag with."""
    try:
        yield
    except git.GitError as error:
        if wanted(root) and "already exists" not in str(error):
            raise _unable(error) from None
        raise


def trial(root: Path) -> None:
    """Sign something that nothing refers to, to see whether the key is at hand. Raises DailiesError."""
    with explained(root):
        made = git.git(root, "commit-tree", "--gpg-sign", "HEAD^{tree}", "-m", "trial")
    if "\ngpgsig" not in git.git(root, "cat-file", "commit", made):
        raise _unable("it found no key")


def check(root: Path, event: "Event") -> None:
    """Raise IntegrityError unless the workspace demands no signatures or this tag has a good one, for its own name."""
    if not wanted(root):
        return
    rule = f"this workspace acts on signed versions only (git config {SETTING})"
    if not event.signed:
        raise IntegrityError(f"{event.tag} is not signed, and {rule}; it was made by {event.who}")
    if not event.genuine:
        raise IntegrityError(f"{event.tag} is the signed tag of something else under a new name, and {rule}")
    try:
        git.git(root, "verify-tag", f"refs/tags/{event.tag}")
    except git.GitError as error:
        reason = str(error).partition(f"{root}: ")[2] or error
        raise IntegrityError(f"the signature of {event.tag} is not good, and {rule}; git says: {reason}") from None
