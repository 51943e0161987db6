"""`dailies tune`: look for better settings of a model, and show them as a change of params.yaml."""

import difflib
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from project import editing, layout, params
from project.errors import BY_EXIT_CODE, DailiesError, UsageError
from registry import runs
from studio.answer import Answer, table
from studio.checking import bring_up_to_date


def tune(model: str, *, trials: int, minutes: float, apply: bool) -> Answer:
    """Bring the number of trials up to `trials`, or use `minutes`, and tell what is best.

    The change is written to params.yaml with `apply` only. Raises UsageError, Locked, or what a trial raised.
    """
    root = layout.find()
    source = params.read(root / "params.yaml").model(model).source
    if trials < 1 or minutes < 0:
        raise UsageError(f"--trials is {trials}, --minutes is {minutes:g}: they must be from 1, and from 0 (no limit)")
    env = {**os.environ, "DAILIES_FLOW_PID": str(os.getpid())}
    with runs.lock(root, f"tune-{model}"):
        bring_up_to_date(root, source, f"augment@{model}")
        found = _search(root, model, trials, minutes, env)
    changed = _changed(found)
    text = (root / "params.yaml").read_text(encoding="utf-8")
    better = editing.overridden(text, model, {f"settings.{name}": value for name, value in changed.items()})
    diff = "".join(difflib.unified_diff(text.splitlines(True), better.splitlines(True), "params.yaml", "params.yaml"))
    if apply and changed:
        layout.write_bytes(root / "params.yaml", better.encode())
    applied = apply and bool(changed)
    data = {"model": model, **found, "change": changed, "diff": diff, "applied": applied}
    return Answer(data, "\n".join([*_lines(model, found, trials), *_next(model, found, trials, diff, applied)]))


def _search(root: Path, model: str, trials: int, minutes: float, env: Mapping[str, str]) -> dict[str, Any]:
    """Run the trials in a process of their own, which ends with this one."""
    with tempfile.TemporaryDirectory() as folder:
        result = Path(folder) / "result.json"
        command = [sys.executable, "-m", "steps.tune", model, str(trials), str(minutes), str(result)]
        done = subprocess.run(
            command, cwd=root, env=dict(env), stdout=sys.stderr, stderr=subprocess.PIPE, text=True, check=False
        )
        if done.returncode:
            said = [line.removeprefix("dailies: ") for line in done.stderr.strip().splitlines()] or [
                "no trial was made"
            ]
            raise BY_EXIT_CODE.get(done.returncode, DailiesError)(said[-1])
        found: dict[str, Any] = json.loads(result.read_text(encoding="utf-8"))
    return found


def _changed(found: Mapping[str, Any]) -> dict[str, Any]:
    """The settings of the best trial that differ from the present ones."""
    if found["best"] is None:
        return {}
    best = found["trials"][found["best"] - 1]["settings"]
    return {name: value for name, value in best.items() if value != found["present"][name]}


def _lines(model: str, found: Mapping[str, Any], trials: int) -> list[str]:
    names, metric = list(found["present"]), found["metric"]
    rows = [
        [
            trial["trial"],
            "failed" if trial["value"] is None else f"{trial['value']:.4f}",
            *(trial["settings"].get(name, "-") for name in names),
            "best" if trial["trial"] == found["best"] else trial.get("failed", ""),
        ]
        for trial in found["trials"]
    ]
    told = [f"{model}: {len(rows)} of {trials} trials, by {metric} on {found['measured_on']}"]
    return [*told, *(f"  {line}" for line in table(["TRIAL", metric, *names, ""], rows).splitlines())]


def _next(model: str, found: Mapping[str, Any], trials: int, diff: str, applied: bool) -> list[str]:
    if found["best"] is None:
        return ["no trial has ended well yet; run it again, and it goes on"]
    if not diff:
        return ["the present settings are the best of these; nothing to change"]
    if applied:
        return [diff.rstrip(), f"written to params.yaml; next: dailies run {model}"]
    return [diff.rstrip(), f"to write this: dailies tune {model} --trials {trials} --apply"]
