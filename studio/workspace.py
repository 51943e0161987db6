"""Making a workspace, and the demo in one."""

import os
import shutil
import sys
from pathlib import Path

import project
from project.errors import UsageError
from registry import git
from studio.answer import Answer
from studio.run import run

HOME = Path(project.__file__).resolve().parent.parent
"""The clone that this command was installed from."""


def init(folder: Path) -> Answer:
    """Clone this repository into `folder`, and give it a cache, a remote folder and an identity. Raises UsageError."""
    folder = folder.resolve()
    if folder.exists() and any(folder.iterdir()):
        raise UsageError(f"{folder} exists and is not empty; name a new folder, or work in it: cd {folder}")
    if not (HOME / ".git").exists():
        raise UsageError(f"{HOME} is not a git repository, so it cannot be cloned; get Dailies with git clone")
    unfinished = folder.with_name(f".{folder.name}.making")
    shutil.rmtree(unfinished, ignore_errors=True)
    folder.parent.mkdir(parents=True, exist_ok=True)
    git.git(folder.parent, "clone", "--quiet", "--no-tags", "--origin", "upstream", str(HOME), str(unfinished))
    git.git(unfinished, "checkout", "--quiet", "-B", "main")
    if not git.identity(unfinished):
        git.git(unfinished, "config", "user.name", "Dailies")
        git.git(unfinished, "config", "user.email", "dailies@localhost")
    if folder.exists():
        folder.rmdir()
    unfinished.rename(folder)
    _set_up_dvc(folder)
    return Answer({"workspace": str(folder)}, f"{folder} is ready; next: cd {shown(folder)} && dailies run digits")


def _set_up_dvc(folder: Path) -> None:
    """Cache and remote by absolute path: the worktrees of runs share them."""
    remote = folder / ".dailies" / "remote"
    remote.mkdir(parents=True)
    (folder / ".dvc" / "config.local").write_text(
        f"[cache]\n    dir = {folder / '.dvc' / 'cache'}\n"
        f"[core]\n    remote = local\n['remote \"local\"']\n    url = {remote}\n",
        encoding="utf-8",
    )


def demo(folder: Path) -> Answer:
    """The main job on bundled data, in a workspace of its own."""
    folder, command = folder.resolve(), Path(sys.argv[0]).resolve()
    if not (folder / "params.yaml").is_file():
        init(folder)
    os.chdir(folder)
    answer = run(("digits",), [], promote=True, trigger="demo")
    tries = [
        f"{command} status",
        f"{command} model show digits",
        f"{command} predict digits docs/pictures/seven.png",
    ]
    text = f"{answer.text}\n\nTry next:\n  cd {folder}\n" + "\n".join(f"  {line}" for line in tries)
    return Answer({**answer.data, "workspace": str(folder), "next": tries}, text, answer.exit_code)


def shown(folder: Path) -> str:
    """A path as short as it can be said from here."""
    return os.path.relpath(folder) if folder.is_relative_to(Path.cwd()) else str(folder)
