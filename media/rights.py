"""What may be done with one asset: what its source says of all, and what it says of this one, the stricter first."""

import datetime
from collections.abc import Mapping, Sequence

CONSENT = ("given", "unknown", "refused")
"""The more strict, the later."""
ALL_LICENCES = " AND "
"""Of several licences all must be kept, as an SPDX expression says it."""


def effective(defaults: Mapping[str, str], told: Sequence[Mapping[str, str]]) -> dict[str, str]:
    """The columns of rights of an asset. `told` holds what was said of it under each of its paths, where something was.

    A word on this asset goes before one on its source, except that a refused consent and an earlier end always hold.
    """
    if not any(told):  # nearly always
        return dict(defaults)
    consents = _said(told, "consent") + [defaults["consent"]] * (defaults["consent"] == "refused")
    ends = [*_said(told, "valid_until"), *filter(None, [defaults["valid_until"]])]
    return {
        "licence": ALL_LICENCES.join(_said(told, "licence")) or defaults["licence"],
        "holder": "; ".join(_said(told, "holder")) or defaults["holder"],
        "subject": "; ".join(_said(told, "subject")) or defaults["subject"],
        "consent": max(consents, key=CONSENT.index, default=defaults["consent"]),
        "valid_until": min(ends, default=""),
    }


def unclear(told: Mapping[str, str]) -> str:
    """The reason for a refusal when a consent or a date cannot be understood; empty when all can."""
    consent, end = told.get("consent", ""), told.get("valid_until", "")
    if consent and consent not in CONSENT:
        return f"its consent {consent!r} is none of {', '.join(CONSENT)}"
    if end and not _is_day(end):
        return f"its valid_until {end!r} is not a day, as 2027-12-31"
    return ""


def _said(told: Sequence[Mapping[str, str]], name: str) -> list[str]:
    return sorted({each[name] for each in told if each.get(name)})


def _is_day(text: str) -> bool:
    try:
        return datetime.date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False
