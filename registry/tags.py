"""Versions and stages as git tags in GTO's grammar, read by one `git for-each-ref`.

`faces@v1.2.0` is a version, `faces#prod#7` makes the version tagged at that commit live; the newest number of a stage
counts. `faces@v1.2.0!` takes a version back, `faces#prod!#8` empties a stage. Messages of ours are one JSON object.
Grammar: https://mlem.ai/doc/gto/user-guide (GTO 1.10).
"""

import datetime
import json
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from project.errors import UsageError
from project.params import listing
from registry.git import Object, git

VERSION = re.compile(r"(?P<name>[^@#/!]+)@v(?P<major>\d+)\.(?P<minor>\d+)\.(?P<patch>\d+)(?P<gone>!?)")
STAGE = re.compile(r"(?P<name>[^@#/!]+)#(?P<stage>[^@#/!]+?)(?P<gone>!?)#(?P<counter>\d+)")


@dataclass(frozen=True, slots=True)
class Version:
    """One registered version of a model."""

    name: str
    number: tuple[int, int, int]
    commit: str
    made: str  # ISO 8601
    message: dict[str, Any] = field(default_factory=dict)
    stages: tuple[str, ...] = ()

    @property
    def version(self) -> str:
        return "v{}.{}.{}".format(*self.number)

    @property
    def tag(self) -> str:
        return f"{self.name}@{self.version}"


def versions(root: Path, name: str | None = None) -> list[Version]:
    """All versions that stand, oldest number first, each with the stages that it is in."""
    return [version for version in fold(_read(root)) if name in (None, version.name)]


def fold(written: Iterable[tuple[str, str, str, dict[str, Any]]]) -> list[Version]:
    """The versions that stand after these tags, each as (tag, commit, made, message)."""
    found: dict[tuple[str, tuple[int, int, int]], Version] = {}
    gone: set[tuple[str, tuple[int, int, int]]] = set()
    newest: dict[tuple[str, str], tuple[int, str | None]] = {}
    for tag, commit, made, message in written:
        if match := VERSION.fullmatch(tag):
            key = (match["name"], (int(match["major"]), int(match["minor"]), int(match["patch"])))
            if match["gone"]:
                gone.add(key)
            else:
                found[key] = Version(*key, commit, made, message)
        elif match := STAGE.fullmatch(tag):
            place, counter = (match["name"], match["stage"]), int(match["counter"])
            if counter > newest.get(place, (-1, None))[0]:
                newest[place] = (counter, None if match["gone"] else commit)
    kept = [version for key, version in sorted(found.items()) if key not in gone]
    return [_with_stages(version, newest) for version in kept]


def _with_stages(version: Version, newest: dict[tuple[str, str], tuple[int, str | None]]) -> Version:
    stages = sorted(s for (name, s), (_, commit) in newest.items() if name == version.name and commit == version.commit)
    return Version(version.name, version.number, version.commit, version.made, version.message, tuple(stages))


def _read(root: Path) -> list[tuple[str, str, str, dict[str, Any]]]:
    fields = "%(refname:strip=2)%1f%(objectname)%1f%(*objectname)%1f%(creatordate:iso-strict)%1f%(contents:body)%1f"
    out = git(root, "for-each-ref", f"--format={fields}%(contents:subject)%1e", "refs/tags")
    rows = []
    for entry in out.split("\x1e"):
        parts = entry.lstrip("\n").split("\x1f")
        if len(parts) == 6:
            tag, own, target, made, body, subject = parts
            rows.append((tag, target or own, made, _message(subject, body)))
    return rows


def is_ours(tag: str) -> bool:
    """Whether a tag speaks of a model."""
    return bool(VERSION.fullmatch(tag) or STAGE.fullmatch(tag))


def registered(tag: str) -> tuple[str, str] | None:
    """Model and version that a tag registers; None when it says something else."""
    match = VERSION.fullmatch(tag)
    return (match["name"], tag.partition("@")[2]) if match and not match["gone"] else None


@dataclass(frozen=True, slots=True)
class Written:
    """One annotated tag of a model, as it was written."""

    tag: str
    object: str
    commit: str
    made: str  # ISO 8601
    who: str
    message: str


def parse_object(name: str, found: Object) -> Written | None:
    """A tag as git keeps it; None when it is not annotated, or not of a model."""
    if found.kind != "tag" or not is_ours(name):
        return None
    head, _, message = found.content.decode(errors="replace").partition("\n\n")
    fields = dict(line.split(" ", 1) for line in head.splitlines() if " " in line)
    who, seconds, zone = fields["tagger"].rsplit(" ", 2)
    offset = datetime.timedelta(hours=int(zone[:3]), minutes=int(zone[0] + zone[3:]))
    made = datetime.datetime.fromtimestamp(int(seconds), datetime.timezone(offset)).isoformat()
    return Written(name, found.id, fields["object"], made, who, message)


def _message(subject: str, body: str) -> dict[str, Any]:
    return parse_message(f"{subject}\n{body}")


def parse_message(text: str) -> dict[str, Any]:
    """Our JSON, or GTO's plain text as `{"text": …}`."""
    text = text.strip()
    try:
        content = json.loads(text)
    except ValueError:
        return {"text": text}
    return content if isinstance(content, dict) else {"text": text}


def live(root: Path, name: str, stage: str = "prod") -> Version | None:
    """The version of `name` that is in `stage`."""
    return next((version for version in versions(root, name) if stage in version.stages), None)


def find(root: Path, reference: str) -> Version:
    """`faces`, `faces@v1.2.0` or `faces#prod`; a bare name means the live version, else the newest. Raises UsageError."""
    name = re.split("[@#]", reference)[0]
    known = versions(root, name)
    if not known:
        names = {version.name for version in versions(root)}
        raise UsageError(f"model {name!r} has no version yet; {listing(name, names)}; make one: dailies run {name}")
    if reference == name:
        return next((version for version in known if "prod" in version.stages), known[-1])
    for version in known:
        if reference == version.tag or reference in (f"{name}#{stage}" for stage in version.stages):
            return version
    said = ", ".join(f"{version.tag}{''.join(f' #{stage}' for stage in version.stages)}" for version in known)
    raise UsageError(f"{reference!r} is not a version; known: {said}")


def add(root: Path, tag: str, commit: str, message: dict[str, Any]) -> None:
    """Write one annotated tag. Raises GitError when it exists: a tag is never moved."""
    git(root, "tag", "--annotate", "--cleanup=verbatim", "-F", "-", tag, commit, stdin=json.dumps(message, indent=1))


def next_stage_tag(root: Path, name: str, stage: str) -> str:
    """GTO counts the assignments of all stages of an artifact in one sequence."""
    counters = [
        int(match["counter"])
        for tag in git(root, "tag", "--list", f"{name}#*").splitlines()
        if (match := STAGE.fullmatch(tag)) and match["name"] == name
    ]
    return f"{name}#{stage}#{max(counters, default=0) + 1}"
