"""Registering what a run made: verdict, commit, push, landing, and the tags last.

No tag is written before every object that it stands for is listed on the remote.
"""

import datetime
import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from project import layout
from project.secrets import scrubbed
from registry import approval, dvc, gate, git, origin, scores, tags
from registry.landing import give_back, land
from registry.runs import Run

CHOSEN = ("recipe", "source", "settings", "augment", "split")
"""What a person chose about a model; a change of these makes a minor version, all else a patch."""

Allowed = Callable[[], gate.Rule]
"""The rule on rights as it is at this moment; called again right before a version goes live."""
Evaluate = Callable[[tags.Version, Path], dict[str, float]]
"""(champion, folder to write to) → asset → its score on today's test assets."""


@dataclass(frozen=True, slots=True)
class Registration:
    """What came of a run."""

    version: tags.Version
    promoted: bool
    new: bool
    rules: list[dict[str, Any]]
    landed: bool

    @property
    def waits_until(self) -> str:
        """The moment (ISO 8601) until which it waits for a person; empty when it does not."""
        return "" if self.promoted or not self.new else approval.until(self.version)

    def as_dict(self) -> dict[str, Any]:
        return {
            "model": self.version.name,
            "version": self.version.version,
            "tag": self.version.tag,
            "promoted": self.promoted,
            "new": self.new,
            "landed": self.landed,
            "waits_until": self.waits_until or None,
            "rules": self.rules,
            "metrics": self.version.message.get("metrics", {}),
        }


@dataclass(frozen=True, slots=True)
class Candidate:
    """The outputs of a run that ask to be registered."""

    run: Run
    source: str
    base: str
    promote: bool
    overridden: bool
    record: dict[str, Any]
    worse_by: float = 0.0
    """How much worse than the live version it may be."""
    ask_s: int = 0
    """How long a person may take to let it go live; 0 where the gate is enough."""

    @property
    def stages(self) -> list[str]:
        return layout.stages(self.run.model, self.source)

    def outputs(self) -> dict[str, str]:
        return dvc.outputs(dvc.read_lock(self.run.folder), self.stages)


def standing(root: Path, model: str, weights: str | None) -> tags.Version | None:
    """The version that holds these weights, if one was registered."""
    return tags.holding(tags.versions(root, model), weights)


def register(candidate: Candidate, evaluate: Evaluate, replan: Callable[[], None], allowed: Allowed) -> Registration:
    """Judge, commit, push, land, tag. Weights that have a version already keep it, and may become live under a new gate.

    Nothing at all is done when the weights have a version and the run changed nothing.
    """
    run = candidate.run
    scored: dict[str, dict[str, float]] = {}
    for attempt in origin.attempts(run.model):
        origin.sync(run.workspace)
        outputs = candidate.outputs()
        old = standing(run.folder, run.model, outputs[f"data/weights/{run.model}"])
        if old and not attempt and not _changed(candidate):
            return Registration(old, "prod" in old.stages, False, old.message.get("verdict", {}).get("rules", []), True)
        champion = tags.live(run.folder, run.model)
        rules = [*judge(candidate, champion, evaluate, scored), allowed().as_dict()]
        rules += _stepped_down(candidate, old)
        passed = candidate.promote and all(rule["passed"] for rule in rules)
        promoted = passed and not candidate.ask_s
        version = old.version if old else next_version(run.folder, run.model)
        message = _message(candidate, outputs, version, rules, promoted, champion)
        if passed and candidate.ask_s:
            message["verdict"]["approval"] = approval.request(candidate.ask_s)
        message = scrubbed(message)
        layout.write_json(layout.reports(run.folder, run.model) / "run.json", message)
        commit = _commit(candidate, message)
        dvc.push(run.folder, [stage for stage in candidate.stages if stage != "plan"], layout.cached(outputs))
        landed = promoted or not candidate.overridden
        with origin.held(run.workspace):
            if tags.live(run.folder, run.model) != champion:
                continue  # somebody moved the stage meanwhile
            if promoted and not allowed().passed:
                continue  # somebody withdrew an asset meanwhile
            before = git.git(run.workspace, "rev-parse", f"refs/heads/{candidate.base}")
            head = land(run, candidate.base, candidate.stages, replan) if landed else before
            written = _tag(candidate, message, old, commit, rules, promoted)
            with origin.undone_unless_sent(run.folder, written) as sent:
                if origin.publish(run.workspace, run.model, candidate.base if landed else ""):
                    sent.append(True)
                    return Registration(
                        tags.find(run.folder, f"{run.model}@{version}"), promoted, not old, rules, landed
                    )
            if landed:
                give_back(run, candidate.base, before, head, candidate.stages)
    raise AssertionError("attempts() ends with an error")


