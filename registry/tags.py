"""Versions and stages, folded from git tags as GTO folds them, and new tags. One `git for-each-ref` reads them.

A stage holds each version that was put into it and not taken out, the newest assignment on top; the top one is live.
So taking the live version out, or back, makes the one before it live again. Messages of ours are one JSON object.
"""

import datetime
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from project.errors import UsageError
from project.params import listing
from registry import events, signing
from registry.events import Event
from registry.git import git

Stack = dict[str, Event]
"""Commit → the assignment that put it into a stage, oldest first."""


@dataclass(frozen=True, slots=True)
class Version:
    """One registered version of a model."""

    name: str
    number: tuple[int, int, int]
    commit: str
    made: str  # ISO 8601
    message: dict[str, Any] = field(default_factory=dict)
    stages: tuple[str, ...] = ()
    suffix: str = ""  # "-rc.1" and "+build", after the number
    registration: str = ""  # its tag; GTO may write a number after it

    @property
    def version(self) -> str:
        return "v{}.{}.{}".format(*self.number) + self.suffix

    @property
    def tag(self) -> str:
        return f"{self.name}@{self.version}"


@dataclass
class Line:
    """All of one model: its versions, those that were taken back, and its stages."""

    versions: dict[str, Version] = field(default_factory=dict)
    gone: dict[str, Event] = field(default_factory=dict)
    stages: dict[str, Stack] = field(default_factory=dict)
    deprecated: Event | None = None

    def take(self, event: Event) -> None:
        self.deprecated = event if event.kind == "deprecate" else None
        stack = self.stages.setdefault(event.stage, {}) if event.stage else {}
        if event.kind == "register":
            self.versions[event.version] = _version(event)
            self.gone.pop(event.version, None)
        elif event.kind == "deregister":
            self.gone[event.version] = event
        elif event.kind in ("assign", "unassign"):
            stack.pop(event.commit, None)
            if event.kind == "assign":
                stack[event.commit] = event

    def standing(self) -> list[Version]:
        """The versions that were not taken back, lowest number first, each with the stages that it is live in."""
        kept = [version for version in self.versions.values() if version.version not in self.gone]
        tops = {stage: holders[-1] for stage in self.stages if (holders := self.holders(stage))}
        held = {c: tuple(sorted(s for s, top in tops.items() if top == c)) for c in tops.values()}
        return sorted((replace(version, stages=held.get(version.commit, ())) for version in kept), key=precedence)

    def holders(self, stage: str) -> list[str]:
        """The commits in a stage, the live one last, without versions that were taken back."""
        lost = {self.versions[version].commit for version in self.gone if version in self.versions}
        return [commit for commit in self.stages.get(stage, {}) if commit not in lost]


def _version(event: Event) -> Version:
    major, minor, patch, suffix = re.fullmatch(r"v(\d+)\.(\d+)\.(\d+)(.*)", event.version).groups()  # type: ignore[union-attr]
    number = int(major), int(minor), int(patch)
    return Version(event.name, number, event.commit, event.made, event.message, (), suffix, event.tag)


def precedence(version: Version) -> tuple[Any, ...]:
    """Order of names, then of versions: semver.org, section 11; a pre-release comes before its release."""
    before = version.suffix.split("+")[0].removeprefix("-")
    parts = [(0, int(p), "") if p.isdigit() else (1, 0, p) for p in before.split(".")] if before else []
    return version.name, version.number, not before, parts


def lines(root: Path, name: str | None = None) -> dict[str, Line]:
    """Name → everything that its tags say."""
    return fold(events.read(root, name))


def fold(history: Iterable[Event]) -> dict[str, Line]:
    """The same from events, in the order in which they happened."""
    found: dict[str, Line] = {}
    for event in history:
        found.setdefault(event.name, Line()).take(event)
    return found


def versions(root: Path, name: str | None = None) -> list[Version]:
    """All versions that stand, by name and number, each with the stages that it is live in, and its commit.

    Without those that were taken back, and without models that GTO says are deprecated.
    """
    return standing(lines(root, name))


def standing(found: Mapping[str, Line]) -> list[Version]:
    """The same from what was folded."""
    kept = [version for line in found.values() if not line.deprecated for version in line.standing()]
    return sorted(kept, key=precedence)


