"""What a Prefect server knows of the models' schedules: the next run of each, and whether runs start when they are due."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from flows.questions import Server
from project.errors import DailiesError
from studio import run_list

MOST_COMING = 600
"""Scheduled runs that are looked at, the earliest first."""


@dataclass
class Known:
    """Of each model that is deployed: the next run, how many are late, whether its schedule is paused."""

    url: str = ""
    away: str = ""
    """Why the server has not answered."""
    coming: dict[str, str] = field(default_factory=dict)
    late: dict[str, int] = field(default_factory=dict)
    paused: dict[str, bool] = field(default_factory=dict)

    def take(self, other: "Known") -> None:
        self.__dict__.update(other.__dict__)


def known(root: Path) -> Known:
    """Ask the configured server; nothing is known where there is none."""
    server = run_list.server(root)
    if server is None:
        return Known()
    try:
        return _answered(server)
    except DailiesError as error:
        return Known(away=f"{error}; when models run next is not known")
    finally:
        server.close()


def _answered(server: Server) -> Known:
    deployments = server.deployments()
    told = Known(server.url, paused={each["name"]: _paused(each) for each in deployments})
    names = {each["id"]: each["name"] for each in deployments}
    awaited = {each["name"] for each in deployments if each["schedules"] and not told.paused[each["name"]]}
    if not awaited:
        return told
    scheduled = server.flow_runs(MOST_COMING, sort="EXPECTED_START_TIME_ASC", state={"type": {"any_": ["SCHEDULED"]}})
    for run in scheduled:
        name = names.get(run.get("deployment_id") or "")
        if not name:
            continue
        if run["state_name"] == "Late":
            told.late[name] = told.late.get(name, 0) + 1
        elif name not in told.coming:
            told.coming[name] = run["expected_start_time"]
        if awaited <= told.coming.keys():
            break
    return told


def _paused(deployment: dict[str, Any]) -> bool:
    active = [schedule["active"] for schedule in deployment["schedules"]]
    return bool(deployment.get("paused") or (active and not any(active)))


def next_run(model: str, schedule: Any, server: Known) -> str:
    """When the server starts the next run; empty where it starts none, as nothing does without a server."""
    return server.coming.get(model, "") if schedule else ""


def health(model: str, schedule: Any, server: Known) -> str:
    """In a word or two: none, ok, late, paused, not deployed, no server."""
    if schedule is None:
        return "none"
    if not server.url:
        return "no server"
    if model not in server.paused:
        return "not deployed"
    if server.paused[model]:
        return "paused"
    return f"{server.late[model]} late" if model in server.late else "ok"
