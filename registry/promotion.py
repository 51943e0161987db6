"""Moving stages by hand: promote, roll back, take a version back. Each is one tag, pushed where the clone publishes."""

import datetime
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from project.errors import GateRefused, RightsRefused, UsageError
from registry import events, fetching, gate, git, origin, runs, scores, signing, tags
from registry.events import Event
from registry.tags import Version

Rules = list[dict[str, Any]]
Allowed = Callable[[Path, Version], gate.Rule]
"""(root, version) → the rule on rights as it is now."""


@dataclass(frozen=True, slots=True)
class Moved:
    """What a command did to a stage; `tag` is empty when there was nothing to do."""

    version: Version
    stage: str
    tag: str
    before: Version | None
    rules: Rules
    overridden: bool = False


def promote(root: Path, name: str, number: str, stage: str, allowed: Allowed, *, override: bool, why: str) -> Moved:
    """Make a version live in `stage`, if the gate let it or somebody overrides that. Rights cannot be overridden.

    Raises UsageError; RightsRefused; GateRefused with the rules that failed; IntegrityError where an object or a
    signature is missing.
    """
    if override and not why.strip():
        raise UsageError('--override needs a reason, which is kept with the tag: --why "…"')

    def move() -> tuple[list[str], Moved]:
        version = tags.find(root, f"{name}@{number}")
        said = message(root, version, why or "passed the gate")
        moved = into(root, version, stage, allowed, said, override=override)
        return [moved.tag] if moved.tag else [], moved

    return published(root, name, move)


def into(
    root: Path, version: Version, stage: str, allowed: Allowed, said: dict[str, Any], *, override: bool = False
) -> Moved:
    """Judge a version as it is now, and write the tag, with what is `said`, that makes it live. For `published`."""
    name = version.name
    before = tags.live(root, name, stage)
    if before and before.tag == version.tag:
        return Moved(version, stage, "", before, [])
    verify(root, version)
    ours = _permitted(root, version, allowed)
    rules = [*verdict(root, version), ours]
    refused = [f"{rule['rule']}: {rule['reason']}" for rule in rules if not rule["passed"]]
    if refused and not override:
        raise GateRefused(
            f"{version.tag} is not promoted: {'; '.join(refused)}; to do it nevertheless: "
            f'dailies model promote {name} {version.version} --stage {stage} --override --why "…"'
        )
    fetching.check_remote(root, version)
    said = said | {"rules": rules} | ({"overridden": True} if refused else {})
    tag = tags.append(root, name, f"#{stage}", version.commit, said)
    return Moved(tags.find(root, version.tag), stage, tag, before, rules, bool(refused))


def verdict(root: Path, version: Version) -> Rules:
    """What the gate says of a version now: its recorded floors, and the comparison with today's live version.

    That comparison is made anew, on the recorded answers of both, when another version was live at the time.
    """
    recorded = version.message.get("verdict")
    if recorded is None:
        return [{"rule": "a gate", "passed": False, "reason": f"{version.tag} was registered without one"}]
    rules: Rules = [rule for rule in recorded["rules"] if rule["rule"] != gate.RIGHTS]
    champion = tags.live(root, version.name)
    if champion and champion.tag != version.tag and champion.version != version.message.get("champion"):
        rules = [rule for rule in rules if not rule["rule"].startswith("not worse than ")]
        rules.append(scores.compared(root, version, champion, recorded.get("worse_by", 0.0)).as_dict())
    return rules


def _permitted(root: Path, version: Version, allowed: Allowed) -> dict[str, Any]:
    rule = allowed(root, version)
    if not rule.passed:
        raise RightsRefused(
            f"{version.tag} cannot be made live: {rule.reason}; train one without them: dailies run {version.name}"
        )
    return rule.as_dict()


def rollback(
    root: Path, name: str, stage: str, allowed: Allowed, why: str, *,
    pair: tuple[str, str] | None = None, more: Mapping[str, Any] | None = None,
) -> Moved:  # fmt: skip
    """Take the live version out of `stage`, so that the one before it is live again. Raises UsageError.

    `pair` names the two as the caller knows them: where others are concerned by now, nothing is done. `more` is kept with
    the tag.
    """

    def move() -> tuple[list[str], Moved]:
        now = tags.live(root, name, stage)
        if now is None:
            tags.find(root, name)
            raise UsageError(f"nothing of {name} is live in {stage}, so there is nothing to roll back")
        earlier = tags.lines(root, name)[name].before(stage)
        if earlier is None:
            raise UsageError(
                f"{now.tag} is the only version in {stage}, so there is none to go back to; "
                f"promote another: dailies model promote {name} VERSION --stage {stage}"
            )
        if pair and pair != (now.version, earlier.version):
            raise UsageError(
                f"{now.tag} is live in {stage} by now and {earlier.tag} was before it, "
                f"so {name}@{pair[0]} is not rolled back; look again"
            )
        verify(root, earlier)
        _permitted(root, earlier, allowed)
        fetching.check_remote(root, earlier)
        said = message(root, now, why or "rolled back") | {"back_to": earlier.version, **(more or {})}
        tag = tags.append(root, name, f"#{stage}!", now.commit, said)
        return [tag], Moved(tags.find(root, earlier.tag), stage, tag, now, [])

    return published(root, name, move)


@dataclass(frozen=True, slots=True)
class Retired:
    """A version that was taken back; `left` are the stages it was live in, with what is live there now."""

    version: Version
    tag: str
    left: dict[str, Version | None]


def retire(root: Path, name: str, number: str, *, even_live: bool, why: str) -> Retired:
    """Take a version back. Its objects stay, and its number is never used again. Raises UsageError."""

    def move() -> tuple[list[str], Retired]:
        version = tags.find(root, f"{name}@{number}")
        if version.stages and not even_live:
            raise UsageError(
                f"{version.tag} is live in {', '.join(version.stages)}; promote another or roll back first, "
                "or say --even-live: then the version before it is live again"
            )
        tag = tags.append(root, name, f"@{version.version}!", version.commit, message(root, version, why))
        return [tag], Retired(version, tag, {stage: tags.live(root, name, stage) for stage in version.stages})

    return published(root, name, move)


def verify(root: Path, version: Version, stage: str = "") -> None:
    """Check the signatures by which a version, and that it is live in `stage`, is known; where the clone demands them."""
    if not signing.wanted(root):
        return
    past = events.read(root, version.name)
    known = [event for event in past if event.tag == version.registration]
    if stage:
        known.append([e for e in past if e.kind == "assign" and e.stage == stage and e.commit == version.commit][-1])
    for event in known:
        signing.check(root, event)


def history(root: Path, name: str) -> list[Event]:
    """What was done with a model's versions after they were registered, oldest first."""
    return [event for event in events.read(root, name) if event.kind != "register"]


def message(root: Path, version: Version, why: str) -> dict[str, Any]:
    """What a tag says of who, when and why."""
    now = datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")
    return {"version": version.version, "why": why, "who": git.identity(root) or runs.who(), "when": now}


Result = Moved | Retired


def published(root: Path, name: str, move: Callable[[], tuple[list[str], Any]]) -> Any:
    """Do `move`, which writes tags, on what the shared repository knows now; again when another clone was first."""
    for _ in origin.attempts(name):
        with origin.held(root):
            origin.sync(root)
            written, result = move()
            with origin.undone_unless_sent(root, written) as sent:
                if origin.publish(root, name):
                    sent.append(True)
                    return result
    raise AssertionError("attempts() ends with an error")
