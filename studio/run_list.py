"""Runs of a workspace, joined by their id: what stays on disk of each, and what a Prefect server says of them."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from flows.questions import FlowRun, Server, named
from project import layout
from project.errors import DailiesError, UsageError
from registry import run_log
from studio.server import configured

ANSWER_S = 4.0
NAMES = {"Late": "late", "Refused": "refused", "Registered": "registered", "Current": "current", "Suspended": "waiting"}
TYPES = {
    "SCHEDULED": "scheduled", "PENDING": "pending", "RUNNING": "running", "PAUSED": "waiting", "COMPLETED": "landed",
    "FAILED": "failed", "CRASHED": "killed", "CANCELLED": "cancelled", "CANCELLING": "cancelling",
}  # fmt: skip
"""What a state of Prefect's is called here, by its name where that says more than its type."""
STATES = sorted({*NAMES.values(), *TYPES.values(), "unknown"})
GOING = ("running", "pending", "waiting", "cancelling")
BEGUN = ("RUNNING", "PENDING", "PAUSED", "COMPLETED", "FAILED", "CRASHED", "CANCELLED", "CANCELLING")


@dataclass(frozen=True, slots=True)
class Seen:
    """One run, as far as it is known here; times are ISO 8601, empty where there is none."""

    id: str
    model: str
    state: str
    started: str
    ended: str = ""
    flow_run_id: str = ""
    said: str = ""
    """In a line, what came of it."""
    known: Mapping[str, Any] = field(default_factory=dict)
    """What stays on disk."""
    flow_run: Mapping[str, Any] = field(default_factory=dict)
    """What the server says."""

    def as_dict(self) -> dict[str, Any]:
        kept = {key: self.known.get(key) for key in ("trigger", "who", "version", "promote", "overrides")}
        return {
            "run": self.id, "model": self.model, "state": self.state, "started": self.started, "ended": self.ended,
            "seconds": seconds(self), "said": self.said, "flow_run_id": self.flow_run_id, **kept,
        }  # fmt: skip


def server(root: Path) -> Server | None:
    """The Prefect server of this workspace; None where none is configured."""
    url = configured(root)
    return Server(url, answer_s=ANSWER_S) if url else None


def ids(root: Path, model: str = "") -> list[str]:
    """The runs that this workspace keeps logs of, newest first."""
    try:
        with os.scandir(layout.logs(root)) as entries:
            names = [entry.name for entry in entries if not entry.name.startswith(".")]
    except FileNotFoundError:
        return []
    parts = [(name.rsplit("-", 3), name) for name in names]
    kept = [(split[1:], name) for split, name in parts if len(split) == 4 and model in ("", split[0])]
    return [name for _, name in sorted(kept, reverse=True)]


def newest(names: Sequence[str]) -> dict[str, str]:
    """Model → its newest run, of runs that come newest first."""
    return {run_log.model_of(name): name for name in reversed(names)}


def on_disk(root: Path, run_id: str, last: bool) -> Seen:
    """One run as this workspace kept it; only the `last` of a model can be under way."""
    known = run_log.read(layout.logs(root, run_id))
    state = known["state"]
    if state == "running" and not (last and run_log.lives(known)):
        state = "killed"
    said = known.get("said") or ("its process ended without a word" if state == "killed" else "")
    return Seen(
        run_id, known["model"], state, known["started"], known.get("ended", ""), known.get("flow_run_id", ""),
        said.splitlines()[0] if said else "", known,
    )  # fmt: skip


def on_server(run: FlowRun, models: Mapping[str, str] | None = None) -> Seen:
    """One run as the server knows it; `models` are those of its deployments, by their id."""
    state = NAMES.get(run["state_name"]) or TYPES.get(run["state_type"], "unknown")
    model = (models or {}).get(run.get("deployment_id") or "") or run.get("parameters", {}).get("model")
    said = (run.get("state") or {}).get("message") or ""
    started = run.get("start_time") or run.get("expected_start_time") or ""
    return Seen(
        run["name"], model or run_log.model_of(run["name"]), state, _seconds_only(started),
        _seconds_only(run.get("end_time") or ""), run["id"], said.splitlines()[0] if said else "", {}, run,
    )  # fmt: skip


