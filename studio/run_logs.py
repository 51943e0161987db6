"""`dailies runs logs`: what the stages of a run said, from their files, else from the Prefect server."""

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from flows.questions import Server
from project import layout
from project.errors import UsageError
from registry import run_log
from studio import run_list
from studio.answer import Answer
from studio.run_list import GOING, Seen

POLL_S = 0.5


def logs(reference: str, *, follow: bool, as_json: bool) -> Answer:
    """All that was said until now, or with `follow` until the run ends."""
    if follow and as_json:
        raise UsageError("--follow prints lines as they come, --json one object at the end; choose one")
    root = layout.find()
    asked = run_list.server(root)
    seen = run_list.find(root, reference, asked)
    lines = _of_files(root, seen, follow) if seen.known else _of_server(asked, seen, follow)
    if not follow:
        told = list(lines)
        return Answer({"run": seen.id, "lines": told}, "\n".join(told) or f"{seen.id} has said nothing")
    for line in lines:
        print(line, flush=True)
    ended = run_list.find(root, seen.id, asked)
    return Answer({"run": seen.id}, f"{seen.id} {ended.state}{f': {ended.said}' if ended.said else ''}")


def _of_files(root: Path, seen: Seen, follow: bool) -> Iterator[str]:
    """Stage by stage, each line after the stage that said it."""
    folder = layout.logs(root, seen.id)
    read: dict[str, int] = {}
    while True:
        last = not follow or not under_way(folder)
        for path in stage_logs(folder):
            content = path.read_text(encoding="utf-8", errors="replace")[read.get(path.name, 0) :]
            whole = content if last else content[: content.rfind("\n") + 1]
            read[path.name] = read.get(path.name, 0) + len(whole)
            yield from (f"{path.stem}  {line}" for line in readable(whole))
        if last:
            return
        time.sleep(POLL_S)


def stage_logs(folder: Path) -> list[Path]:
    """The logs of the stages, in the order in which these began."""
    stages = [f"{name.replace('@', '-')}.log" for name in run_log.read(folder).get("stages", {})]
    found = sorted(folder.glob("*.log"), key=lambda path: path.stat().st_mtime)
    return sorted(found, key=lambda path: stages.index(path.name) if path.name in stages else len(stages))


def readable(text: str) -> Iterator[str]:
    """The lines of a stage as a person reads them; of ticks that follow each other, the last."""
    tick = ""
    for line in text.splitlines():
        message = parsed(line)
        if message is not None and "done" in message:
            tick = progress(message)
            continue
        if tick:
            yield tick
            tick = ""
        if message is None:
            yield line
        else:
            yield str(message.get("note") or message.get("error") or line)
    if tick:
        yield tick


def parsed(line: str) -> dict[str, Any] | None:
    """A message of a step; None for any other line."""
    try:
        message = json.loads(line) if line.startswith("{") else None
    except ValueError:
        return None
    return message if isinstance(message, dict) and message.keys() & {"note", "done", "error"} else None


def progress(tick: dict[str, Any]) -> str:
    values = "".join(f", {k} {v:.4g}" for k, v in tick.items() if k not in ("done", "total", "unit"))
    return f"{tick['done']:.4g} of {tick['total']:.4g} {tick['unit']}{values}"


def under_way(folder: Path) -> bool:
    known = run_log.read(folder)
    return known["state"] == "running" and run_log.lives(known)


def _of_server(asked: Server | None, seen: Seen, follow: bool) -> Iterator[str]:
    """Records of a run of another machine."""
    after = ""
    while asked:
        state = run_list.on_server(asked.ask("GET", f"/flow_runs/{seen.flow_run_id}")).state
        page = asked.records(seen.flow_run_id, after)
        for record in page:
            yield f"{record['timestamp'][11:19]}  {record['message']}"
        after = page[-1]["timestamp"] if page else after
        if len(page) < 200 and (not follow or state not in GOING):
            return
        if len(page) < 200:
            time.sleep(2)
