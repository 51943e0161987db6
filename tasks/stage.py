"""What the tasks share: their stage brought up to date in Prefect's log, keys of artifacts, what is tried again."""

from pathlib import Path
from typing import Any

from prefect.logging import get_run_logger

from project.errors import Locked, RemoteUnreachable
from registry import run_log, stage
from registry.stage import Outcome
from tasks import live

__all__ = ["Outcome", "artifact_key", "bring_up_to_date", "may_recover"]


def bring_up_to_date(name: str, *, force: bool = False) -> Outcome:
    """Run the stage of that name when it is not current, in the present folder. Raises the step's own DailiesError."""
    key = artifact_key("progress", name.replace("@", "-"))
    with run_log.stage(name) as told, live.progress(key, name) as heard:
        made = stage.bring_up_to_date(Path.cwd(), name, get_run_logger(), force=force, heard=heard)
        told |= {"ran": made.ran, "seconds": round(made.seconds, 1)}
    return made


def artifact_key(what: str, name: str) -> str:
    """The key of a Prefect artifact, which takes no underscore."""
    return f"{what}-{name.replace('_', '-')}"


def may_recover(task: Any, run: Any, state: Any) -> bool:
    """Retry what can be over in a minute: a remote that is away, a lock. Never bad parameters, never a gate."""
    error = state.result(raise_on_failure=False)
    return isinstance(error, (RemoteUnreachable, Locked, ConnectionError))
