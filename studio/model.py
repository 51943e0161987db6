"""`dailies model`: what is registered."""

from typing import Any

from project import layout
from registry import tags
from studio.answer import Answer, table


def ls() -> Answer:
    """All versions, newest last."""
    root = layout.find()
    found = tags.versions(root)
    rows = [
        [version.tag, ", ".join(version.stages) or "-", _verdict(version), version.made[:16].replace("T", " ")]
        for version in found
    ]
    text = (
        table(["VERSION", "STAGES", "GATE", "MADE"], rows) if rows else "no versions yet; make one: dailies run MODEL"
    )
    return Answer({"versions": [summary(version) for version in found]}, text)


def show(reference: str) -> Answer:
    """One version, whole."""
    root = layout.find()
    version = tags.find(root, reference)
    return Answer({**summary(version), **version.message}, _card(version))


def summary(version: tags.Version) -> dict[str, Any]:
    return {
        "model": version.name,
        "version": version.version,
        "tag": version.tag,
        "stages": list(version.stages),
        "commit": version.commit,
        "made": version.made,
        "metrics": version.message.get("metrics", {}),
    }


def _verdict(version: tags.Version) -> str:
    rules = version.message.get("verdict", {}).get("rules", [])
    refused = [rule["rule"] for rule in rules if not rule["passed"]]
    return f"refused: {', '.join(refused)}" if refused else "passed" if rules else "no gate"


def _card(version: tags.Version) -> str:
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
    return "\n".join(
        [version.tag, *(f"  {name.ljust(width)}  {value}" for name, value in facts), "gate", *(gate or ["  none"])]
    )
