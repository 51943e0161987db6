"""`dailies run`: see what is current, and run what is not, one model after another."""

import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from flows.working import Asked, check_space
from lineage import current
from project import layout, params
from project.errors import DailiesError, Interrupted, UsageError
from registry import runs
from studio import params as params_check
from studio import server
from studio.answer import Answer, table
from studio.run_model import run_model, standing

RESULTS = ("landed", "registered", "current", "refused", "failed")
"""What may come of a model, in the order in which they are counted."""


def run(
    names: Sequence[str],
    settings: Sequence[str],
    *,
    every: bool = False,
    changed: bool = False,
    promote: bool,
    trigger: str,
) -> Answer:
    """Bring the models up to date that are named, or all, or those that are not current. Raises UsageError."""
    root = layout.find()
    read = params.read(root / "params.yaml")
    if bool(names) + every + changed != 1:
        raise UsageError(
            f"name models, or write --all, or --changed: one of the three; {params.listing('', read.models)}"
        )
    if not names and not read.models:
        return Answer({"runs": []}, "params.yaml names no models yet")
    models = {name: read.model(name).source for name in dict.fromkeys(names) or read.in_order()}
    asked = Asked(parse_overrides(settings), promote, trigger)
    runs.check_committed(root)
    looks = current.look_at_all(root, models)
    if changed:
        models = {name: source for name, source in models.items() if looks[name].reasons}
    stale = [name for name in models if asked.overrides or looks[name].reasons or not looks[name].version]
    done = {name: standing(version) for name in models if name not in stale and (version := looks[name].version)}
    if stale:
        check_space(root)
        if len(stale) == 1:
            with runs.lock(root, runs.lock_name(stale[0])):
                pass  # who has to wait is told before anything is started
        with server.for_runs(root) as prefect:
            if len(names) == 1:
                return run_model(root, stale[0], models[stale[0]], asked, prefect)
            params_check.check()
            done |= _run_each(root, {name: models[name] for name in stale}, asked, prefect)
    if len(names) == 1:
        return next(iter(done.values()))
    return summary({name: done[name] for name in models})


def _run_each(root: Path, models: Mapping[str, str], asked: Asked, prefect: server.Server) -> dict[str, Answer]:
    """One after another, told on stderr; one that fails is told and the next one runs."""
    done: dict[str, Answer] = {}
    for number, (name, source) in enumerate(models.items(), 1):
        print(f"\n{name} ({number} of {len(models)})", file=sys.stderr)
        started = time.monotonic()
        try:
            answer = _run_stale(root, name, source, asked, prefect)
        except DailiesError as error:
            said = {"model": name, "error": str(error), "exit_code": error.exit_code}
            answer = Answer(said, str(error), error.exit_code)
        except KeyboardInterrupt:
            before = ", ".join(f"{each} {result(answer)}" for each, answer in done.items())
            raise Interrupted(
                f"interrupted at {name}, which left the main branch as it was; before it: {before or 'nothing'}"
            ) from None
        print(answer.text, file=sys.stderr)
        took = {"took_s": round(time.monotonic() - started, 1)}
        done[name] = Answer({**answer.data, **took}, answer.text, answer.exit_code)
    return done


def _run_stale(root: Path, name: str, source: str, asked: Asked, prefect: server.Server) -> Answer:
    """Look once more: what the model before landed, as a new plan, may have been all that this one lacked."""
    if not asked.overrides:
        now = current.look(root, name, source)
        if not now.reasons and now.version:
            return standing(now.version)
    return run_model(root, name, source, asked, prefect)


def summary(done: Mapping[str, Answer]) -> Answer:
    """What happened to each model; the exit code is 1 when any failed, else that of a refusal, rights before the gate."""
    results = {name: result(answer) for name, answer in done.items()}
    told = [{"model": name, **answer.data, "result": results[name]} for name, answer in done.items()]
    rows = [
        [each["model"], each["result"], each.get("version", "-"), _time(each), state(done[each["model"]])]
        for each in told
    ]
    found = list(results.values())
    counts = ", ".join(f"{found.count(each)} {each}" for each in RESULTS if each in found)
    text = f"{len(found)} models: {counts}" if found else "every model is current; nothing to do"
    refusals = [answer.exit_code for name, answer in done.items() if results[name] == "refused"]
    code = DailiesError.exit_code if "failed" in found else max(refusals, default=0)
    lines = [table(["MODEL", "RESULT", "VERSION", "TOOK", "STATE"], rows)] if rows else []
    return Answer({"runs": told}, "\n".join([*lines, text]), code)


def result(answer: Answer) -> str:
    """One of RESULTS."""
    if "error" in answer.data:
        return "failed"
    if answer.exit_code:
        return "refused"
    if answer.data["current"] or not answer.data["new"]:
        return "current"
    return "landed" if answer.data["landed"] else "registered"


def state(answer: Answer) -> str:
    """In one line, what a person should know of it besides."""
    if "error" in answer.data:
        return str(answer.data["error"]).splitlines()[0]
    refused = [rule["reason"] for rule in answer.data.get("rules", ()) if not rule["passed"]]
    if refused:
        return f"the gate refused it: {'; '.join(refused)}"
    live = answer.data.get("promoted") or "prod" in answer.data.get("stages", ())
    return "live in prod" if live else "not promoted"


def _time(told: Mapping[str, Any]) -> str:
    return f"{told['took_s']:.0f} s" if "took_s" in told else "-"


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
