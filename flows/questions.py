"""What a person asks a Prefect server about runs, and does not wait long for."""

from collections.abc import Iterator, Sequence
from typing import Any

from flows.api import Api

FLOW = "retrain"
ANSWER_S = 4.0
PAGE = 200
"""The most that the server gives at once."""

FlowRun = dict[str, Any]


class Server(Api):
    """The same server for somebody who waits: one that is away is away."""

    def __init__(self, url: str, *, answer_s: float = ANSWER_S) -> None:
        super().__init__(url, waits=(), answer_s=answer_s)

    def flow_runs(self, limit: int, *, sort: str = "START_TIME_DESC", **rules: Any) -> Iterator[FlowRun]:
        """Runs of our flow that satisfy `rules` (Prefect's FlowRunFilter), `limit` at the most."""
        offset = 0
        while offset < limit:
            asked = {"flows": {"name": {"any_": [FLOW]}}, "flow_runs": rules, "sort": sort}
            page = self.ask(
                "POST", "/flow_runs/filter", {**asked, "limit": min(PAGE, limit - offset), "offset": offset}
            )
            yield from page
            offset += PAGE
            if len(page) < PAGE:
                return

    def flow_runs_of(self, model: str, limit: int, **rules: Any) -> list[FlowRun]:
        """The newest runs of one model: those of its deployment, and those whose name begins with it."""
        asked = {"sort": "START_TIME_DESC", "limit": min(limit, PAGE), "flows": {"name": {"any_": [FLOW]}}}
        deployed = {**asked, "flow_runs": rules, "deployments": {"name": {"any_": [model]}}}
        by_name = {**asked, "flow_runs": {**rules, "name": {"like_": f"{model}-"}}}
        found = [run for each in (deployed, by_name) for run in self.ask("POST", "/flow_runs/filter", each)]
        return list({run["id"]: run for run in found}.values())

    def deployments(self, names: Sequence[str]) -> list[dict[str, Any]]:
        """Those of our flow that have one of these names."""
        asked = {"flows": {"name": {"any_": [FLOW]}}, "deployments": named(names), "limit": PAGE}
        return list(self.ask("POST", "/deployments/filter", asked))

    def records(self, flow_run_id: str, after: str = "", *, most: int = PAGE) -> list[dict[str, Any]]:
        """Log records of a run, oldest first, those later than `after`."""
        rules: dict[str, Any] = {"flow_run_id": {"any_": [flow_run_id]}}
        if after:
            rules["timestamp"] = {"after_": after}
        return list(self.ask("POST", "/logs/filter", {"logs": rules, "sort": "TIMESTAMP_ASC", "limit": most}))


def of_states(*types: str) -> dict[str, Any]:
    """The rule for runs in states of these types."""
    return {"state": {"type": {"any_": list(types)}}}


def named(names: Sequence[str]) -> dict[str, Any]:
    return {"name": {"any_": list(names)}}