def _seconds_only(moment: str) -> str:
    return f"{moment[:19]}+00:00" if moment else ""


def joined(kept: Seen, asked: Seen | None) -> Seen:
    """What stays on disk goes first, but of a run of another machine only the server knows how it ended."""
    if asked is None:
        return kept
    elsewhere = kept.state in ("running", "unknown") and asked.state not in GOING
    told = replace(kept, state=asked.state, ended=asked.ended, said=kept.said or asked.said) if elsewhere else kept
    return replace(told, flow_run=asked.flow_run, flow_run_id=asked.flow_run_id)


def runs(root: Path, asked: Server | None, *, model: str = "", states: Sequence[str] = (), limit: int) -> list[Seen]:
    """The newest runs, of one model or in some states. Raises DailiesError when the server does not answer."""
    theirs = _of_server(asked, model, states, limit) if asked else {}
    found: list[Seen] = []
    names = ids(root, model)
    last = newest(names)
    for name in names:
        if len(found) >= limit:
            break
        seen = joined(on_disk(root, name, last[run_log.model_of(name)] == name), theirs.pop(name, None))
        if not states or seen.state in states:
            found.append(seen)
    found += [each for each in theirs.values() if not states or each.state in states]
    return sorted(found, key=lambda each: each.started, reverse=True)[:limit]


def _of_server(asked: Server, model: str, states: Sequence[str], limit: int) -> dict[str, Seen]:
    """Those that have begun or are late; those that are to come, or found nothing to do, when they are asked for."""
    found: list[FlowRun] = []
    for rule in _rules(states):
        found += asked.flow_runs_of(model, limit, state=rule) if model else asked.flow_runs(limit, state=rule)
    seen = [on_server(run) for run in found]
    return {each.id: each for each in seen if model in ("", each.model)}


def _rules(states: Sequence[str]) -> list[dict[str, Any]]:
    hidden = [name for name in ("Current", "Overtaken") if NAMES.get(name, "cancelled") not in states]
    rules: list[dict[str, Any]] = [{"type": {"any_": BEGUN}, "name": {"not_any_": hidden}}]
    return (
        rules + [{"name": {"any_": ["Late"]}}] + ([{"name": {"any_": ["Scheduled"]}}] if "scheduled" in states else [])
    )


def find(root: Path, reference: str, asked: Server | None) -> Seen:
    """The run of that id, or the only one whose id begins or ends with it. Raises UsageError."""
    names = ids(root)
    fits = [name for name in names if name == reference] or [
        name for name in names if name.startswith(reference) or name.endswith(f"-{reference}")
    ]
    if len(fits) > 1:
        raise UsageError(
            f"{reference!r} is the beginning of {len(fits)} runs, {', '.join(fits[:3])} …; write more of it"
            if len(fits) > 3
            else f"{reference!r} is one of {', '.join(fits)}; write more of it"
        )
    name = fits[0] if fits else reference
    theirs = None
    if asked:
        try:
            theirs = next((on_server(run) for run in asked.flow_runs(1, **named([name]))), None)
        except DailiesError:
            if not fits:
                raise
    if fits:
        return joined(on_disk(root, name, newest(names)[run_log.model_of(name)] == name), theirs)
    if theirs:
        return theirs
    known = ", ".join(names[:3]) or "none yet"
    raise UsageError(f"run {reference!r} is not known here; the newest: {known}; list them: dailies runs ls")


def seconds(seen: Seen) -> float | None:
    """How long it took, or takes until now."""
    from datetime import UTC, datetime

    if not seen.started or (not seen.ended and seen.state not in GOING):
        return None
    end = datetime.fromisoformat(seen.ended) if seen.ended else datetime.now(UTC)
    return max(0.0, (end - datetime.fromisoformat(seen.started)).total_seconds())
