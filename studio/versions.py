"""`dailies model ls` and `show`: what is registered."""

import json
from pathlib import Path
from typing import Any

from project import layout
from project.errors import UsageError
from registry import approval, canary, git, promotion, records, tags
from registry.events import Event
from registry.tags import Version
from studio.answer import Answer, table


def ls(name: str, stage: str, everything: bool) -> Answer:
    """All versions, or those of one model or in one stage, newest last; with `everything` also what was taken back."""
    root = layout.find()
    lines = tags.lines(root, name or None)
    if name and name not in lines:
        tags.find(root, name)
    standing = [version for version in tags.versions(root, name or None) if not stage or stage in version.stages]
    gone = _gone(lines) if everything and not stage else {}
    found = sorted(
        [*standing, *(lines[event.name].versions[event.version] for event in gone.values())], key=tags.precedence
    )
    rows = [_row(version, lines[version.name], gone.get(version.tag)) for version in found]
    heads = ["VERSION", "STAGES", "GATE", "SCORE", "MADE"]
    which = " ".join(filter(None, [name, stage and f"in {stage}"]))
    text = table(heads, rows) if rows else f"no versions {which or 'yet'}; make one: dailies run {name or 'MODEL'}"
    data = [
        summary(version) | ({"taken_back": tags.said(gone[version.tag])} if version.tag in gone else {})
        for version in found
    ]
    return Answer({"versions": data}, text)


def _gone(lines: dict[str, tags.Line]) -> dict[str, Event]:
    """Tag → who took that version back."""
    events = [event for line in lines.values() for event in line.gone.values() if event.version in line.versions]
    return {f"{event.name}@{event.version}": event for event in events}


def _row(version: Version, line: tags.Line, gone: Event | None) -> list[str]:
    stages = "taken back" if gone else ", ".join(version.stages) or "-"
    overruled = any(_assignment(line, version, stage).message.get("overridden") for stage in version.stages)
    verdict = _verdict(version) + (", overruled" if overruled else "")
    return [version.tag, stages, verdict, score(version), version.made[:16].replace("T", " ")]


def _assignment(line: tags.Line, version: Version, stage: str) -> Event:
    return line.stages[stage][version.commit]


def score(version: Version) -> str:
    """The metric that the gate asks for first, else accuracy, else the first one."""
    metrics = version.message.get("metrics", {})
    asked = [rule["rule"].split()[0] for rule in version.message.get("verdict", {}).get("rules", [])]
    name = next((name for name in [*asked, "accuracy", *metrics] if name in metrics), None)
    return f"{name} {metrics[name]:.4f}" if name else "-"


def show(reference: str) -> Answer:
    """One version, whole, and what was done with it since."""
    root = layout.find()
    version = tags.find(root, reference)
    past = [event for event in promotion.history(root, version.name) if event.commit == version.commit]
    told = [{"tag": event.tag, "made": event.made, "by": event.who, **event.message} for event in past]
    kept = [each.message | {"tag": each.name} for each in records.of(root, version.name, version.version)]
    data = {**summary(version), **version.message, "history": told, "records": kept}
    return Answer(data, "\n".join([_shown(version, past), *_decided(root, version)]))


def _decided(root: Path, version: Version) -> list[str]:
    """What became of the request to a person, and the looks of the canary, where there were any."""
    asked = approval.look(root, version) if approval.until(version) else None
    lines = [f"asked\n  {asked.phrase}"] if asked else []
    looks = canary.looks_of(root, version)
    lines += ["canary"] if looks else []
    return lines + [f"  look {look.number} against {before}: {look.word}" for before, look in looks]


def card(reference: str) -> Answer:
    """The card that was written with a version, under what its tags say of it. Raises UsageError for a version without."""
    root = layout.find()
    version = tags.find(root, reference)
    place = f"data/reports/{version.name}/card"
    written, text = (git.show(root, version.commit, f"{place}.{form}") for form in ("json", "md"))
    if written is None or text is None:
        raise UsageError(f"{version.tag} has no card: its commit holds no {place}.json; the next version will have one")
    past = [event for event in promotion.history(root, version.name) if event.commit == version.commit]
    message = version.message
    head = [
        f"{version.tag} is {'live in ' + ', '.join(version.stages) if version.stages else 'registered, not live'}",
        f"commit {version.commit}, run {message.get('run', '-')} by {message.get('who', '-')}, {message.get('finished', '-')}",
        f"Python {message.get('python', '-')}, {message.get('machine', '-')}",
        *since(past),
    ]
    data = {
        **summary(version),
        "run": message.get("run"),
        "verdict": message.get("verdict"),
        "card": json.loads(written),
    }
    return Answer(data, "\n".join([*(f"> {line}  " for line in head), "", text]))


def summary(version: Version) -> dict[str, Any]:
    return {
        "model": version.name,
        "version": version.version,
        "tag": version.tag,
        "stages": list(version.stages),
        "commit": version.commit,
        "made": version.made,
        "metrics": version.message.get("metrics", {}),
    }


def _verdict(version: Version) -> str:
    rules = version.message.get("verdict", {}).get("rules", [])
    refused = [rule["rule"] for rule in rules if not rule["passed"]]
    return f"refused: {', '.join(refused)}" if refused else "passed" if rules else "no gate"


def _shown(version: Version, past: list[Event]) -> str:
    message = version.message
    facts = [
        ("stages", ", ".join(version.stages) or "none"),
        ("recipe", message.get("recipe", "-")),
        ("source", message.get("source", "-")),
        ("commit", version.commit[:12]),
        ("run", f"{message.get('run', '-')} by {message.get('who', '-')}, asked for by {message.get('trigger', '-')}"),
        ("finished", message.get("finished", "-")),
        ("weights", message.get("weights", "-")),
        ("shards", message.get("shards", "-")),
        ("assets", message.get("assets", "-")),
        ("champion", message.get("champion") or "none, the first to pass"),
    ]
    facts += [(name, f"{value:.4f}") for name, value in message.get("metrics", {}).items()]
    gate = [
        f"  {'passed ' if rule['passed'] else 'REFUSED'}  {rule['rule']}: {rule['reason']}"
        for rule in message.get("verdict", {}).get("rules", [])
    ]
    width = max(len(name) for name, _ in facts)
    lines = [version.tag, *(f"  {name.ljust(width)}  {value}" for name, value in facts), "gate", *(gate or ["  none"])]
    return "\n".join([*lines, "since", *([f"  {line}" for line in since(past)] or ["  nothing"])])


def since(past: list[Event]) -> list[str]:
    """What was done with a version after it was registered, one line a tag."""
    does = {"assign": "into", "unassign": "out of", "deregister": "taken back", "deprecate": "no longer in use"}
    return [
        f"{f'{does[event.kind]} {event.stage}'.strip()}{' OVER THE GATE' if event.message.get('overridden') else ''}, "
        f"{event.tag}: {tags.said(event)}"
        for event in past
    ]