def taken_back(found: Mapping[str, Line]) -> list[Version]:
    """The versions that no longer stand: each taken back by itself, or with a model that is no longer in use."""
    return sorted(
        (
            version
            for line in found.values()
            for version in line.versions.values()
            if line.deprecated or version.version in line.gone
        ),
        key=precedence,
    )


def live(root: Path, name: str, stage: str = "prod") -> Version | None:
    """The version of `name` that is live in `stage`."""
    return next((version for version in versions(root, name) if stage in version.stages), None)


def find(root: Path, reference: str) -> Version:
    """`faces`, `faces@v1.2.0`, `faces@latest` or `faces#prod`; a bare name means the live version, else the newest.

    Raises UsageError.
    """
    name = re.split("[@#]", reference)[0]
    found = lines(root, name) if name else {}
    return find_in(found if name in found else lines(root), reference)


def find_in(found: Mapping[str, Line], reference: str) -> Version:
    """The same in what was folded, of this model at least. Raises UsageError."""
    name, mark, which = re.fullmatch(r"([^@#]*)([@#]?)(.*)", reference, re.DOTALL).groups()  # type: ignore[union-attr]
    line = found.get(name, Line())
    known = line.standing()
    if line.deprecated:
        raise UsageError(f"{name} is no longer in use: {line.deprecated.tag} by {line.deprecated.who}")
    if not known and not line.gone:
        names = {each for each, its in found.items() if not its.deprecated and its.standing()}
        raise UsageError(f"model {name!r} has no version yet; {listing(name, names)}; make one: dailies run {name}")
    if known and not which:
        return next((version for version in known if "prod" in version.stages), known[-1])
    if known and mark + which == "@latest":
        return known[-1]
    for version in known:
        if (mark == "@" and which in (version.version, version.version[1:])) or (
            mark == "#" and which in version.stages
        ):
            return version
    if mark == "@" and (taken := line.gone.get(which) or line.gone.get(f"v{which}")):
        raise UsageError(f"{name}@{taken.version} was taken back: {said(taken)}")
    told = ", ".join(f"{version.tag}{''.join(f' #{stage}' for stage in version.stages)}" for version in known)
    raise UsageError(f"{reference!r} is not a version; known: {told or 'none that stands'}")


def stage_of(reference: str, version: Version) -> str:
    """The stage through which `reference` leads to `version`: faces#staging, or faces alone where it is in prod."""
    name, mark, stage = reference.partition("#")
    return stage if mark else "prod" if name == version.name and "prod" in version.stages else ""


def said(event: Event) -> str:
    """Who wrote a tag, when and why."""
    why = event.message.get("why") or event.message.get("text") or "no reason given"
    return f"{why} ({event.message.get('who') or event.who}, {event.made[:16].replace('T', ' ')})"


def add(root: Path, tag: str, commit: str, message: dict[str, Any], *, after: Iterable[Event] = ()) -> None:
    """Write one annotated tag, signed where the workspace says so. Raises GitError when it exists: a tag is never moved.

    GTO orders tags by their second, so the tag gets one later than those `after` which it comes, which may be just ahead
    of the clock.
    """
    now = datetime.datetime.now(datetime.UTC).replace(microsecond=0)
    latest = max((event.order[0] + datetime.timedelta(seconds=1) for event in after), default=now)
    date = {"GIT_COMMITTER_DATE": max(now, latest).isoformat()}
    how = ["--sign"] if signing.wanted(root) else ["--annotate"]
    text = json.dumps(message, indent=1, ensure_ascii=False) + "\n"  # a signature begins a line of its own
    with signing.explained(root):
        git(root, "tag", *how, "--cleanup=verbatim", "-F", "-", tag, commit, stdin=text, variables=date)
    signing.confirm(root, tag)


def append(root: Path, name: str, what: str, commit: str, message: dict[str, Any]) -> str:
    """Write the next event of a model, `@v1.2.0`, `@v1.2.0!`, `#prod` or `#prod!`; the tag that says it.

    GTO counts the events of an artifact in one sequence; registering a version and taking it back have no number, unless
    a tag of that name stands.
    """
    past = events.read(root, name)
    tag = f"{name}{what}"
    if what.startswith("#") or any(event.tag == tag for event in past):
        tag += f"#{max((event.counter for event in past), default=0) + 1}"
    add(root, tag, commit, message, after=past)
    return tag
