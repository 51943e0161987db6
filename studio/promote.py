"""`dailies model promote, rollback, retire`: which version is live."""

from pathlib import Path
from typing import Any

from lineage import rights
from project import layout
from registry import origin, promotion
from registry.tags import Version
from studio.answer import Answer


def promote(name: str, version: str, stage: str, *, override: bool, why: str) -> Answer:
    """Make a version live in a stage."""
    root = layout.find()
    moved = promotion.promote(root, name, version, stage, rights.of_version, override=override, why=why)
    data = _data(moved) | {"rules": moved.rules, "overridden": moved.overridden}
    if not moved.tag:
        return Answer(data, f"{moved.version.tag} is live in {stage} already; nothing to do")
    lines = [f"{moved.version.tag} is live in {stage}, {instead(moved.before)}", f"  tag      {moved.tag}"]
    lines += [
        f"  {'passed ' if rule['passed'] else 'OVERRULED'}  {rule['rule']}: {rule['reason']}" for rule in moved.rules
    ]
    return Answer(data, "\n".join([*lines, place(root)]))


def rollback(name: str, stage: str, why: str) -> Answer:
    """Put the version before the live one back."""
    root = layout.find()
    moved = promotion.rollback(root, name, stage, rights.of_version, why)
    lines = [f"{moved.version.tag} is live in {stage} again, {instead(moved.before)}", f"  tag      {moved.tag}"]
    return Answer(_data(moved), "\n".join([*lines, place(root)]))


def retire(name: str, version: str, *, even_live: bool, why: str) -> Answer:
    """Take a version back."""
    root = layout.find()
    done = promotion.retire(root, name, version, even_live=even_live, why=why)
    now = {stage: after.version if after else None for stage, after in done.left.items()}
    lines = [f"{done.version.tag} is taken back", f"  tag      {done.tag}"]
    lines += [
        f"  {stage:<8} {f'{name}@{after} is live again' if after else 'nothing is live now'}"
        for stage, after in now.items()
    ]
    data = {"model": name, "version": done.version.version, "tag": done.tag, "stages": now}
    return Answer(data, "\n".join([*lines, place(root)]))


def _data(moved: promotion.Moved) -> dict[str, Any]:
    return {
        "model": moved.version.name,
        "version": moved.version.version,
        "stage": moved.stage,
        "tag": moved.tag or None,
        "before": moved.before.version if moved.before else None,
    }


def instead(before: Version | None) -> str:
    """What a version that went live took the place of."""
    return f"instead of {before.version}" if before else "where nothing was before"


def place(root: Path) -> str:
    """Where the tags that were written are now."""
    name = origin.remote(root)
    return (
        f"  sent to  {name}" if name else f"  kept in this clone; git config {origin.SETTING} says where it is sent to"
    )
