"""What params.yaml asks to be on a Prefect server as deployments, and what is there, in the same words."""

import datetime
import zoneinfo
from collections.abc import Mapping
from typing import Any

from flows import pool
from flows.api import Api
from project import params, schedule

TAG = "dailies"
"""On each deployment and run of ours; a server may have others."""
RETRAIN, REFRESH = "retrain", "refresh"
ALL = f"{REFRESH}/all"
ANCHOR = datetime.datetime(2026, 1, 1)
"""Where intervals count from, in the schedule's own timezone: every 6 h is at 0, 6, 12 and 18 o'clock."""
COMPARED = ("schedules", "parameters", "job_variables", "work_pool_name", "work_queue_name", "entrypoint", "limit")
MODEL = {"type": "string", "title": "model", "position": 0}
PROMOTE = {"type": "boolean", "title": "promote", "default": True, "position": 1}
OVERRIDES = {"type": "object", "title": "overrides", "default": {}, "position": 2}
LIMIT = {"type": "integer", "title": "limit", "default": 1, "minimum": 1, "position": 0}
SCHEMAS: dict[str, dict[str, Any]] = {
    RETRAIN: {"properties": {"model": MODEL, "promote": PROMOTE, "overrides": OVERRIDES}, "required": ["model"]},
    REFRESH: {"properties": {"limit": LIMIT}, "required": []},
}
"""What a person may choose who starts a run in Prefect's pages."""


def wanted(read: params.Params) -> dict[str, dict[str, Any]]:
    """`retrain/MODEL` for each model, with a schedule or without: people may start it by hand; and `refresh/all`."""
    made = {f"{RETRAIN}/{name}": retraining(name, model.schedule) for name, model in read.models.items()}
    return made | {ALL: refreshing(read.refresh)}


def retraining(model: str, when: schedule.Schedule | None) -> dict[str, Any]:
    parameters = {"model": model, "promote": True, "overrides": {}}
    return _deployment(RETRAIN, pool.RETRAINING, schedules(when), parameters)


def refreshing(when: schedule.Refresh | None) -> dict[str, Any]:
    return _deployment(REFRESH, pool.REFRESHING, schedules(when), {"limit": when.limit if when else 1})


def _deployment(flow: str, queue: str, times: list[dict[str, Any]], parameters: dict[str, Any]) -> dict[str, Any]:
    return {
        "schedules": times,
        "parameters": parameters,
        "job_variables": dict(pool.HERE),
        "work_pool_name": pool.NAME,
        "work_queue_name": queue,
        "entrypoint": f"flows.{flow}.{flow}",
        "limit": 1,
    }


def schedules(when: schedule.Rule | None) -> list[dict[str, Any]]:
    """In Prefect's words; `after: MODEL` is an automation and no schedule."""
    if isinstance(when, schedule.Schedule) and when.check:
        return [_interval(when.check, "UTC")]
    if when is None or not when.timezone:
        return []
    if when.every:
        return [_interval(when.every, when.timezone)]
    if when.cron:
        return [{"cron": when.cron, "timezone": when.timezone, "day_or": True}]
    return [{"rrule": _begun(str(when.rrule)), "timezone": when.timezone}]


def _begun(rule: str) -> str:
    """A recurrence rule that says since when, as the server would else write it."""
    return rule if rule.upper().startswith("DTSTART") else f"DTSTART:{ANCHOR:%Y%m%dT%H%M%S}\n{rule}"


def _interval(period: str, timezone: str) -> dict[str, Any]:
    anchor = ANCHOR.replace(tzinfo=zoneinfo.ZoneInfo(timezone)).astimezone(datetime.UTC)
    return {
        "interval": float(schedule.seconds(period)),
        "anchor_date": f"{anchor:%Y-%m-%dT%H:%M:%SZ}",
        "timezone": timezone,
    }


def known(api: Api) -> dict[str, dict[str, Any]]:
    """The deployments of ours that the server has, by the same names, with their ids and whether a person paused them."""
    asked = {"deployments": {"tags": {"all_": [TAG]}}, "limit": 200}
    found = [each for page in _pages(api, "/deployments/filter", asked) for each in page]
    return {f"{_flow(each)}/{each['name']}": _as_wanted(each) for each in found}


def _pages(api: Api, path: str, asked: Mapping[str, Any]) -> Any:
    offset = 0
    while page := api.post(path, {**asked, "offset": offset}):
        yield page
        offset += len(page)


def _flow(found: Mapping[str, Any]) -> str:
    return str(found["entrypoint"] or "").rpartition(".")[2] or RETRAIN


def _as_wanted(found: Mapping[str, Any]) -> dict[str, Any]:
    times = [each["schedule"] for each in found["schedules"] if each["active"]]
    limit = (found.get("global_concurrency_limit") or {}).get("limit")
    own = {key: found.get(key) for key in COMPARED}
    return {**own, "schedules": times, "limit": limit, "id": found["id"], "paused": found["paused"]}


def content(name: str, each: Mapping[str, Any], flow_id: str, paused: bool) -> dict[str, Any]:
    """As the server takes it."""
    flow, _, own = name.partition("/")
    return {
        **{key: value for key, value in each.items() if key != "limit"},
        "name": own,
        "flow_id": flow_id,
        "schedules": [{"active": True, "schedule": when} for when in each["schedules"]],
        "tags": [TAG],
        "paused": paused,
        "concurrency_limit": each["limit"],
        "concurrency_options": {"collision_strategy": "ENQUEUE"},
        "enforce_parameter_schema": True,
        "parameter_openapi_schema": {"title": "Parameters", "type": "object", **SCHEMAS[flow]},
    }


def told(times: list[dict[str, Any]]) -> str:
    """A schedule of the server in one phrase, for a person."""
    if not times:
        return "no schedule"
    [when] = times
    if "interval" in when:
        seconds = int(when["interval"])
        unit, size = next((unit, size) for unit, size in reversed(schedule.UNITS.items()) if seconds % size == 0)
        return f"every {seconds // size} {unit} {when['timezone']}"
    kind = "cron" if "cron" in when else "rrule"
    return f"{kind} {when[kind].rpartition(chr(10))[2]} {when['timezone']}"
