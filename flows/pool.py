"""The work pool `dailies`, whose workers start processes: where, with which command. In Prefect's own words for it."""

from typing import Any

from flows.api import Api

NAME = "dailies"
RETRAINING, REFRESHING = "default", "refresh"
"""Queues. A refresh waits for the runs that it asks for, so it must not take the place of one of them; nor does a form."""
TEMPLATE: dict[str, Any] = {
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


def here(module: str) -> dict[str, str]:
    """How a run begins, wherever its worker is: in the folder and with the interpreter of that worker."""
    return {"command": f"python -m {module}", "working_dir": "."}


def missing(api: Api) -> bool:
    return all(pool["name"] != NAME for pool in api.post("/work_pools/filter", {}))


def make(api: Api) -> None:
    api.post("/work_pools/", {"name": NAME, "type": "process", "base_job_template": TEMPLATE})
