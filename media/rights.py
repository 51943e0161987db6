"""What may be done with one asset: what its source says of all, what is said of this one, and what its file says itself.

The strictest word holds. Uses and permissions are those of CAWG's training and data mining assertion (version 1.1).
"""

import datetime
from collections.abc import Mapping, Sequence
from typing import get_args

from project.source import Permission, Use

CONSENT = ("given", "unknown", "refused")
"""The more strict, the later."""
USES: tuple[str, ...] = get_args(Use)
PERMISSIONS: tuple[str, ...] = ("", *get_args(Permission))
"""The more strict, the later; empty where nothing is said."""
ALL_LICENCES = " AND "
"""Of several licences all must be kept, as an SPDX expression says it."""
SEVERAL = "; "
"""Between two subjects, or two holders, of one asset."""


def effective(
    defaults: Mapping[str, str], told: Sequence[Mapping[str, str]], signals: Sequence[str] = ()
) -> dict[str, str]:
    """The columns of rights of an asset. `told` holds what was said of it under each of its paths, where something was;
    `signals` what its probe found in the file.

    A word on this asset goes before one on its source, except that a refused consent, an earlier end and a forbidden
    use always hold.
    """
    inside = permissions(signals)
    if not any(told) and not inside:  # nearly always
        return dict(defaults)
    consents = _said(told, "consent") + [defaults["consent"]] * (defaults["consent"] == "refused")
    ends = [*_said(told, "valid_until"), *filter(None, [defaults["valid_until"]])]
    return {
        "licence": ALL_LICENCES.join(_said(told, "licence")) or defaults["licence"],
        "holder": SEVERAL.join(_said(told, "holder")) or defaults["holder"],
        "subject": SEVERAL.join(_said(told, "subject")) or defaults["subject"],
        "consent": max(consents, key=CONSENT.index, default=defaults["consent"]),
        "valid_until": min(ends, default=""),
        **{use: strictest([defaults[use], inside.get(use, ""), *_said(told, use)]) for use in USES},
    }


def strictest(words: Sequence[str]) -> str:
    """The strictest of several permissions; empty when nothing is said."""
    return max(words, key=PERMISSIONS.index, default="")


def signal(use: str, permission: str) -> str:
    """How a probe notes what a file says of its use."""
    return f"{use}: {permission}"


def permissions(signals: Sequence[str]) -> dict[str, str]:
    """Use → permission, of those that a probe noted."""
    pairs = (noted.split(": ", 1) for noted in signals if ": " in noted)
    return {pair[0]: pair[1] for pair in pairs if pair[0] in USES}


def unclear(told: Mapping[str, str]) -> str:
    """The reason for a refusal when a consent, a date or a use cannot be understood; empty when all can."""
    consent, end = told.get("consent", ""), told.get("valid_until", "")
    if consent and consent not in CONSENT:
        return f"its consent {consent!r} is none of {', '.join(CONSENT)}"
    if end and not _is_day(end):
        return f"its valid_until {end!r} is not a day, as 2027-12-31"
    for use in USES:
        if told.get(use, "") not in PERMISSIONS:
            return f"its {use} {told[use]!r} is none of {', '.join(PERMISSIONS[1:])}"
    return ""


def _said(told: Sequence[Mapping[str, str]], name: str) -> list[str]:
    return sorted({each[name] for each in told if each.get(name)})


def _is_day(text: str) -> bool:
    try:
        return datetime.date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False
