"""A flow in a process of its own, started by a command that waits for it: when it begins, when it ends, what it leaves."""

import contextlib
import os
import signal
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import UUID

from prefect import Flow
from prefect.engine import handle_engine_signals
from prefect.events import emit_event
from prefect.flow_engine import load_flow_run, run_flow

from project import layout
from project.errors import DailiesError, full


def may_begin() -> bool:
    """Wait for the line by which the command lets the flow begin; an end of input says that there is nothing to do.

    When the input ends later, the command has been killed, and the flow ends as well.
    """
    if not sys.stdin.readline():
        return False
    threading.Thread(target=_end_with_the_input, daemon=True).start()
    return True


def _end_with_the_input() -> None:
    os.read(sys.stdin.fileno(), 1)  # not sys.stdin.read: a thread inside it keeps the interpreter from ending
    os.kill(os.getpid(), signal.SIGTERM)


def run(flow: Flow[..., Any], parameters: dict[str, Any], taken_up: UUID | None) -> Any:
    """Run the flow, as the flow run `taken_up` that the server has scheduled where there is one.

    Leaves the process, as Prefect's own engine would, when the server does not let that one run or ends it.
    """
    if not taken_up:
        return flow(**parameters)
    with handle_engine_signals(taken_up):
        try:
            return run_flow(flow, flow_run=load_flow_run(taken_up), parameters=parameters)
        except (DailiesError, OSError) as error:
            failed = error
    raise failed


def explained(result: Path, failed: Callable[[dict[str, Any]], None], do: Callable[[], dict[str, Any]]) -> None:
    """Write what `do` gives to `result`; an error that explains itself goes there as well, and to `failed`, and is the
    exit code."""
    try:
        said = do()
    except (DailiesError, OSError) as error:
        known = error if isinstance(error, DailiesError) else full(error)
        if known is None:
            raise
        said = {"error": str(known), "exit_code": known.exit_code, "kind": type(known).__name__}
        failed(said)
        with contextlib.suppress(OSError):  # a full disk takes no result either; the exit code says it as well
            layout.write_json(result, said)
        sys.exit(known.exit_code)
    layout.write_json(result, said)


def tell(outcome: str, model: str, said: dict[str, Any]) -> None:
    """One event for what came of a run; automations wait for it."""
    resource = {"prefect.resource.id": f"dailies.model.{model}", "prefect.resource.name": model}
    emit_event(f"dailies.{outcome}", resource, payload=said)
