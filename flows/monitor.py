"""The canary of a model as a flow, to be scheduled before its retraining: what is new is then known to neither version.

The run ends as Completed whatever came of it, named after that; "Rolled back" is told to people besides.
"""

from typing import Any

from prefect import flow, task
from prefect.artifacts import create_markdown_artifact
from prefect.cache_policies import NO_CACHE
from prefect.client.schemas.objects import State
from prefect.logging import get_run_logger
from prefect.states import Completed

from flows import child
from lineage import monitoring
from lineage.monitoring import Watched
from project import layout, params
from project.errors import UsageError
from tasks import notify
from tasks.stage import artifact_key, may_recover


@flow(name="monitor", flow_run_name="monitor-{model}", validate_parameters=False)
def monitor(model: str) -> State[dict[str, Any]]:
    """Watch one model of the workspace in the present folder."""
    watched = watch(model)
    said = watched.text
    create_markdown_artifact(key=artifact_key("canary", model), markdown=said.replace("\n", "\n\n"))
    get_run_logger().info(said)
    return Completed(data=watched.as_dict(), name=watched.outcome.capitalize(), message=said.splitlines()[0])


@task(
    name="watch", cache_policy=NO_CACHE, retries=3, retry_delay_seconds=[10, 60, 300], retry_condition_fn=may_recover,
    timeout_seconds=12 * 3600,
)  # fmt: skip
def watch(model: str) -> Watched:
    """Compare, and roll back by rule."""
    root = layout.find()
    entry = params.read(root / "params.yaml").model(model)
    if entry.monitor is None:
        raise UsageError(f"models.{model} of params.yaml has no rule to monitor by; write for example monitor: {{}}")
    return monitoring.watch(root, model, entry.source, entry.monitor, get_run_logger(), notify.tell)


if __name__ == "__main__":
    child.take_up(monitor)
