"""A model's run in a worktree of its own: the flow in a process that holds the model's lock as long as it lives.

For the command of a person and for the command of a work pool's worker alike. Prefect itself is not imported here.
"""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from flows.quiet import ENVIRONMENT
from project.errors import BY_EXIT_CODE, DailiesError, NoSpace
from registry import git, runs

LEAST_FREE_BYTES = 100_000_000


@dataclass(frozen=True, slots=True)
class Asked:
    """What was asked of a run: other settings (place → value), whether it may go live, and in whose name."""

    overrides: Mapping[str, Any]
    promote: bool
    trigger: str


def _at_once() -> None:
    """A server that is there already."""


@dataclass(frozen=True, slots=True)
class Around:
    """What a run's process needs of the one that starts it.

    `environment` goes on top of what is inherited, `descriptors` must be inherited to keep a server alive, `ready`
    returns when the server answers, `flow_run` is the Prefect flow run to take up, if one waits; `wait` returns the exit
    code of the process.
    """

    environment: Mapping[str, str] = field(default_factory=dict)
    descriptors: tuple[int, ...] = ()
    ready: Callable[[], None] = _at_once
    flow_run: str = ""
    wait: Callable[["subprocess.Popen[str]"], int] = subprocess.Popen.wait


@dataclass(frozen=True, slots=True)
class Ended:
    """A run that has ended, and what it wrote of itself; `content` is empty where it was ended before it could."""

    run: runs.Run
    content: dict[str, Any]
    exit_code: int


Begun = Callable[[runs.Run, str], list[str]]
"""(run, base branch) → the module of `flows` that runs in the worktree, and what it is told besides."""


def retraining(asked: Asked) -> Begun:
    """The flow of a model."""

    def begun(run: runs.Run, base: str) -> list[str]:
        told = ["flows.retrain", run.model, "--run-id", run.id, "--base", base, "--trigger", asked.trigger]
        told += ["--overrides", json.dumps(dict(asked.overrides))]
        return told if asked.promote else [*told, "--no-promote"]

    return begun


def work(root: Path, name: str, begun: Begun, around: Around, overrides: Mapping[str, Any] | None = None) -> Ended:
    """Run a flow in a worktree of the newest commit, and sweep what killed runs of that name left. Raises Locked.

    `name` is the model, which `overrides` are for.
    """
    base = git.branch(root)
    with runs.lock(root, runs.lock_name(name)) as handle:
        runs.sweep(root, runs.left_over(root, held=name))
        run = runs.start(root, name, overrides or {})
        keep_branch = False
        try:
            ended = _flow(run, begun(run, base), handle, around)
            keep_branch = ended.content.get("kind") == "NotLanded"
        finally:
            runs.end(run, keep_branch=keep_branch)
    return ended


def _flow(run: runs.Run, told: list[str], lock: int, around: Around) -> Ended:
    """Run the worktree's own flow. The child holds the lock as well, and ends when its input does."""
    run.log_folder.mkdir(parents=True, exist_ok=True)
    result = run.log_folder / "result.json"
    command = [sys.executable, "-m", *told, "--result", str(result)]
    command += ["--flow-run", around.flow_run] if around.flow_run else []
    env = environment(run, around.environment)
    checking = start_check(run.folder, env)
    process = subprocess.Popen(
        command,
        cwd=run.folder,
        env=env,
        stdin=subprocess.PIPE,
        stdout=sys.stderr,
        pass_fds=[lock, *around.descriptors],
        text=True,
    )
    try:
        code = _let_go(process, checking, around)
    except BaseException:
        process.terminate()
        process.wait()
        raise
    content: dict[str, Any] = json.loads(result.read_text(encoding="utf-8")) if result.is_file() else {}
    if not content and code == NoSpace.exit_code:
        content = {"error": f"no space left for {run.folder}; free some and run again", "exit_code": code}
    return Ended(run, content, code)


def _let_go(process: "subprocess.Popen[str]", checking: "subprocess.Popen[str]", around: Around) -> int:
    """Let the flow begin once params.yaml is found good and the server answers, and wait for it; it has imported Prefect
    meanwhile."""
    assert process.stdin
    with process.stdin as line:
        finish_check(checking)
        around.ready()
        try:
            line.write("go\n")
            line.flush()
        except BrokenPipeError:
            pass  # it has ended already; its exit code says how
        return around.wait(process)


def environment(run: runs.Run, more: Mapping[str, str]) -> dict[str, str]:
    """Variables of a run's process."""
    kept = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    ours = {"DAILIES_WORKSPACE": str(run.workspace), "DAILIES_LOGS": str(run.log_folder)}
    return {**ENVIRONMENT, **kept, **ours, **more}


def check_space(root: Path) -> None:
    """Raise NoSpace when the disk has too little room for a run to make anything."""
    free = shutil.disk_usage(root).free
    if free < LEAST_FREE_BYTES:
        raise NoSpace(
            f"{free / 1e6:.0f} MB are free for {root}, a run needs at least {LEAST_FREE_BYTES / 1e6:.0f} MB; free some"
        )


def start_check(root: Path, env: Mapping[str, str]) -> "subprocess.Popen[str]":
    """Begin to check params.yaml of the project in `root` with its own code."""
    command = [sys.executable, "-m", "steps.check"]
    return subprocess.Popen(
        command, cwd=root, env=dict(env), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    )


def finish_check(process: "subprocess.Popen[str]") -> None:
    """Wait for the check. Raises what it found wrong."""
    _, said = process.communicate()
    if process.returncode:
        lines = [line.removeprefix("dailies: ") for line in said.splitlines()]
        raise BY_EXIT_CODE.get(process.returncode, DailiesError)("\n".join(lines) or "params.yaml could not be checked")
