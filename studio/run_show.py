"""`dailies runs ls` and `show`."""

from collections.abc import Mapping, Sequence
from typing import Any

from project import layout, params
from project.errors import DailiesError, UsageError
from studio import run_list
from studio.answer import Answer, table
from studio.run_list import STATES, Seen, seconds


def ls(model: str, states: Sequence[str], limit: int) -> Answer:
    """Newest first. Raises UsageError for a state that there is not."""
    root = layout.find()
    for state in states:
        if state not in STATES:
            raise UsageError(f"{state!r} is not a state of a run; {params.listing(state, STATES)}")
    if limit < 1:
        raise UsageError(f"--limit is {limit}; it must be at least 1")
    away = ""
    asked = run_list.server(root)
    try:
        found = run_list.runs(root, asked, model=model, states=states, limit=limit)
    except DailiesError as error:
        away = f"{error}; here is what this workspace keeps"
        found = run_list.runs(root, None, model=model, states=states, limit=limit)
    rows = [[each.id, each.state, when(each.started), took(each), each.said or "-"] for each in found]
    which = " ".join(filter(None, [model and f"of {model}", f"that are {' or '.join(states)}" if states else ""]))
    none = f"no runs {which or 'yet'}; start one: dailies run {model or 'MODEL'}"
    text = table(["RUN", "STATE", "STARTED", "TOOK", "SAID"], rows, folded=True) if rows else none
    data = {"runs": [each.as_dict() for each in found], "server": asked.url if asked and not away else None}
    return Answer(data, "\n".join(filter(None, [text, away])))


def show(reference: str) -> Answer:
    """One run, whole. Raises UsageError where there is none of that id."""
    root = layout.find()
    asked = run_list.server(root)
    seen = run_list.find(root, reference, asked)
    link = page(asked.url, seen) if asked and seen.flow_run_id and seen.flow_run else ""
    facts = [
        ("model", seen.model),
        ("state", f"{seen.state}: {seen.said}" if seen.said else seen.state),
        ("started", f"{when(seen.started)}, {_asked_by(seen)}"),
        ("took", took(seen)),
        ("settings", ", ".join(f"{key}={value}" for key, value in (seen.known.get("overrides") or {}).items())),
        ("version", f"{seen.model}@{seen.known['version']}" if seen.known.get("version") else ""),
        ("commit", str(seen.flow_run.get("flow_version") or "") if not seen.known else ""),
        ("page", link),
        ("logs", str(layout.logs(root, seen.id)) if seen.known else ""),
    ]
    lines = [seen.id, *(f"  {name:<8}  {value}" for name, value in facts if value and value != "-")]
    lines += _section("stages", _stages(seen.known)) + _section("gate", _gate(seen.known))
    lines += _section("told", _told(seen.known))
    record = {key: seen.known.get(key) for key in ("stages", "rules", "notices", "process")}
    return Answer({**seen.as_dict(), **record, "page": link or None}, "\n".join(lines))


def _asked_by(seen: Seen) -> str:
    trigger = seen.known.get("trigger") or seen.flow_run.get("parameters", {}).get("trigger") or "schedule"
    who = seen.known.get("who")
    return f"asked for by {trigger}" + (f", as {who}" if who else "")


def _section(name: str, lines: Sequence[str]) -> list[str]:
    return [name, *(f"  {line}" for line in lines)] if lines else []


def _stages(known: Mapping[str, Any]) -> list[str]:
    rows = []
    for name, told in known.get("stages", {}).items():
        came = "failed" if told.get("failed") else "ran" if told.get("ran") else "current"
        if "seconds" not in told and not told.get("failed"):
            came = "running" if known.get("state") == "running" else "ended early"
        rows.append([name, came, when(told["started"])[-8:], f"{told['seconds']:.1f} s" if told.get("ran") else "-"])
    return table(["STAGE", "WHAT", "AT", "TOOK"], rows).splitlines()[1:] if rows else []


def _gate(known: Mapping[str, Any]) -> list[str]:
    rules = known.get("rules") or ()
    return [f"{'passed ' if rule['passed'] else 'REFUSED'}  {rule['rule']}: {rule['reason']}" for rule in rules]


def _told(known: Mapping[str, Any]) -> list[str]:
    return [
        f"{each['what']}: {', '.join(name if got else f'not {name}' for name, got in each['told'].items())}"
        for each in known.get("notices") or ()
    ]


def page(api: str, seen: Seen) -> str:
    """Where Prefect shows the run to people."""
    return f"{api.rstrip('/').removesuffix('/api')}/runs/flow-run/{seen.flow_run_id}"


def when(moment: str) -> str:
    return moment[:19].replace("T", " ") if moment else "-"


def took(seen: Seen) -> str:
    count = seconds(seen)
    if count is None:
        return "-"
    minutes, rest = divmod(round(count), 60)
    return (
        f"{minutes // 60} h {minutes % 60} min"
        if minutes >= 60
        else f"{minutes} min {rest} s"
        if minutes
        else f"{rest} s"
    )
