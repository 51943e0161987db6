"""A person lets a version go live, or refuses: for models with `promote: ask`.

The run's verdict, in the tag of the version, asks and says until when. The answer is one record of a fixed name, so there
is one, whoever gives it and from where; a yes is sent together with the tag that makes the version live. No process waits.
"""

import datetime
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from project.errors import GateRefused, UsageError
from registry import origin, promotion, records, tags
from registry.promotion import Allowed, Moved
from registry.records import Record
from registry.tags import Line, Version

State = Literal["waiting", "granted", "refused", "expired", "live before", "overtaken", "never asked"]
STAGE = "prod"


@dataclass(frozen=True, slots=True)
class Asked:
    """A version, and what became of its request; `said` is the rest of a phrase that begins with the state."""

    version: Version
    state: State
    said: str = ""

    @property
    def until(self) -> str:
        return until(self.version)

    @property
    def phrase(self) -> str:
        """Refused by Ada …; for a state that is no answer, what stands in its way."""
        return f"{self.state} {self.said}" if self.state in ("waiting", "granted", "refused") else self.said


@dataclass(frozen=True, slots=True)
class Answered:
    """What a person's word came to. `moved` is there when it made the version live, `new` when it was the first word."""

    version: Version
    state: State
    record: dict[str, Any]
    new: bool
    moved: Moved | None = None


def request(seconds: int) -> dict[str, str]:
    """What the verdict of a version says that waits."""
    end = datetime.datetime.now(datetime.UTC) + datetime.timedelta(seconds=seconds)
    return {"until": end.isoformat(timespec="seconds")}


def until(version: Version) -> str:
    """The moment (ISO 8601) until which the version may be let go live; empty when nobody was asked."""
    return str(version.message.get("verdict", {}).get("approval", {}).get("until", ""))


def all_asked(root: Path, model: str | None = None) -> list[Asked]:
    """Every version for which a person was asked, in order of name and number."""
    lines = tags.lines(root, model)
    return [look(root, version, lines[version.name]) for version in tags.standing(lines) if until(version)]


def find(root: Path, reference: str) -> Version:
    """NAME@VERSION, or the id of the run that made it. Raises UsageError."""
    if "@" in reference or "#" in reference:
        return tags.find(root, reference)
    found = [version for version in tags.versions(root) if version.message.get("run") == reference]
    if found:
        return found[-1]
    waiting = ", ".join(each.version.tag for each in all_asked(root) if each.state == "waiting")
    raise UsageError(f"{reference!r} is neither NAME@VERSION nor a run with a version; waiting: {waiting or 'none'}")


def look(root: Path, version: Version, line: Line | None = None) -> Asked:
    """What became of the request for a version."""
    line = line or tags.lines(root, version.name)[version.name]
    end = until(version)
    [*given] = records.read(root, records.approval(version.name, version.version))
    if given:
        return Asked(version, given[0].message["answer"], _told(given[0]))
    if not end:
        return Asked(version, "never asked", "nobody was asked about it")
    if version.commit in line.stages.get(STAGE, {}) or line.left(STAGE, version.commit):
        return Asked(version, "live before", "it was made live by hand")
    newer = [each for each in line.standing() if STAGE in each.stages and each.number > version.number]
    if newer:
        return Asked(version, "overtaken", f"{newer[0].tag}, which is newer, is live")
    if datetime.datetime.now(datetime.UTC) > datetime.datetime.fromisoformat(end):
        return Asked(version, "expired", f"nobody answered by {end[:16].replace('T', ' ')} UTC")
    return Asked(version, "waiting", f"until {end[:16].replace('T', ' ')} UTC")


def _told(record: Record) -> str:
    said = record.message
    return f"by {said['who']} on {said['when'][:16].replace('T', ' ')}: {said['why']}"


def answer(
    root: Path, reference: str, allowed: Allowed, *, grant: bool, why: str, who: str = "", through: str = "command"
) -> Answered:
    """Grant or refuse. The same answer twice is one answer.

    Granting judges anew, as promoting by hand does. Raises UsageError; GateRefused when it is too late or the gate says
    no by now; RightsRefused. After such an error the request stands as it did.
    """
    if not why.strip():
        raise UsageError("an answer needs a reason, which is kept with the version; write: --why TEXT")
    version = find(root, reference)
    name = records.approval(version.name, version.version)
    word: State = "granted" if grant else "refused"

    def move() -> tuple[list[str], Answered]:
        asked = look(root, tags.find(root, version.tag))
        if asked.state == word:
            return [], Answered(asked.version, word, records.read(root, name)[0].message, False)
        if asked.state != "waiting":
            raise GateRefused(_late(asked, grant))
        said = promotion.message(root, version, " ".join(why.split())) | {"through": through}
        said |= {"who": f"{who}, by {said['who']}"} if who else {}
        moved = promotion.into(root, asked.version, STAGE, allowed, said) if grant else None
        written = [moved.tag] if moved else []
        record = said | {"answer": word} | ({"tag": moved.tag} if moved else {})
        with origin.undone_unless_sent(root, written) as whole:
            tags.add(root, name, version.commit, record)
            whole.append(True)
        return [*written, name], Answered(version, word, record, True, moved)

    done: Answered = promotion.published(root, version.name, move)
    return done


def _late(asked: Asked, grant: bool) -> str:
    version = asked.version
    by_hand = f'dailies model promote {version.name} {version.version} --why "…"'
    if grant:
        return f"{version.tag} is not made live: {asked.phrase}; to do it nevertheless: {by_hand}"
    back = f'; to take it out: dailies model rollback {version.name} --why "…"' if STAGE in version.stages else ""
    return f"{version.tag} cannot be refused: {asked.phrase}{back}"
