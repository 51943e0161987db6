"""`dailies run`: see what is current, and start the flow in a worktree for what is not."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from flows.quiet import ENVIRONMENT
from lineage import current
from media.permission import said
from project import layout, params
from project.errors import BY_EXIT_CODE, DailiesError, GateRefused, NoSpace, RightsRefused, UsageError
from registry import git, runs, tags
from registry.gate import RIGHTS
from studio import params as params_check
from studio import server
from studio.answer import Answer
from studio.assets import FINE, findings

LEAST_FREE_BYTES = 100_000_000


def run(names: Sequence[str], settings: Sequence[str], *, promote: bool, trigger: str, quiet: bool) -> Answer:
    """Run each model after the other; the exit code is the last one that is not 0."""
    root = layout.find()
    read = params.read(root / "params.yaml")
    if not names:
        raise UsageError(f"name at least one model; {params.listing('', read.models)}")
    overrides = parse_overrides(settings)
    answers = []
    for name in names:
        read.model(name)
        answers.append(run_one(root, name, read.models[name].source, overrides, promote, trigger, quiet))
    if len(answers) == 1:
        return answers[0]
    code = next((answer.exit_code for answer in reversed(answers) if answer.exit_code), 0)
    return Answer({"runs": [answer.data for answer in answers]}, "\n".join(answer.text for answer in answers), code)


def run_one(
    root: Path, model: str, source: str, overrides: Mapping[str, Any], promote: bool, trigger: str, quiet: bool
) -> Answer:
    """One model: nothing when it is current, else a run in a worktree of its own."""
    runs.check_committed(root)
    base = git.branch(root)
    if not overrides:
        now = current.look(root, model, source)
        if not now.reasons and now.version:
            return _current(root, now.version)
    with runs.lock(root, runs.lock_name(model)) as handle:
        _check_means(root)
        runs.sweep(root, runs.left_over(root, held=model))
        run = runs.start(root, model, overrides)
        keep_branch = False
        try:
            result = _flow(run, base, overrides, promote, trigger, handle)
            keep_branch = result.get("kind") == "NotLanded"
        finally:
            runs.end(run, keep_branch=keep_branch)
    if "error" in result:
        raise BY_EXIT_CODE.get(result["exit_code"], DailiesError)(f"{result['error']}\nlog: {run.log_folder}")
    return _made(root, run, source, result, promote)


def _flow(
    run: runs.Run, base: str, overrides: Mapping[str, Any], promote: bool, trigger: str, lock: int
) -> dict[str, Any]:
    """Run the worktree's own flow in a process that holds the model's lock as long as it lives."""
    run.log_folder.mkdir(parents=True, exist_ok=True)
    result = run.log_folder / "result.json"
    command = [sys.executable, "-m", "flows.retrain", run.model, "--run-id", run.id, "--base", base]
    command += ["--overrides", json.dumps(dict(overrides)), "--trigger", trigger, "--result", str(result)]
    command += [] if promote else ["--no-promote"]
    checking = params_check.start(run.folder, environment(run))
    process = subprocess.Popen(
        command,
        cwd=run.folder,
        env=environment(run),
        stdin=subprocess.PIPE,
        stdout=sys.stderr,
        pass_fds=[lock],
        text=True,
    )
    try:
        code = _let_go(process, checking)
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


def _let_go(process: "subprocess.Popen[str]", checking: "subprocess.Popen[str]") -> int:
    """Let the flow begin once params.yaml is found good, and wait for it; it has imported Prefect meanwhile."""
    params_check.finish(checking)
    process.communicate("go\n")
    return process.returncode


def environment(run: runs.Run) -> dict[str, str]:
    """Variables of a run's process. Prefect's own home stays where the user has set one or points at a server."""
    kept = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    home = {} if server.configured() else {"PREFECT_HOME": str(run.workspace / ".dailies" / "prefect")}
    ours = {"DAILIES_WORKSPACE": str(run.workspace), "DAILIES_LOGS": str(run.log_folder)}
    return {**ENVIRONMENT, **home, **kept, **ours}


def _check_means(root: Path) -> None:
    """What a run needs before it makes anything: room on the disk, and a server that answers."""
    free = shutil.disk_usage(root).free
    if free < LEAST_FREE_BYTES:
        raise NoSpace(
            f"{free / 1e6:.0f} MB are free for {root}, a run needs at least {LEAST_FREE_BYTES / 1e6:.0f} MB; free some"
        )
    if url := server.configured():
        server.check(url)
    else:
        print(
            "no Prefect server is configured, so a temporary one is started, which takes a few seconds", file=sys.stderr
        )


def parse_overrides(settings: Sequence[str]) -> dict[str, Any]:
    """`epochs=3` and `gate.accuracy.at_least=0.9` as place → value; a bare name is one of `settings`."""
    overrides = {}
    for text in settings:
        key, equals, value = text.partition("=")
        if not equals or not key:
            raise UsageError(f"--set {text!r} is not KEY=VALUE; write for example --set settings.epochs=3")
        place = key if key.split(".")[0] in params.Model.model_fields else f"settings.{key}"
        overrides[place] = yaml.safe_load(value)
    return overrides


def _current(root: Path, version: tags.Version) -> Answer:
    verdict = version.message.get("verdict", {})
    state = "live in prod" if "prod" in version.stages else "registered, not promoted"
    text = f"{version.name} is current: every stage is up to date, {version.tag} is {state}; nothing to do"
    refused = [rule["reason"] for rule in verdict.get("rules", []) if not rule["passed"]]
    if refused and "prod" not in version.stages:
        text += f"\nthe gate refused it: {'; '.join(refused)}"
    data = {"model": version.name, "current": True, "new": False, "version": version.version, "tag": version.tag}
    return Answer({**data, "stages": list(version.stages)}, text)


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
    lines = [f"{result['tag']} is {'live in prod' if result['promoted'] else 'registered, not promoted'}"]
    lines += [
        f"  {'passed ' if rule['passed'] else 'REFUSED'}  {rule['rule']}: {rule['reason']}" for rule in result["rules"]
    ]
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
