"""`dailies status`: every model on one screen."""

import datetime
from typing import Any

from lineage import current
from project import layout, params
from registry import tags
from studio.answer import Answer, table


def status() -> Answer:
    """Live version, score, age and what has changed since, for each model of params.yaml."""
    root = layout.find()
    read = params.read(root / "params.yaml")
    looks = current.look_at_all(root, {name: model.source for name, model in read.models.items()})
    versions = tags.versions(root)
    rows, data = [], {}
    for name, model in read.models.items():
        own = [version for version in versions if version.name == name]
        live = next((version for version in own if "prod" in version.stages), None)
        metric = next(iter(model.gate), "accuracy")
        entry = _entry(live, own, looks[name], metric)
        data[name] = entry
        score = "-" if entry["score"] is None else f"{metric} {entry['score']:.4f}"
        rows.append([name, entry["live"] or "-", score, entry["age"] or "-", entry["newest"] or "-", entry["state"]])
    text = (
        table(["MODEL", "LIVE", "SCORE", "AGE", "NEWEST", "STATE"], rows) if rows else "params.yaml names no models yet"
    )
    return Answer({"project": str(root), "models": data}, text)


def _entry(live: tags.Version | None, own: list[tags.Version], look: current.Current, metric: str) -> dict[str, Any]:
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


def state_of(look: current.Current, own: list[tags.Version]) -> str:
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
    seconds = (datetime.datetime.now(datetime.UTC) - datetime.datetime.fromisoformat(made)).total_seconds()
    for unit, size in (("d", 86400), ("h", 3600), ("min", 60)):
        if seconds >= size:
            return f"{int(seconds // size)} {unit}"
    return f"{max(int(seconds), 0)} s"
