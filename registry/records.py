"""What was decided about versions besides their stages: annotated tags whose names GTO takes for none of its own.

    approval/digits/v0.2.0          a person let the version go live, or refused it
    canary/digits/v0.2.0/v0.1.0/1   the first look at how it does against the one before on newly arrived assets

A name can be given once, here and in the shared repository, so of two who decide at the same time one is second and hears
of it. Each points to the version's commit and is one JSON object.
"""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from registry.git import git

APPROVAL, CANARY = "approval", "canary"
KINDS = (APPROVAL, CANARY)


@dataclass(frozen=True, slots=True)
class Record:
    """One such tag."""

    name: str
    made: str  # ISO 8601
    message: dict[str, Any]


def names(root: Path, model: str) -> list[str]:
    """All that concern a model."""
    if not model:
        return []
    patterns = [f"refs/tags/{kind}/{model}/" for kind in KINDS]
    return git(root, "for-each-ref", "--format=%(refname:strip=2)", *patterns).splitlines()


def read(root: Path, start: str) -> list[Record]:
    """Those at `start` and below it, in order of name."""
    written = "%(refname:strip=2)%1f%(creatordate:iso-strict)%1f%(contents:subject)%0a%(contents:body)%1e"
    out = git(root, "for-each-ref", f"--format={written}", f"refs/tags/{start}")
    entries = (entry.lstrip("\n").split("\x1f") for entry in out.split("\x1e"))
    return [Record(name, made, json.loads(text)) for name, made, text in (e for e in entries if len(e) == 3)]


def of(root: Path, model: str, version: str) -> list[Record]:
    """All that concern a version."""
    return [each for kind in KINDS for each in read(root, f"{kind}/{model}/{version}")]


def approval(model: str, version: str) -> str:
    return f"{APPROVAL}/{model}/{version}"


def look(model: str, version: str, before: str = "", number: int | None = None) -> str:
    """The name of one look, or of what all looks at a pair, or at a version, begin with."""
    return "/".join([CANARY, model, version, *([before] if before else []), *([str(number)] if number else [])])
