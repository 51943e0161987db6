"""Deployments: params.yaml's schedules on a Prefect server. First the difference, then the change."""

import datetime
import shlex
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from flows.api import Api
from project import params, schedule

POOL = "dailies"
TAG = "dailies"
FLOW = "retrain"
ANCHOR = "2026-01-01T00:00:00"
"""Where intervals count from, in the schedule's own timezone: every 6 h is at 0, 6, 12 and 18 o'clock."""
COMPARED = ("schedules", "parameters", "job_variables", "work_pool_name", "entrypoint", "limit")


@dataclass(frozen=True, slots=True)
class Change:
    """`what` is +, ~ or -; `said` is what a person reads after the name."""

    what: str
    kind: str
    name: str
    said: str


def wanted(root: Path, read: params.Params) -> dict[str, dict[str, Any]]:
    """The deployments that params.yaml asks for, by name."""
    return {name: deployment(root, name, model.schedule) for name, model in read.models.items()}


def deployment(root: Path, model: str, when: schedule.Schedule | None) -> dict[str, Any]:
    """One model's, with a schedule or without: people may start it by hand as well."""
    return {
        "name": model,
        "schedules": schedules(when),
        "parameters": {"model": model, "promote": True, "overrides": {}},
        "job_variables": {"command": shlex.join([sys.executable, "-m", "flows.begin"]), "working_dir": str(root)},
        "work_pool_name": POOL,
        "entrypoint": "flows.retrain.retrain",
        "limit": 1,
    }


def schedules(when: schedule.Rule | None) -> list[dict[str, Any]]:
    """In Prefect's words; `after: MODEL` is an automation and no schedule."""
    if when is None:
        return []
    check = getattr(when, "check", None)
    if check:
        return [{"interval": schedule.seconds(check), "anchor_date": ANCHOR + "Z", "timezone": "UTC"}]
    if when.every:
        return [{"interval": schedule.seconds(when.every), "anchor_date": _anchor(when), "timezone": when.timezone}]
    if when.cron:
        return [{"cron": when.cron, "timezone": when.timezone, "day_or": True}]
    return [{"rrule": when.rrule, "timezone": when.timezone}] if when.rrule else []


def _anchor(when: schedule.Rule) -> str:
    import zoneinfo

    local = datetime.datetime.fromisoformat(ANCHOR).replace(tzinfo=zoneinfo.ZoneInfo(str(when.timezone)))
    return local.astimezone(datetime.UTC).isoformat().replace("+00:00", "Z")


def known(api: Api) -> dict[str, dict[str, Any]]:
    """The deployments of ours that the server has, in the same words, with their ids."""
    asked = {"deployments": {"tags": {"all_": [TAG]}}, "limit": 200}
    return {each["name"]: _as_wanted(each) for each in api.post("/deployments/filter", asked)}


def _as_wanted(found: Mapping[str, Any]) -> dict[str, Any]:
    limit = (found.get("global_concurrency_limit") or {}).get("limit")
    times = [each["schedule"] for each in found["schedules"] if each["active"]]
    return {**{key: found.get(key) for key in COMPARED}, "id": found["id"], "schedules": times, "limit": limit}


def compare(now: Mapping[str, Mapping[str, Any]], then: Mapping[str, Mapping[str, Any]]) -> Iterator[Change]:
    """What applying `then` would change."""
    for name, each in then.items():
        said = _told(each["schedules"])
        if name not in now:
            yield Change("+", "model", name, said)
        elif different := [key for key in COMPARED if now[name][key] != each[key]]:
            before = f"{_told(now[name]['schedules'])} → {said}" if "schedules" in different else ", ".join(different)
            yield Change("~", "model", name, before)
    for name in now.keys() - then.keys():
        yield Change("-", "model", name, "it is not in params.yaml any more")


def _told(times: list[dict[str, Any]]) -> str:
    if not times:
        return "no schedule"
    [when] = times
    if "interval" in when:
        return f"every {when['interval']:g} s {when['timezone']}"
    return f"{'cron' if 'cron' in when else 'rrule'} {when.get('cron') or when['rrule']} {when['timezone']}"


def deploy(root: Path, api: Api, *, dry_run: bool = False) -> list[Change]:
    """Compare and, unless it is a dry run, apply. Raises UsageError when params.yaml is wrong."""
    then = wanted(root, params.read(root / "params.yaml"))
    now = known(api)
    changes = sorted(compare(now, then), key=lambda change: change.name)
    if dry_run:
        return changes
    _pool(api)
    flow = api.post("/flows/", {"name": FLOW})["id"]
    for change in changes:
        if change.what == "-":
            api.ask("DELETE", f"/deployments/{now[change.name]['id']}")
        else:
            api.post("/deployments/", _created(then[change.name], flow))
    return changes


def _created(each: Mapping[str, Any], flow: str) -> dict[str, Any]:
    content = {key: value for key, value in each.items() if key != "limit"}
    return {
        **content,
        "flow_id": flow,
        "schedules": [{"active": True, "schedule": when} for when in each["schedules"]],
        "tags": [TAG],
        "concurrency_limit": each["limit"],
        "concurrency_options": {"collision_strategy": "ENQUEUE"},
        "enforce_parameter_schema": True,
        "parameter_openapi_schema": SCHEMA,
    }


SCHEMA = {
    "title": "Parameters",
    "type": "object",
    "properties": {
        "model": {"type": "string", "title": "model", "position": 0},
        "promote": {"type": "boolean", "title": "promote", "default": True, "position": 1},
        "overrides": {"type": "object", "title": "overrides", "default": {}, "position": 2},
    },
    "required": ["model"],
}
TEMPLATE = {
    "job_configuration": {
        "command": "{{ command }}",
        "env": "{{ env }}",
        "labels": "{{ labels }}",
        "name": "{{ name }}",
        "stream_output": "{{ stream_output }}",
        "working_dir": "{{ working_dir }}",
    },
    "variables": {
        "type": "object",
        "properties": {
            "name": {"type": "string", "title": "Name"},
            "env": {"type": "object", "title": "Environment Variables", "additionalProperties": {"type": "string"}},
            "labels": {"type": "object", "title": "Labels", "additionalProperties": {"type": "string"}},
            "command": {"type": "string", "title": "Command"},
            "stream_output": {"type": "boolean", "title": "Stream Output", "default": True},
            "working_dir": {"type": "string", "title": "Working Directory"},
        },
    },
}
"""What a process worker takes, in Prefect's own words for it."""


def _pool(api: Api) -> None:
    """Make the work pool when it is missing."""
    if any(pool["name"] == POOL for pool in api.post("/work_pools/filter", {})):
        return
    api.post("/work_pools/", {"name": POOL, "type": "process", "base_job_template": TEMPLATE})
