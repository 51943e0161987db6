"""What git tags tell in GTO's grammar: who registered, assigned or took back what, when, at which commit.

    faces@v1.2.0     version registered            faces@v1.2.0!    taken back        faces@deprecated   no longer in use
    faces#prod#7     version put into a stage      faces#prod!#8    taken out of it

A number `#9` may follow each; it counts all of a model's tags that have one. GTO goes by the time of the tag, in seconds;
so do we, and by the number where two tags have the same. Tags without an annotation say nothing, as for GTO.
Grammar: https://mlem.ai/doc/gto/user-guide (GTO 1.10).
"""

import datetime
import json
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from registry.git import git

Kind = Literal["register", "deregister", "assign", "unassign", "deprecate"]

_WHOLE = r"(?:0|[1-9]\d*)"
SEMVER = rf"v{_WHOLE}\.{_WHOLE}\.{_WHOLE}(?:-[0-9A-Za-z.-]+)?(?:\+[0-9A-Za-z.-]+)?"
"""Semantic Versioning 2.0.0 with a v before it."""
TAG = re.compile(
    rf"(?P<name>[^@#!]+)(?:@deprecated|(?:@(?P<version>{SEMVER})|#(?P<stage>[A-Za-z0-9][\w/-]*))(?P<gone>!?))"
    r"(?:#(?P<counter>\d+))?"
)


FIELDS = (
    "refname:strip=2", "objecttype", "*objectname", "creatordate:iso-strict", "taggername", "taggeremail", "tag",
    "contents:signature", "contents:subject", "contents:body",
)  # fmt: skip
"""What is asked of `git for-each-ref`, in the order in which `_event` takes it."""


@dataclass(frozen=True, slots=True)
class Event:
    """One tag."""

    tag: str
    name: str
    kind: Kind
    version: str
    stage: str
    counter: int
    commit: str
    made: str  # ISO 8601
    who: str
    signed: bool
    genuine: bool  # the tag lies under the name that it was made with
    message: dict[str, Any] = field(default_factory=dict)

    @property
    def order(self) -> tuple[datetime.datetime, int, str]:
        return datetime.datetime.fromisoformat(self.made), self.counter, self.tag


def read(root: Path, name: str | None = None) -> list[Event]:
    """The events of all models, or of one, as they happened."""
    written = "".join(f"%({field})%1f" for field in FIELDS) + "%1e"
    patterns = [f"refs/tags/{name}@*", f"refs/tags/{name}#*"] if name is not None else ["refs/tags"]
    out = git(root, "for-each-ref", f"--format={written}", *patterns)
    found = (_event(entry.lstrip("\n").split("\x1f")) for entry in out.split("\x1e"))
    return sorted((event for event in found if event and name in (None, event.name)), key=lambda event: event.order)


def _event(fields: list[str]) -> Event | None:
    if len(fields) <= len(FIELDS) or fields[1] != "tag" or not (match := TAG.fullmatch(fields[0])):
        return None
    tag, _, commit, made, who, mail, own_name, signature, subject, body, *_ = fields
    kinds: dict[tuple[str, bool], Kind] = {
        ("version", False): "register",
        ("version", True): "deregister",
        ("stage", False): "assign",
        ("stage", True): "unassign",
    }
    named = "version" if match["version"] else "stage"
    kind: Kind = kinds[named, bool(match["gone"])] if match["version"] or match["stage"] else "deprecate"
    counter = int(match["counter"] or 0)
    version, stage = match["version"] or "", match["stage"] or ""
    message = _message(subject, body)
    return Event(
        tag=tag,
        name=match["name"],
        kind=kind,
        version=version,
        stage=stage,
        counter=counter,
        commit=commit,
        made=made,
        who=f"{who} {mail}",
        signed=bool(signature.strip()),
        genuine=tag == own_name,
        message=message,
    )


def _message(subject: str, body: str) -> dict[str, Any]:
    """Our JSON, or GTO's plain text as `{"text": …}`."""
    text = f"{subject}\n{body}".strip()
    try:
        content = json.loads(text)
    except ValueError:
        return {"text": text}
    return content if isinstance(content, dict) else {"text": text}
