"""`dailies approve` and `dailies approvals`: a person's word on a version that waits for it."""

from typing import Any

from lineage import rights
from project import layout
from registry import approval
from registry.approval import Answered, Asked
from studio import server
from studio.answer import Answer, table, told
from studio.promote import instead, place


def approve(reference: str, *, refuse: bool, why: str) -> Answer:
    """Grant, or refuse; a form that asks the same in Prefect is closed."""
    root = layout.find()
    answered = approval.answer(root, reference, rights.of_version, grant=not refuse, why=why)
    record = answered.record
    data = {"tag": answered.version.tag, "answer": answered.state, "new": answered.new, **record}
    said = f"{answered.state} by {record['who']} on {told(record['when'])}: {record['why']}"
    if not answered.new:
        return Answer(data, f"{answered.version.tag} was {said}; nothing to do")
    lines = [*_outcome(answered), place(root), *_closed(answered.version.tag, said)]
    rules = answered.moved.rules if answered.moved else []
    return Answer({**data, "rules": rules}, "\n".join(lines))


def _outcome(answered: Answered) -> list[str]:
    tag, moved = answered.version.tag, answered.moved
    if moved is None:
        return [f"{tag} is refused and stays registered: {answered.record['why']}"]
    return [
        f"{tag} is live in {moved.stage}, {instead(moved.before)}",
        f"  tag      {moved.tag}",
        *(f"  passed   {rule['rule']}: {rule['reason']}" for rule in moved.rules),
    ]


def _closed(tag: str, said: str) -> list[str]:
    """Whether a form is left open; the answer stands either way."""
    if not (url := server.configured(layout.find())):
        return []
    try:
        server.check(url)
        from flows import approval as forms

        forms.close(tag, said, url)
    except Exception as error:  # whatever Prefect's client raises; the answer stands
        return [
            f"  form     could not be closed ({str(error).splitlines()[0]}); whoever fills it in is told of this answer"
        ]
    return []


def approvals(*, everything: bool) -> Answer:
    """What waits, and with `everything` what was answered and what was not in time."""
    found = [each for each in approval.all_asked(layout.find()) if everything or each.state == "waiting"]
    rows = [[each.version.tag, each.state, each.said, _rules(each)] for each in found]
    text = table(["VERSION", "STATE", "SAID", "GATE"], rows) if rows else "no version waits for a person"
    return Answer({"approvals": [_data(each) for each in found]}, text)


def _rules(asked: Asked) -> str:
    rules = asked.version.message.get("verdict", {}).get("rules", [])
    return "; ".join(rule["reason"] for rule in rules if rule["rule"] != "rights")


def _data(asked: Asked) -> dict[str, Any]:
    message = asked.version.message
    return {
        "tag": asked.version.tag,
        "run": message.get("run"),
        "state": asked.state,
        "said": asked.said,
        "until": asked.until,
        "champion": message.get("champion"),
        "metrics": message.get("metrics", {}),
        "rules": message.get("verdict", {}).get("rules", []),
    }
