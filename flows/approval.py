"""A form in Prefect's page by which a person lets a version go live: one flow run a version, suspended until it is filled in.

A suspended run is a row in the server's database: no process, no worktree, and a server or a worker that is restarted
loses nothing. What counts stands in git (`registry.approval`), so `dailies approve` and the form come to one answer, and
whichever is second is told of the first.
"""

import datetime
from typing import Any, Literal

from prefect import flow, get_client
from prefect.client.schemas.filters import FlowRunFilter, FlowRunFilterState, FlowRunFilterStateType, FlowRunFilterTags
from prefect.client.schemas.objects import State, StateType
from prefect.client.schemas.sorting import FlowRunSort
from prefect.deployments import run_deployment
from prefect.exceptions import ObjectNotFound
from prefect.flow_runs import suspend_flow_run
from prefect.input import RunInput
from prefect.logging import get_run_logger
from prefect.settings import PREFECT_API_URL, temporary_settings
from prefect.states import Completed
from pydantic import Field

from flows import child
from flows.deployments import PERSON
from lineage import rights
from project import layout
from registry import approval as approvals
from registry import origin, tags
from registry.approval import Answered, Asked
from registry.tags import Version

KEY = "answer"
"""Of the form in its flow run; Prefect takes letters, digits and dashes."""
MOST_FORMS = 200
"""So many are looked at when one is closed; there is one a version, more only by hand."""


class Form(RunInput):
    """What a person fills in."""

    answer: Literal["approve", "refuse"]
    why: str = Field(min_length=1, description="kept with the version")
    name: str = Field(min_length=1, description="yours; Prefect does not know who fills this in")


@flow(name="approval", flow_run_name="{version}", validate_parameters=False)
def approval(version: str) -> State[dict[str, Any]]:
    """Ask about `version` (digits@v0.2.0) of the workspace in the present folder, and do what the answer says."""
    root = layout.find()
    with origin.held(root):
        origin.sync(root)
    found = tags.find(root, version)
    asked = approvals.look(root, found)
    if asked.state != "waiting":
        return _told(asked)
    form = suspend_flow_run(
        wait_for_input=Form.with_initial_data(description=describe(found)), timeout=_left_s(asked), key=KEY
    )
    answered = approvals.answer(
        root, version, rights.of_version,
        grant=form.answer == "approve", why=form.why, who=form.name, through="form in Prefect",
    )  # fmt: skip
    return _done(answered)


def _told(asked: Asked) -> State[dict[str, Any]]:
    """Nothing to ask any more, or it is too late."""
    by_hand = f"dailies model promote {asked.version.name} {asked.version.version} --why TEXT"
    late = "" if asked.state in ("granted", "live before") else f"; to make it live nevertheless: {by_hand}"
    message = f"{asked.version.tag}: {asked.phrase}{late}"
    get_run_logger().info(message)
    return Completed(data={"state": asked.state}, name=asked.state.capitalize(), message=message)


def _done(answered: Answered) -> State[dict[str, Any]]:
    live = "is live in prod" if answered.moved else f"was {answered.state}"
    message = f"{answered.version.tag} {live}: {answered.record['why']} ({answered.record['who']})"
    get_run_logger().info(message)
    return Completed(data=answered.record, name=answered.state.capitalize(), message=message)


def _left_s(asked: Asked) -> int:
    left = datetime.datetime.fromisoformat(asked.until) - datetime.datetime.now(datetime.UTC)
    return max(1, int(left.total_seconds()))


def describe(version: Version) -> str:
    """What stands above the form, in Markdown."""
    message = version.message
    metrics = "\n".join(f"| {name} | {value:.4f} |" for name, value in message.get("metrics", {}).items())
    rules = "\n".join(f"* {rule['rule']}: {rule['reason']}" for rule in message.get("verdict", {}).get("rules", []))
    live = message.get("champion") or "none"
    return (
        f"**{version.tag}** passed its gate and waits for a person. Live now: {live}.\n\n{rules}\n\n"
        f"| metric | on its test split |\n| --- | --- |\n{metrics}\n\n"
        f"Run {message.get('run', '-')}. More: `dailies model show {version.tag} --card`"
    )


def ask(version: str) -> None:
    """Draw the form, once for a version, where the server has the deployment; never in the way of the run that asks."""
    logger = get_run_logger()
    by_command = f"dailies approve {version} --why TEXT"
    try:
        run_deployment(
            PERSON, parameters={"version": version}, tags=[version], timeout=0, as_subflow=False,
            idempotency_key=f"approval {version}",
        )  # fmt: skip
    except ObjectNotFound:
        logger.info("%s waits for a person: %s", version, by_command)
    except Exception as error:  # the version is registered; a form that cannot be drawn is no reason to fail
        logger.warning("%s waits for a person, but no form could be drawn (%s): %s", version, error, by_command)
    else:
        logger.info("%s waits for a person: the form of the flow run with its name, or %s", version, by_command)


def close(version: str, said: str, url: str) -> int:
    """End what still asks, on the server at `url`, about a version that was answered elsewhere; how many forms."""
    waiting = FlowRunFilter(
        tags=FlowRunFilterTags(all_=[version]),
        state=FlowRunFilterState(type=FlowRunFilterStateType(any_=[StateType.PAUSED, StateType.SCHEDULED])),
    )
    with temporary_settings({PREFECT_API_URL: url}), get_client(sync_client=True) as client:
        asking = client.read_flow_runs(flow_run_filter=waiting, sort=FlowRunSort.ID_DESC, limit=MOST_FORMS)
        found = [run for run in asking if run.parameters == {"version": version}]
        for run in found:
            client.set_flow_run_state(run.id, Completed(name="Answered", message=said), force=True)
    return len(found)


if __name__ == "__main__":
    child.take_up(approval)
