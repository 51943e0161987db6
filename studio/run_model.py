"""One model's run: the flow in a worktree of its own, and what a person is told of it."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from flows.working import Around, Asked, retraining, work
from media.permission import said
from project import layout
from project.errors import BY_EXIT_CODE, DailiesError, GateRefused, RightsRefused
from registry import runs, tags
from registry.gate import RIGHTS
from studio.answer import Answer
from studio.assets import FINE, findings
from studio.server import Server


def run_model(root: Path, model: str, source: str, asked: Asked, prefect: Server) -> Answer:
    """Run the model in a worktree of its own. Raises what the run raised."""
    around = Around(prefect.environment, prefect.descriptors, prefect.wait)
    ended = work(root, model, retraining(asked), around, asked.overrides)
    run, result = ended.run, ended.content
    if not result:
        raise DailiesError(f"run {run.id} ended without a result (exit code {ended.exit_code}); run it again")
    if "error" in result:
        raise BY_EXIT_CODE.get(result["exit_code"], DailiesError)(f"{result['error']}\nlog: {run.log_folder}")
    return _made(root, run, source, result, asked.promote)


def standing(version: tags.Version) -> Answer:
    """What a person is told of a model whose present weights have this version."""
    verdict = version.message.get("verdict", {})
    state = "live in prod" if "prod" in version.stages else "registered, not promoted"
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
