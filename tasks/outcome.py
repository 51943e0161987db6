"""What people are told when a run has ended."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from project.errors import DailiesError, GateRefused, Interrupted, QuarantineError, RightsRefused
from project.notices import Notice
from registry import events, run_log
from registry.publish import Registration

REFUSED = (GateRefused, RightsRefused)


def of_error(model: str, run_id: str, error: BaseException, logs: Path) -> Notice | None:
    """Of a run that ended with an error; nothing of one that a person stopped."""
    if isinstance(error, (Interrupted, KeyboardInterrupt)):
        return None
    said = str(error) if isinstance(error, DailiesError) else f"{type(error).__name__}: {error}"
    link = f"dailies runs show {run_id}; logs in {logs}"
    if isinstance(error, QuarantineError):
        return Notice("quarantine", model, f"{model}: too many files are refused", said, link)
    if isinstance(error, REFUSED):
        return Notice("refused", model, f"{model} is refused", said, link)
    return Notice("failed", model, f"{model} failed", said, link)


def of_registration(made: Registration, run_id: str, promote: bool, root: Path, report: Path) -> Notice | None:
    """Of a run that made a version, or made one live; nothing of one that only registered what was asked of it."""
    model, tag = made.version.name, made.version.tag
    rules = rules_said(made.rules)
    link = f"report: {report}" if made.landed else f"dailies model show {tag}"
    if went_live(root, model, run_id):
        score = ", ".join(f"{name} {value:.4g}" for name, value in made.version.message.get("metrics", {}).items())
        return Notice("promoted", model, f"{tag} is live in prod", "\n".join(filter(None, [score, *rules])), link)
    if made.waits_until:
        by = made.waits_until[:16].replace("T", " ")
        answer = f'dailies approve {tag} --why "…", or --refuse, until {by} UTC'
        return Notice("approval", model, f"{tag} waits for a person", "\n".join(rules), answer)
    refused = [rule for rule in made.rules if not rule["passed"]]
    if promote and refused:
        title = f"{tag} is refused: {', '.join(rule['rule'] for rule in refused)}"
        return Notice("refused", model, title, "\n".join(rules), link)
    return None


def state(made: Registration, promote: bool) -> tuple[run_log.State, str]:
    """How a run is called that ended well, and the line that says what it made."""
    tag = made.version.tag
    refused = [rule["reason"] for rule in made.rules if not rule["passed"]]
    if made.promoted:
        return "landed", f"{tag} is live in prod"
    if promote and refused:
        return "refused", f"{tag} is not promoted: {'; '.join(refused)}"
    if not made.new:
        return "current", f"{tag} holds these weights already"
    waits = " and waits for a person" if made.waits_until else ", not promoted"
    return "registered", f"{tag} is registered{waits}"


def rules_said(rules: Sequence[Mapping[str, Any]]) -> list[str]:
    """Each rule with what was measured and its limit, as the gate says it."""
    return [f"{'passed' if rule['passed'] else 'REFUSED'}  {rule['rule']}: {rule['reason']}" for rule in rules]


def went_live(root: Path, model: str, run_id: str) -> bool:
    """Whether a tag says that this run put a version into prod."""
    past = events.read(root, model)
    return any(
        event.stage == "prod" and event.kind == "assign" and event.message.get("run") == run_id for event in past
    )
