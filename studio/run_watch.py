"""`dailies runs watch`: how far runs are, on one screen of a terminal, in lines elsewhere."""

import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from flows.questions import Server
from project import layout
from studio import run_list, run_logs
from studio.answer import Answer
from studio.run_list import GOING, Seen
from studio.run_show import took

POLL_S = 1.0
LINE_EVERY_S = 5.0
TAIL_BYTES = 8_192
CODES = {"refused": 4, "failed": 1, "killed": 1, "cancelled": 130}


@dataclass(frozen=True, slots=True)
class Look:
    """A run at this moment; `share` is how much of its stage is done, from 0 to 1."""

    seen: Seen
    stage: str
    share: float | None
    said: str


def watch(reference: str, *, quiet: bool) -> Answer:
    """Follow a run, or all that are under way, until the last has ended. Exit code of the worst."""
    root = layout.find()
    asked = run_list.server(root)
    if reference:
        watched = [run_list.find(root, reference, asked)]
    else:
        watched = run_list.runs(root, asked, states=GOING, limit=run_list_limit(root))
    if not watched:
        return Answer({"runs": []}, "nothing runs now; the last runs: dailies runs ls")
    ids = [each.id for each in watched]
    show = (lambda looks: None) if quiet else _Screen() if sys.stdout.isatty() else _lines()
    try:
        while True:
            looks = [look(root, each, asked) for each in ids]
            show(looks)
            if all(each.seen.state not in GOING for each in looks):
                break
            time.sleep(POLL_S)
    finally:
        if closing := getattr(show, "close", None):
            closing()
    ended = [each.seen for each in looks]
    code = max((CODES.get(each.state, 0) for each in ended), default=0)
    text = "\n".join(f"{each.id} {each.state}{f': {each.said}' if each.said else ''}" for each in ended)
    return Answer({"runs": [each.as_dict() for each in ended]}, text, code)


def run_list_limit(root: Path) -> int:
    """Runs under way are among the newest of each model."""
    return max(1, len(run_list.newest(run_list.ids(root)))) + 50


def look(root: Path, run_id: str, asked: Server | None) -> Look:
    seen = (
        run_list.find(root, run_id, None) if layout.logs(root, run_id).is_dir() else run_list.find(root, run_id, asked)
    )
    stages = list(seen.known.get("stages", {}))
    stage = stages[-1] if stages else ""
    tick = last_tick(layout.logs(root, run_id) / f"{stage.replace('@', '-')}.log") if stage else None
    if seen.state not in GOING or tick is None:
        return Look(seen, stage, None, seen.said)
    return Look(seen, stage, min(1.0, tick["done"] / max(tick["total"], 1e-9)), run_logs.progress(tick))


def last_tick(log: Path) -> dict[str, Any] | None:
    """How far a stage has said last that it is."""
    try:
        with log.open("rb") as file:
            file.seek(max(0, log.stat().st_size - TAIL_BYTES))
            lines = file.read().decode(errors="replace").splitlines()
    except OSError:
        return None
    messages = (run_logs.parsed(line) for line in reversed(lines))
    return next((message for message in messages if message and "done" in message), None)


def _lines() -> Callable[[list[Look]], None]:
    """A line when a run comes to another stage or state, and every few seconds while it makes progress."""
    before: dict[str, tuple[str, str, str, float]] = {}

    def show(looks: list[Look]) -> None:
        for each in looks:
            state, stage, said, since = before.get(each.seen.id, ("", "", "", 0.0))
            now = time.monotonic()
            moved = (each.seen.state, each.stage) != (state, stage)
            if moved or (each.said != said and now - since >= LINE_EVERY_S):
                before[each.seen.id] = (each.seen.state, each.stage, each.said, now)
                print("  ".join(filter(None, [each.seen.id, each.seen.state, each.stage, each.said])), flush=True)

    return show


class _Screen:
    """A table that is drawn anew."""

    def __init__(self) -> None:
        from rich.live import Live

        self._live = Live(refresh_per_second=4, transient=True)
        self._live.start()

    def __call__(self, looks: list[Look]) -> None:
        from rich.progress_bar import ProgressBar
        from rich.table import Table
        from rich.text import Text

        drawn = Table("RUN", "STATE", "STAGE", "DONE", "SAID", "TOOK", box=None, pad_edge=False)
        for each in looks:
            bar = ProgressBar(total=1.0, completed=each.share, width=20) if each.share is not None else ""
            drawn.add_row(each.seen.id, each.seen.state, each.stage, bar, Text(each.said), took(each.seen))
        self._live.update(drawn)

    def close(self) -> None:
        self._live.stop()
