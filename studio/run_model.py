"""One model's run: the flow in a worktree of its own, and what a person is told of it."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from flows.quiet import ENVIRONMENT
from media.permission import said
from project import layout
from project.errors import BY_EXIT_CODE, DailiesError, GateRefused, NoSpace, RightsRefused
from registry import approval, git, runs, tags
from registry.gate import RIGHTS
from studio import params as params_check
from studio.answer import Answer, told
from studio.assets import FINE, findings
from studio.server import Server

LEAST_FREE_BYTES = 100_000_000


@dataclass(frozen=True, slots=True)
class Asked:
    """What a person asked of a run: other settings (place → value), whether it may go live, and in whose name."""

    overrides: Mapping[str, Any]
    promote: bool
    trigger: str


def run_model(root: Path, model: str, source: str, asked: Asked, prefect: Server) -> Answer:
    """Run the model in a worktree of its own. Raises what the run raised."""
    base = git.branch(root)
    with runs.lock(root, runs.lock_name(model)) as handle:
        runs.sweep(root, runs.left_over(root, held=model))
        run = runs.start(root, model, asked.overrides)
        keep_branch = False
        try:
            result = _flow(run, base, asked, handle, prefect)
            keep_branch = result.get("kind") == "NotLanded"
        finally:
            runs.end(run, keep_branch=keep_branch)
    if "error" in result:
        raise BY_EXIT_CODE.get(result["exit_code"], DailiesError)(f"{result['error']}\nlog: {run.log_folder}")
    return _made(root, run, source, result, asked.promote)


def _flow(run: runs.Run, base: str, asked: Asked, lock: int, prefect: Server) -> dict[str, Any]:
    """Run the worktree's own flow in a process that holds the model's lock, and its server, as long as it lives."""
    run.log_folder.mkdir(parents=True, exist_ok=True)
    result = run.log_folder / "result.json"
    command = [sys.executable, "-m", "flows.retrain", run.model, "--run-id", run.id, "--base", base]
    command += ["--overrides", json.dumps(dict(asked.overrides)), "--trigger", asked.trigger, "--result", str(result)]
    command += [] if asked.promote else ["--no-promote"]
    env = environment(run, prefect)
    checking = params_check.start(run.folder, env)
    process = subprocess.Popen(
        command,
        cwd=run.folder,
        env=env,
        stdin=subprocess.PIPE,
        stdout=sys.stderr,
        pass_fds=[lock, *prefect.descriptors],
        text=True,
    )
    try:
        code = _let_go(process, checking, prefect)
    except BaseException:
        process.terminate()
        process.wait()
        raise
    if result.is_file():
        content: dict[str, Any] = json.loads(result.read_text(encoding="utf-8"))
        return content
    if code == NoSpace.exit_code:
        return {"error": f"no space left for {run.folder}; free some and run again", "exit_code": code}
    return {"error": f"run {run.id} ended without a result (exit code {code}); run it again", "exit_code": 1}


def _let_go(process: "subprocess.Popen[str]", checking: "subprocess.Popen[str]", prefect: Server) -> int:
    """Let the flow begin once params.yaml is found good and the server answers, and wait for it; it has imported Prefect
    meanwhile."""
    params_check.finish(checking)
    prefect.wait()
    process.communicate("go\n")
    return process.returncode


def environment(run: runs.Run, prefect: Server) -> dict[str, str]:
    """Variables of a run's process."""
    kept = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    ours = {"DAILIES_WORKSPACE": str(run.workspace), "DAILIES_LOGS": str(run.log_folder)}
    return {**ENVIRONMENT, **kept, **ours, **prefect.environment}


def check_space(root: Path) -> None:
    """Raise NoSpace when the disk has too little room for a run to make anything."""
    free = shutil.disk_usage(root).free
    if free < LEAST_FREE_BYTES:
        raise NoSpace(
            f"{free / 1e6:.0f} MB are free for {root}, a run needs at least {LEAST_FREE_BYTES / 1e6:.0f} MB; free some"
        )


def standing(root: Path, version: tags.Version) -> Answer:
    """What a person is told of a model whose present weights have this version."""
    verdict = version.message.get("verdict", {})
    asked = approval.look(root, version).state if approval.until(version) else ""
    state = "registered and waits for a person" if asked == "waiting" else "registered, not promoted"
    state = "live in prod" if "prod" in version.stages else state
    text = f"{version.name} is current: every stage is up to date, {version.tag} is {state}; nothing to do"
    rules = [] if "prod" in version.stages else verdict.get("rules", [])
    refused = [rule["reason"] for rule in rules if not rule["passed"]]
    if refused:
        text += f"\nthe gate refused it: {'; '.join(refused)}"
    data = {"model": version.name, "current": True, "new": False, "version": version.version, "tag": version.tag}
    return Answer({**data, "stages": list(version.stages), "rules": rules}, text)


def _refused_files(root: Path, source: str) -> list[str]:
    """One line when files of the source are quarantined."""
    try:
        summary = json.loads((layout.assets(root, source) / "summary.json").read_text(encoding="utf-8"))
    except FileNotFoundError:
        return []
    count = summary["status"].get("quarantined", 0)
    place = layout.refusals(root, source)
    return [f"  refused  {count} of {summary['assets']} files, with their reasons in {place}"] if count else []


def _found(root: Path, source: str) -> list[str]:
    """One line for each finding about the assets that a person should know."""
    checks = findings(root, source)
    return [f"  {each['verdict']:<8} {each['check']}: {each['message']}" for each in checks if each["verdict"] != FINE]


def _made(root: Path, run: runs.Run, source: str, result: dict[str, Any], promote: bool) -> Answer:
    """What a finished run tells a person: version, gate, report."""
    refused = [rule for rule in result["rules"] if not rule["passed"]]
    waits = result["waits_until"]
    state = "registered and waits for a person" if waits else "registered, not promoted"
    lines = [f"{result['tag']} is {'live in prod' if result['promoted'] else state}"]
    lines += [
        f"  {'passed ' if rule['passed'] else 'REFUSED'}  {rule['rule']}: {rule['reason']}" for rule in result["rules"]
    ]
    if waits:
        lines.append(f'  approve  dailies approve {result["tag"]} --why "…", or --refuse, until {told(waits)}')
    report = layout.reports(root, run.model) / "report.html"
    if result["landed"] and report.is_file():
        lines.append(f"  report   {report}")
    lines += [*_held_back(root, run.model), *_refused_files(root, source), *_found(root, source)]
    if not result["landed"]:
        lines.append("  its settings stay with the version; the main branch is as it was")
    data = {**result, "current": False, "run": run.id, "report": str(report), "logs": str(run.log_folder)}
    return Answer(data, "\n".join(lines), _exit_code(refused) if promote else 0)


def _exit_code(refused: Sequence[Mapping[str, Any]]) -> int:
    if any(rule["rule"] == RIGHTS for rule in refused):
        return RightsRefused.exit_code
    return GateRefused.exit_code if refused else 0


def _held_back(root: Path, model: str) -> list[str]:
    """One line when rights keep assets out of the model."""
    try:
        facts = json.loads((layout.shards(root, model) / "facts.json").read_text(encoding="utf-8"))
    except FileNotFoundError:
        return []
    return [f"  held     {said(facts['held_back'])}"] if "held_back" in facts else []
