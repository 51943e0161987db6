"""The deployments as a prefect.yaml, for people who use Prefect's own command: `prefect deploy --all`."""

from collections.abc import Mapping
from typing import Any

import yaml

from flows import deployments
from project import params

HEAD = """\
# Written from params.yaml by: dailies deploy --file {name}
# `prefect deploy --all` makes these deployments; the automations that belong to them come with `dailies deploy` only.
"""


def text(read: params.Params, name: str) -> str:
    """What `dailies deploy` would bring to a server, in Prefect's words for it."""
    made = [_deployment(place, each) for place, each in deployments.wanted(read).items()]
    content = {"name": "dailies", "pull": [], "deployments": made}
    return HEAD.format(name=name) + yaml.safe_dump(content, sort_keys=False, width=120)


def _deployment(place: str, each: Mapping[str, Any]) -> dict[str, Any]:
    """`pull: []` above: a run begins in the folder of its worker, and Prefect is to fetch nothing."""
    return {
        "name": place.partition("/")[2],
        "entrypoint": each["entrypoint"],
        "parameters": each["parameters"],
        "enforce_parameter_schema": False,  # it would be that of the flow inside a run, which asks for more
        "schedules": each["schedules"],
        "tags": [deployments.TAG],
        **({"concurrency_limit": {"limit": each["limit"], **deployments.UNIQUE}} if each["limit"] else {}),
        "work_pool": {
            "name": each["work_pool_name"],
            "work_queue_name": each["work_queue_name"],
            "job_variables": each["job_variables"],
        },
    }
