"""A flow run that a server has scheduled, taken up by the process that a work pool's worker started for it in a workspace."""

import os
from typing import Any
from uuid import UUID

from prefect import Flow
from prefect.engine import handle_engine_signals
from prefect.flow_engine import load_flow_run, run_flow

from flows import quiet


def up(flow: Flow[..., Any]) -> None:
    """Run the flow run that PREFECT__FLOW_RUN_ID names. Leaves the process as Prefect's own engine would."""
    quiet.console()
    flow_run_id = UUID(os.environ["PREFECT__FLOW_RUN_ID"])
    with handle_engine_signals(flow_run_id):
        run_flow(flow, flow_run=load_flow_run(flow_run_id))
