"""Late and crashed runs of a real server are told once each."""

import contextlib
import datetime
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from flows import missed
from flows.questions import Server
from registry import run_log

pytestmark = pytest.mark.slow


def flow_run(server: Server, model: str, name: str, state: dict[str, Any]) -> str:
    """A run of the flow in a state; its id."""
    flow = server.ask("POST", "/flows/", {"name": "retrain"})["id"]
    content = {"name": name, "flow_id": flow, "parameters": {"model": model}, "state": state}
    run = str(server.ask("POST", "/flow_runs/", content)["id"])
    if state["type"] != "SCHEDULED":
        server.ask("POST", f"/flow_runs/{run}/set_state", {"state": state, "force": True})
    return run


def scheduled(minutes_ago: int) -> dict[str, Any]:
    due = datetime.datetime.now(datetime.UTC) - datetime.timedelta(minutes=minutes_ago)
    return {"type": "SCHEDULED", "state_details": {"scheduled_time": due.isoformat()}}


@pytest.fixture
def asked(server: str) -> Iterator[Server]:
    with contextlib.closing(Server(server)) as asked:
        yield asked


def test_late_and_crashed_runs_are_told_once(asked: Server, tmp_path: Path) -> None:
    late = flow_run(asked, "late_one", "patient-otter", scheduled(30))
    flow_run(asked, "future", "early-bird", scheduled(-30))
    crashed = {"type": "CRASHED", "message": "no heartbeat"}
    flow_run(asked, "dead", "dead-20261121-030000-aaaa", crashed)
    flow_run(asked, "stopped", "stopped-20261121-030000-bbbb", crashed)
    flow_run(asked, "busy", "second-one", scheduled(30))
    flow_run(asked, "busy", "first-one", {"type": "RUNNING"})
    stopped = tmp_path / ".dailies/logs/stopped-20261121-030000-bbbb"
    run_log.begin(stopped, run=stopped.name, model="stopped")
    run_log.end(stopped, "cancelled")

    notices = {notice.model: notice for notice in missed.look(asked, tmp_path)}
    assert notices.keys() & {"late_one", "future", "dead", "stopped", "busy"} == {"late_one", "dead"}
    assert notices["late_one"].title == "late_one: a scheduled run has not started"
    assert (
        notices["dead"].title == "dead: run dead-20261121-030000-aaaa died" and notices["dead"].text == "no heartbeat"
    )
    assert all(notice.what == "missed" for notice in notices.values())
    assert missed.look(asked, tmp_path) == []

    asked.set_state(late, "CRASHED", "Crashed", "it started after all, and died")
    [again] = [notice for notice in missed.look(asked, tmp_path) if notice.model == "late_one"]
    assert again.title == "late_one: run patient-otter died"


def test_of_many_the_rest_is_told_in_one(asked: Server, tmp_path: Path) -> None:
    missed.look(asked, tmp_path)
    for number in range(8):
        flow_run(asked, f"many{number}", f"many-{number}", scheduled(30 + number))
    notices = missed.look(asked, tmp_path)
    assert len(notices) == missed.AT_ONCE
    assert notices[-1].title == "4 more runs are late or died"
    assert notices[-1].text == "many0, many1, many2, many3"


@pytest.mark.parametrize(
    ("going", "minutes", "waits"),
    [
        ([], 30, False),
        ([("faces", "dailies")], 300, True),
        ([("digits", "dailies")], 30, True),
        ([("digits", "dailies")], 90, False),
        ([("digits", "another")], 30, False),
        ([("digits", None)], 30, False),
    ],
)
def test_a_run_that_waits_its_turn_is_not_missed_yet(
    going: list[tuple[str, str | None]], minutes: int, waits: bool
) -> None:
    now = datetime.datetime.now(datetime.UTC)
    due = (now - datetime.timedelta(minutes=minutes)).isoformat()
    late = {"parameters": {"model": "faces"}, "work_pool_name": "dailies", "expected_start_time": due}
    running = [{"parameters": {"model": model}, "work_pool_name": pool} for model, pool in going]
    assert missed._has_to_wait(late, running, now) == waits
