"""`dailies data quarantine`: what is refused and why, and the releases that people make against a rule."""

import datetime
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path

from lineage import current
from media import refusals, releases
from media.refusals import Refusal
from media.releases import Release
from project import layout, params
from project.errors import UsageError
from registry import git
from studio.answer import Answer, table

SHORT = 12
"""Digits of an asset id that a person sees, and at least so many that name one are told apart."""
AFTERWARDS = "it counts from the next ingest on (dailies data check {source}, or a run, which also commits it)"


def listed(source: str) -> Answer:
    """Every refused file and every release, as the last ingest left them."""
    root = _project_with(source)
    known, releasing = _refusals(root, source), releases.read(root, source)
    rows = [[each.asset_id[:SHORT], _may(each, releasing), each.path, each.reason] for each in known]
    lines = [table(["ASSET", "RELEASE", "PATH", "REASON"], rows)] if rows else [f"nothing of {source} is refused"]
    lines += [f"released {asset_id[:SHORT]} by {each.who}: {each.why}" for asset_id, each in releasing.items()]
    data = {
        "source": source,
        "refused": [asdict(each) for each in known],
        "released": {asset_id: asdict(each) for asset_id, each in releasing.items()},
    }
    return Answer(data, "\n".join(lines))


def _may(refusal: Refusal, releasing: Mapping[str, Release]) -> str:
    if refusal.asset_id in releasing:
        return "from now on"
    return "possible" if refusal.releasable else "-"


def release(source: str, start: str, why: str) -> Answer:
    """Admit an asset against a rule, from the next ingest on. Raises UsageError when that cannot be."""
    root = _project_with(source)
    if not why.strip():
        raise UsageError("--release needs a reason, which stays with the asset; write: --why TEXT")
    known = _refusals(root, source)
    asset_id = _named(start, [each.asset_id for each in known], f"refused asset of {source}", source)
    refusal = next(each for each in known if each.asset_id == asset_id)
    if not refusal.releasable:
        raise UsageError(
            f"{refusal.path} ({asset_id[:SHORT]}) cannot be released, as no rule refused it, it is of no use as it is: "
            f"{refusal.reason}; mend the file in the source"
        )
    who = git.identity(root)
    if not who:
        raise UsageError("git does not know who releases; run: dailies doctor --fix")
    made = Release(who, " ".join(why.split()), datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"))
    releases.write(root, source, {**releases.read(root, source), asset_id: made})
    said = f"{refusal.path} ({asset_id[:SHORT]}) is released by {made.who}: {made.why}"
    data = {"source": source, "asset_id": asset_id, "path": refusal.path, "reason": refusal.reason, **asdict(made)}
    return Answer(data, f"{said}; {AFTERWARDS.format(source=source)}")


def withdraw(source: str, start: str) -> Answer:
    """Take a release back: the rule holds again from the next ingest on. Raises UsageError when there is none."""
    root = _project_with(source)
    known = releases.read(root, source)
    asset_id = _named(start, list(known), f"released asset of {source}", source)
    releases.write(root, source, {each: made for each, made in known.items() if each != asset_id})
    said = f"the release of {asset_id[:SHORT]} is withdrawn; {AFTERWARDS.format(source=source)}"
    return Answer({"source": source, "asset_id": asset_id, "withdrawn": asdict(known[asset_id])}, said)


def _project_with(source: str) -> Path:
    root = layout.find()
    params.read(root / "params.yaml").source(source)
    return root


def _refusals(root: Path, source: str) -> list[Refusal]:
    """From the catalog while that is current, else from what the last ingest left, which may have failed."""
    assets, table_of_last = layout.assets(root, source), layout.refusals(root, source)
    ingested = (assets / "catalog.parquet").is_file()
    if ingested and (not table_of_last.is_file() or not current.look_at_sources(root, [source])[source]):
        return refusals.of_catalog(assets)
    if table_of_last.is_file():
        return refusals.of_table(table_of_last)
    raise UsageError(f"source {source!r} was not ingested here yet; run: dailies data check {source}")


def _named(start: str, ids: Sequence[str], what: str, source: str) -> str:
    """The one id that starts so. Raises UsageError for none or several."""
    found = sorted({each for each in ids if each.startswith(start.lower())})
    if len(found) == 1:
        return found[0]
    shown = ", ".join(each[:SHORT] for each in found[:3])
    problem = f"is the start of {len(found)} ({shown} …)" if found else "is none"
    raise UsageError(f"{start!r} {problem}, not one {what}; see: dailies data quarantine {source}")
