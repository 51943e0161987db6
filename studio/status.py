"""`dailies status`: every model on one screen."""

import contextlib
import datetime
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from lineage import current
from project import layout, params
from registry import tags
from studio import run_list
from studio.answer import Answer, table
from studio.assets import findings
from studio.schedules import Known, health, known, next_run

HEADS = ["MODEL", "LIVE", "SCORE", "AGE", "LAST RUN", "NEXT", "SCHEDULE", "DRIFT", "STATE"]


def status() -> Answer:
    """Live version, score, age, last and next run, drift and what has changed since, for each model of params.yaml."""
    root = layout.find()
    read = params.read(root / "params.yaml")
    scheduled = [name for name, model in read.models.items() if model.schedule]
    with _asked(root, scheduled) as server:
        versions = tags.versions(root)
        looks = current.glance_at_all(root, {name: model.source for name, model in read.models.items()}, versions)
        last = run_list.newest(run_list.ids(root))
        moved = {source: drift(root, source) for source in {model.source for model in read.models.values()}}
    own: dict[str, list[tags.Version]] = {}
    for version in versions:
        own.setdefault(version.name, []).append(version)
    data = {}
    for name, model in read.models.items():
        metric = next(iter(model.gate), "accuracy")
        entry = _entry(own.get(name, []), looks[name], metric)
        seen = run_list.on_disk(root, last[name], True) if name in last else None
        entry |= {"drift": moved[model.source], "last_run": seen.as_dict() if seen else None}
        entry |= {"next_run": next_run(name, model.schedule, server), "schedule": health(name, model.schedule, server)}
        data[name] = entry
    rows = [_row(name, entry) for name, entry in data.items()]
    text = table(HEADS, rows, folded=True) if rows else "params.yaml names no models yet"
    lines = [text, *([server.away] if server.away else [])]
    return Answer({"project": str(root), "models": data, "server": server.url or None}, "\n".join(lines))


@contextlib.contextmanager
def _asked(root: Path, scheduled: Sequence[str]) -> Iterator[Known]:
    """Ask the server while the block does what needs no server; its answer is there after the block."""
    answer = Known()
    thread = threading.Thread(target=lambda: answer.take(known(root, scheduled)), daemon=True)
    thread.start()
    try:
        yield answer
    finally:
        thread.join()


def _entry(own: Sequence[tags.Version], look: current.Current, metric: str) -> dict[str, Any]:
    live = next((version for version in own if "prod" in version.stages), None)
    return {
        "live": live.version if live else None,
        "score": live.message.get("metrics", {}).get(metric) if live else None,
        "metric": metric,
        "age": age(live.made) if live else None,
        "newest": own[-1].version if own else None,
        "current": not look.reasons,
        "reasons": list(look.reasons),
        "state": state_of(look, own),
    }


def _row(name: str, entry: dict[str, Any]) -> list[str]:
    score = "-" if entry["score"] is None else f"{entry['metric']} {entry['score']:.4f}"
    seen = entry["last_run"]
    ran = f"{seen['state']} {age(seen['ended'] or seen['started'])}" if seen else "-"
    coming = until(entry["next_run"]) if entry["next_run"] else "-"
    return [
        name, entry["live"] or "-", score, entry["age"] or "-", ran, coming, entry["schedule"], entry["drift"] or "-",
        entry["state"],
    ]  # fmt: skip


def drift(root: Path, source: str) -> str:
    """How far the last ingest has moved from the one before: the worst finding, as `noted 0.31`; empty where nothing was
    compared."""
    found = [each for each in findings(root, source) if each["check"].startswith("drift_")]
    if not found:
        return ""
    worst = max(found, key=lambda each: (["ok", "noted", "exceeded"].index(each["verdict"]), each["value"]))
    return "ok" if worst["verdict"] == "ok" else f"{worst['verdict']} {worst['value']:.2f}"


def state_of(look: current.Current, own: Sequence[tags.Version]) -> str:
    """One phrase: current, refused, or the first thing that has changed."""
    if not own:
        return "never run"
    if look.reasons:
        more = f" (+{len(look.reasons) - 1})" if len(look.reasons) > 1 else ""
        return f"out of date: {look.reasons[0]}{more}"
    if look.version and "prod" not in look.version.stages:
        return f"current, {look.version.version} not promoted"
    return "current"


def age(made: str) -> str:
    """Time since an ISO 8601 moment, in its largest whole unit."""
    return _span((datetime.datetime.now(datetime.UTC) - datetime.datetime.fromisoformat(made)).total_seconds())


def until(moment: str) -> str:
    """Time to an ISO 8601 moment, in its largest whole unit."""
    left = (datetime.datetime.fromisoformat(moment) - datetime.datetime.now(datetime.UTC)).total_seconds()
    return f"in {_span(left)}" if left > 0 else "due"


def _span(seconds: float) -> str:
    for unit, size in (("d", 86400), ("h", 3600), ("min", 60)):
        if seconds >= size:
            return f"{int(seconds // size)} {unit}"
    return f"{max(int(seconds), 0)} s"
