"""`dailies deploy`: what params.yaml says of schedules, brought to a Prefect server. First the difference, then the change."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from flows import automations, deployments, pool
from flows.api import Api
from project import params

NEW, CHANGED, GONE = "+", "~", "-"
Content = Mapping[str, Mapping[str, Any]]
"""Name → what there is, or is to be, under it."""


@dataclass(frozen=True, slots=True)
class Change:
    """`what` is one of NEW, CHANGED, GONE; `said` is what a person reads after the name."""

    what: str
    kind: str
    name: str
    said: str


def deploy(root: Path, api: Api, *, dry_run: bool = False) -> list[Change]:
    """Compare and, unless it is a dry run, apply; what was different. Raises UsageError when params.yaml is wrong."""
    read = params.read(root / "params.yaml")
    then, now = deployments.wanted(read), deployments.known(api)
    changes = [Change(NEW, "pool", pool.NAME, "of processes")] if pool.missing(api) else []
    if changes and not dry_run:
        pool.make(api)
    busy = {name for name in now if name not in then and _busy(api, now[name]["id"])}
    different = [*_deployments(now, then, busy)]
    if not dry_run:
        _apply_deployments(api, different, now, then, busy)
        now = deployments.known(api)
    rules = automations.wanted(read, {name: str(each["id"]) for name, each in now.items()})
    have = automations.known(api)
    more = [*_automations(have, rules)]
    if not dry_run:
        _apply_automations(api, more, have, rules)
    return [*changes, *different, *more]


def _busy(api: Api, deployment: str) -> bool:
    """Does a run of it go on? Its slot is of the deployment: without that, the server can end the run no more."""
    active = {"type": {"any_": ["PENDING", "RUNNING", "CANCELLING", "PAUSED"]}}
    asked = {"flow_runs": {"deployment_id": {"any_": [deployment]}, "state": active}}
    return bool(api.post("/flow_runs/count", asked))


def _deployments(now: Content, then: Content, busy: set[str]) -> Iterator[Change]:
    for name, each in then.items():
        said = deployments.told(each["schedules"])
        if name not in now:
            yield Change(NEW, "deployment", name, said)
        elif different := [key for key in deployments.COMPARED if now[name][key] != each[key]]:
            before = deployments.told(now[name]["schedules"])
            others = ", ".join(key for key in different if key != "schedules")
            yield Change(CHANGED, "deployment", name, f"{before} → {said}" if "schedules" in different else others)
    yield from (
        Change(GONE, "deployment", each.name, "no schedule any more; it goes with the first deploy after its run")
        if each.name in busy
        else each
        for each in _gone("deployment", now, then)
    )


def _automations(now: Content, then: Content) -> Iterator[Change]:
    for name, each in then.items():
        if name not in now:
            yield Change(NEW, "automation", name, automations.told(each))
        elif not automations.same(each, now[name]):
            yield Change(CHANGED, "automation", name, automations.told(each))
    yield from _gone("automation", now, then)


def _gone(kind: str, now: Content, then: Content) -> Iterator[Change]:
    for name in now:
        if name not in then:
            yield Change(GONE, kind, name, "params.yaml does not ask for it any more")


def _apply_deployments(api: Api, changes: Iterable[Change], now: Content, then: Content, busy: set[str]) -> None:
    flows = {name.partition("/")[0] for name in then}
    ids = {name: api.post("/flows/", {"name": name})["id"] for name in flows}
    for change in changes:
        if change.what == GONE:
            place = f"/deployments/{now[change.name]['id']}"
            api.ask("PATCH", place, {"schedules": []}) if change.name in busy else api.ask("DELETE", place)
            continue
        paused = bool(now.get(change.name, {}).get("paused"))
        flow = change.name.partition("/")[0]
        api.post("/deployments/", deployments.content(change.name, then[change.name], ids[flow], paused))


def _apply_automations(api: Api, changes: Iterable[Change], now: Content, then: Content) -> None:
    for change in changes:
        if change.what == GONE:
            api.ask("DELETE", f"/automations/{now[change.name]['id']}")
        elif change.what == NEW:
            api.post("/automations/", then[change.name])
        else:
            api.ask("PUT", f"/automations/{now[change.name]['id']}", then[change.name])
