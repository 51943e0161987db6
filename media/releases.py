"""Refused assets that a person admits all the same: `data/released/<source>.json`, kept in git.

A rule may be wrong about an asset: a name, a doubt about its label, a likeness. What cannot be decoded, or was never read
as an asset, stays refused whatever is written here.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from project import layout
from project.errors import IntegrityError


@dataclass(frozen=True, slots=True)
class Release:
    """Who admitted an asset, why, and when (UTC, ISO 8601)."""

    who: str
    why: str
    when: str


def read(root: Path, source: str) -> dict[str, Release]:
    """Asset id → its release. Raises IntegrityError for a file that was damaged by hand or by a merge."""
    path = layout.released(root, source)
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        return {asset_id: Release(**each) for asset_id, each in content.items()}
    except FileNotFoundError:
        return {}
    except (ValueError, TypeError, AttributeError) as error:
        raise IntegrityError(
            f"{path} does not say who, why and when for each asset ({error}); mend it, or take it back: git checkout {path}"
        ) from None


def write(root: Path, source: str, releases: Mapping[str, Release]) -> None:
    """Keep `releases`, in order of asset id; without any there is no file."""
    path = layout.released(root, source)
    if releases:
        layout.write_json(path, {asset_id: asdict(releases[asset_id]) for asset_id in sorted(releases)})
    else:
        path.unlink(missing_ok=True)


def told(releases: Mapping[str, Release]) -> dict[str, str]:
    """Asset id → "who: why", as plan and catalog keep it. The time is left out: it decides nothing."""
    return {asset_id: f"{releases[asset_id].who}: {releases[asset_id].why}" for asset_id in sorted(releases)}