def _tag(
    candidate: Candidate,
    message: dict[str, Any],
    old: tags.Version | None,
    commit: str,
    rules: list[dict[str, Any]],
    promoted: bool,
) -> list[str]:
    """Write the tag of a new version, and last the one that makes it live; the tags."""
    run = candidate.run
    written: list[str] = []
    with origin.undone_unless_sent(run.folder, written) as whole:
        if not old:
            written.append(tags.append(run.folder, run.model, f"@{message['version']}", commit, message))
        if promoted and not (old and "prod" in old.stages):
            stage = {"version": message["version"], "why": "passed the gate", "rules": rules, "who": message["who"]}
            stage |= {"when": message["finished"], "run": run.id}
            written.append(tags.append(run.folder, run.model, "#prod", old.commit if old else commit, stage))
        whole.append(True)
    return written


def _stepped_down(candidate: Candidate, old: tags.Version | None) -> list[dict[str, Any]]:
    """A rule that fails for a version that was rolled back: what was taken out of a stage comes back by hand only."""
    line = tags.lines(candidate.run.folder, candidate.run.model).get(candidate.run.model)
    event = line.left("prod", old.commit) if line and old else None
    if event is None or old is None:
        return []
    again = f"dailies model promote {old.name} {old.version}"
    return [gate.Rule("not rolled back", False, f"{tags.said(event)}; to make it live again: {again}").as_dict()]


def _changed(candidate: Candidate) -> bool:
    """Has the run anything to land: files that differ, or commits that the main branch lacks?"""
    folder = candidate.run.folder
    return bool(git.changed(folder, ".")) or not git.is_ancestor(folder, "HEAD", candidate.base)


def judge(
    candidate: Candidate,
    champion: tags.Version | None,
    evaluate: Evaluate,
    scored: dict[str, dict[str, float]] | None = None,
) -> list[dict[str, Any]]:
    """The floors that validate checked, and the comparison with the champion on the same test assets.

    `scored` keeps what champions scored, by their tag, for the next time.
    """
    folder = layout.reports(candidate.run.folder, candidate.run.model)
    rules: list[dict[str, Any]] = json.loads((folder / "verdict.json").read_text(encoding="utf-8"))["rules"]
    if champion:
        own = scores.read(folder / "predictions.parquet")
        known = (scored or {}).get(champion.tag) or scores.of(candidate.run.folder, champion)
        if not own.keys() <= known.keys():
            fresh = layout.private(candidate.run.folder) / "compare" / candidate.run.id
            try:
                known = evaluate(champion, fresh)
            finally:
                shutil.rmtree(fresh, ignore_errors=True)
        if scored is not None:
            scored[champion.tag] = known
        rules = [*rules, gate.against_champion(own, known, champion.version, candidate.worse_by).as_dict()]
    return rules


def _message(
    candidate: Candidate,
    outputs: dict[str, str],
    version: str,
    rules: list[dict[str, Any]],
    promoted: bool,
    champion: tags.Version | None,
) -> dict[str, Any]:
    run = candidate.run
    metrics = json.loads((layout.reports(run.folder, run.model) / "metrics.json").read_text(encoding="utf-8"))
    return {
        "model": run.model,
        "version": version,
        "weights": outputs[f"data/weights/{run.model}"],
        "assets": outputs[f"data/assets/{candidate.source}"],
        "shards": outputs[f"data/shards/{run.model}"],
        "metrics": metrics,
        "verdict": {
            "promoted": promoted,
            "asked": candidate.promote,
            "rules": rules,
            "worse_by": candidate.worse_by,
        },
        "champion": champion.version if champion else None,
        "run": run.id,
        "finished": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        **candidate.record,
    }


def next_version(root: Path, model: str) -> str:
    """v0.1.0 first; a minor step when a person chose something else, a patch for new data, code or luck.

    A number that was taken back is never given again.
    """
    known = sorted(tags.lines(root, model).get(model, tags.Line()).versions.values(), key=tags.precedence)
    if not known:
        return "v0.1.0"
    newest = known[-1]
    major, minor, patch = newest.number
    same = all(
        _chosen_then(root, newest.commit, verb, model) == _chosen_now(root, verb, model)
        for verb in ("augment", "train")
    )
    return f"v{major}.{minor}.{patch + 1}" if same else f"v{major}.{minor + 1}.0"


def _chosen_then(root: Path, commit: str, verb: str, model: str) -> dict[str, Any]:
    plan = json.loads(git.show(root, commit, f"data/plan/{verb}/{model}.json") or "{}")
    return {key: plan.get(key) for key in CHOSEN}


def _chosen_now(root: Path, verb: str, model: str) -> dict[str, Any]:
    plan = layout.read_plan(root, verb, model)
    return {key: plan.get(key) for key in CHOSEN}


def _commit(candidate: Candidate, message: dict[str, Any]) -> str:
    run = candidate.run
    reports = f"data/reports/{run.model}"
    kept = [f"{reports}/{file}" for file in ("metrics.json", "card.json", "card.md", "run.json")]
    git.add(run.folder, "params.yaml", "dvc.lock", "data/plan", *kept)
    trailers = {
        "Run": run.id,
        "Flow-Run-Id": str(message.get("flow_run_id", "")),
        "Recipe": str(message.get("recipe", "")),
        "Triggered-By": str(message.get("trigger", "")),
    }
    outcome = "promoted" if message["verdict"]["promoted"] else "registered"
    return git.commit(run.folder, f"{run.model} {message['version']}: {outcome}", trailers)
