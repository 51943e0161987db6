"""`dailies data check`: the assets of a source brought up to date, and what the checks found in them."""

import logging
import sys
from contextlib import redirect_stdout
from pathlib import Path

from lineage import current, earlier
from media.changes import changes
from project import layout, params
from project.errors import QuarantineError
from registry import stage
from studio.answer import Answer
from studio.assets import finding_lines, findings, summary

EXCEEDED = "exceeded"


def check(source: str) -> Answer:
    """Ingest if anything has changed, and tell each finding. Exit code 3 when one is beyond its limit."""
    root = layout.find()
    params.read(root / "params.yaml").source(source)
    known = earlier.versions(root, source)
    ran = bring_up_to_date(root, source)
    changed = _changed(root, source, known)
    checks, counts = findings(root, source), summary(root, source)
    admitted, refused = (counts["status"].get(status, 0) for status in ("admitted", "quarantined"))
    exceeded = [each["check"] for each in checks if each["verdict"] == EXCEEDED]
    data = {
        "source": source,
        "ran": ran,
        "admitted": admitted,
        "quarantined": refused,
        "changed": changed,
        "checks": checks,
    }
    lines = [f"{source}: {admitted:,} assets admitted, {refused:,} quarantined", *finding_lines(checks)]
    if changed:
        said = ", ".join(f"{count:,} {what}" for what, count in changed.items() if count)
        lines.append(f"against the version before: {said or 'the same assets'}")
    if refused:
        lines.append(f"what is refused, and why: dailies data quarantine {source}")
    return Answer(data, "\n".join(lines), QuarantineError.exit_code if exceeded else 0)


def _changed(root: Path, source: str, known: list[str]) -> dict[str, int]:
    """How the assets differ from those of the version before, nothing where that is not at hand."""
    before = earlier.catalog_before(root, source, known)
    return changes(before, layout.assets(root, source) / earlier.CATALOG) if before else {}


def bring_up_to_date(root: Path, source: str, *more: str) -> bool:
    """Plan and ingest as a run does, with DVC, in the workspace itself, and then the stages `more`. Whether ingest ran.

    Raises what the step raised: QuarantineError when too much is refused.
    """
    log = logger()
    with redirect_stdout(sys.stderr):
        stage.bring_up_to_date(root, "plan", log, force=bool(current.moved_source(root, source)))
        ran = stage.bring_up_to_date(root, f"ingest@{source}", log).ran
        for each in more:
            stage.bring_up_to_date(root, each, log)
    return ran


def logger() -> logging.Logger:
    """Tells on stderr what the stages do: stdout is for the answer."""
    found = logging.getLogger("dailies")
    if not found.handlers:
        handler = logging.StreamHandler(sys.stderr)
        handler.setFormatter(logging.Formatter("%(message)s"))
        found.addHandler(handler)
        found.setLevel(logging.INFO)
        found.propagate = False
    return found
