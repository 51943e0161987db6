"""Ingest: a source → checked assets. `data/assets/<source>/` holds catalog.parquet, the bytes in buckets, summary.json."""

import hashlib
import json
from pathlib import Path
from typing import Any

from media import sources
from media.ingest import ingest
from media.seen import Memory
from project import layout
from project.progress import Progress, note
from project.source import Source
from registry import git
from steps import code, previous
from steps.command import read_plan, run


def main(root: Path, name: str) -> None:
    """Bring the assets of source `name` in. What was refused, and why, lies in `.dailies/refused/<source>.csv` as well."""
    plan = read_plan(root, "ingest", name)
    source = Source.model_validate(plan["source"])
    private = layout.private(root)
    reader = sources.open_source(
        name,
        source,
        project=root,
        mirror=layout.mirror(),
        downloads=private / "downloads",
        clone=git.fetch_commit,
    )
    progress = Progress("files", 0)

    def tick(done: int, total: int) -> None:
        progress.total = total
        progress.tick(done)

    out = layout.assets(root, name)
    with previous.result(root, "ingest", name, out, same_plan=False) as earlier:
        summary = ingest(
            name,
            source,
            reader,
            out,
            tick,
            refusals=layout.refusals(root, name),
            drift=layout.drift(root, name),
            released=plan["released"],
            withdrawn=plan["withdrawn"],
            previous=earlier,
            probe_code=_probe_code(root, source.kind),
            memory=Memory(private / "seen" / f"{name}.arrow", _made_by(plan)),
        )
    note(", ".join(f"{value} {key}" for key, value in summary.items() if isinstance(value, int)))


def _made_by(plan: dict[str, Any]) -> str:
    """Names all that decides the result besides the state of the source."""
    rest = {key: value for key, value in plan.items() if key != "state"}
    return hashlib.sha256(json.dumps(rest, sort_keys=True).encode()).hexdigest()


def _probe_code(root: Path, kind: str) -> str:
    """Names the code that examines assets of a kind: what it found earlier holds as long as it is the same."""
    files = code.files(root, [f"media.probes.{kind}"], learns=False)
    return hashlib.sha256(json.dumps(files).encode()).hexdigest()[:16]


if __name__ == "__main__":
    run(main, verb="ingest")
