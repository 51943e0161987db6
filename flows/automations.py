"""What we let a Prefect server do by itself: call a run crashed whose process is gone, start a model after another."""

from collections.abc import Mapping
from typing import Any

from flows.api import Api
from flows.begin import HEARTBEAT_S
from flows.deployments import RETRAIN, TAG
from project import params

PREFIX = "dailies: "
"""Of the names of ours."""
MISSED_S = 3 * HEARTBEAT_S
BEGIN_S = 1200
"""The longest that a run may take from its worker to its flow's first word. More than the 15 min for which Prefect holds
the events of a run back that follow on one it never saw, as those of a run that was scheduled less than 5 min before."""
ANY = "prefect.flow-run.*"


def wanted(read: params.Params, ids: Mapping[str, str]) -> dict[str, dict[str, Any]]:
    """The automations, by name. `ids` are those of the deployments, by their names."""
    made = {
        "zombies": _silent(
            ["prefect.flow-run.heartbeat"],
            MISSED_S,
            f"It has not been heard of for {MISSED_S} s: its process was killed, or its machine is away",
        ),
        "never begun": _silent(
            ["prefect.flow-run.Pending", "prefect.flow-run.Submitting"],
            BEGIN_S,
            f"A worker took it {BEGIN_S} s ago, and it never began: its process was killed, or its machine is away",
        ),
    }
    for name, model in read.models.items():
        if model.schedule and (before := model.schedule.model):
            made[f"{name} after {before}"] = _chained(before, ids.get(f"{RETRAIN}/{name}", ""))
    return {
        PREFIX + name: {"name": PREFIX + name, "enabled": True, "tags": [TAG], **each} for name, each in made.items()
    }


def _silent(after: list[str], within_s: int, said: str) -> dict[str, Any]:
    """Crashed, when none of the events of a run follows on one of `after`."""
    trigger = {
        "type": "event",
        "posture": "Proactive",
        "match": {"prefect.resource.id": ANY},
        "match_related": {"prefect.resource.id": f"prefect.tag.{TAG}"},
        "for_each": ["prefect.resource.id"],
        "after": after,
        "expect": [ANY],
        "threshold": 1,
        "within": float(within_s),
    }
    return {"trigger": trigger, "actions": [{"type": "change-flow-run-state", "state": "CRASHED", "message": said}]}


def _chained(before: str, deployment: str) -> dict[str, Any]:
    """A run of `deployment` each time that a version of the model `before` has gone live."""
    trigger = {
        "type": "event",
        "posture": "Reactive",
        "match": {"prefect.resource.id": f"dailies.model.{before}"},
        "expect": ["dailies.promoted"],
        "threshold": 1,
        "within": 0.0,
    }
    return {
        "trigger": trigger,
        "actions": [{"type": "run-deployment", "source": "selected", "deployment_id": deployment}],
    }


def known(api: Api) -> dict[str, dict[str, Any]]:
    """Those of ours that the server has."""
    found = api.post("/automations/filter", {"limit": 200, "automations": {"tags": {"all_": [TAG]}}})
    return {each["name"]: each for each in found if each["name"].startswith(PREFIX)}


def same(ours: Any, theirs: Any) -> bool:
    """Does the server's have what ours says? It has more: defaults, ids. Lists are sets here, apart from actions."""
    if isinstance(ours, dict):
        return isinstance(theirs, dict) and all(same(value, theirs.get(key)) for key, value in ours.items())
    if isinstance(ours, list):
        if not isinstance(theirs, list) or len(ours) != len(theirs):
            return False
        if all(isinstance(each, str) for each in ours):
            return sorted(ours) == sorted(theirs)
        return all(same(one, other) for one, other in zip(ours, theirs, strict=True))
    return bool(ours == theirs)


def told(each: Mapping[str, Any]) -> str:
    """An automation of ours in one phrase, for a person."""
    action = each["actions"][0]
    if action["type"] == "run-deployment":
        return f"when a version of {each['trigger']['match']['prefect.resource.id'].rpartition('.')[2]} goes live"
    return f"Crashed after {each['trigger']['within']:g} s without a word"
