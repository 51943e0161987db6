"""What a Prefect server knows of the models' schedules: the next run of each, and whether runs start when they are due."""

import datetime
import zoneinfo
from collections.abc import Collection
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from flows.questions import Server, of_states
from project.errors import DailiesError
from studio import run_list

MOST_COMING = 600
"""Scheduled runs that are looked at, the earliest first."""


@dataclass
class Known:
    """The next run of each model, and how many are late; of models with none coming, whether the schedule is paused."""

    url: str = ""
    away: str = ""
    """Why the server has not answered."""
    coming: dict[str, str] = field(default_factory=dict)
    late: dict[str, int] = field(default_factory=dict)
    paused: dict[str, bool] = field(default_factory=dict)

    def take(self, other: "Known") -> None:
        self.__dict__.update(other.__dict__)


def known(root: Path, models: Collection[str]) -> Known:
    """Ask the configured server about the models that have a schedule; nothing is known where there is none."""
    server = run_list.server(root)
    if server is None or not models:
        return Known(server.url if server else "")
    try:
        return _answered(server, models)
    except DailiesError as error:
        return Known(away=f"{error}; when models run next is not known")
    finally:
        server.close()


def _answered(server: Server, models: Collection[str]) -> Known:
    """Scheduled runs name their model. Deployments are asked only about those models that have none coming: with 50 of
    them the server takes 1.5 s to list them."""
    told = Known(server.url)
    for run in server.flow_runs(MOST_COMING, sort="EXPECTED_START_TIME_ASC", **of_states("SCHEDULED")):
        name = str(run.get("parameters", {}).get("model"))
        if run["state_name"] == "Late":
            told.late[name] = told.late.get(name, 0) + 1
        else:
            told.coming.setdefault(name, run["expected_start_time"])
    missing = sorted(set(models) - told.coming.keys())
    told.paused |= {each["name"]: _paused(each) for each in server.deployments(missing)} if missing else {}
    return told


def _paused(deployment: dict[str, Any]) -> bool:
    active = [schedule["active"] for schedule in deployment["schedules"]]
    return bool(deployment.get("paused") or (active and not any(active)))


def next_run(model: str, schedule: Any, server: Known) -> str:
    """When the next run is due, in ISO 8601: as the server says it, else as params.yaml does; empty where neither says."""
    if schedule is None:
        return ""
    return server.coming.get(model, "") if server.url else due(schedule, datetime.datetime.now(datetime.UTC))


def due(schedule: Any, now: datetime.datetime) -> str:
    """The next moment of a cron or recurrence rule; empty of any other schedule, which hangs on what happened before."""
    cron, rule = (getattr(schedule, name, None) for name in ("cron", "rrule"))
    here = now.astimezone(zoneinfo.ZoneInfo(getattr(schedule, "timezone", None) or "UTC"))
    if cron:
        from cronsim import CronSim

        return next(CronSim(cron, here)).astimezone(datetime.UTC).isoformat(timespec="seconds")
    if rule:
        from dateutil.rrule import rrulestr

        start = here.replace(tzinfo=None, hour=0, minute=0, second=0, microsecond=0)
        found = rrulestr(rule, dtstart=start).after(here.replace(tzinfo=None))
        return found.replace(tzinfo=here.tzinfo).astimezone(datetime.UTC).isoformat(timespec="seconds") if found else ""
    return ""


def health(model: str, schedule: Any, server: Known) -> str:
    """In a word or two: none, ok, late, paused, not deployed, no server."""
    if schedule is None:
        return "none"
    if not server.url:
        return "no server"
    if model in server.late:
        return f"{server.late[model]} late"
    if model in server.coming:
        return "ok"
    return "not deployed" if model not in server.paused else "paused" if server.paused[model] else "ok"
