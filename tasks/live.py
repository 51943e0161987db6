"""How far a stage is, as a progress artifact in Prefect's page while it runs: made with its first tick, then at most one
call every few seconds, from a thread of its own, so that a server that is slow or away holds up nothing."""

import contextlib
import contextvars
import threading
from collections.abc import Callable, Iterator, Mapping
from typing import Any, cast
from uuid import UUID

from prefect.artifacts import create_progress_artifact, update_progress_artifact

EVERY_S = 5.0
LAST_WORD_S = 2.0
"""How long the end of a stage waits for the last call to be answered."""
Tick = Mapping[str, Any]


@contextlib.contextmanager
def progress(key: str, name: str) -> Iterator[Callable[[Tick], None]]:
    """Publish the newest of the ticks that the block gives. Only in a task or flow."""
    newest: list[Tick] = []
    more, done = threading.Event(), threading.Event()

    def take(tick: Tick) -> None:
        newest[:] = [tick]
        more.set()

    context = contextvars.copy_context()
    thread = threading.Thread(target=context.run, args=(_publish, key, name, newest, more, done), daemon=True)
    thread.start()
    try:
        yield take
    finally:
        done.set()
        more.set()
        thread.join(LAST_WORD_S)


def _publish(key: str, name: str, newest: list[Tick], more: threading.Event, done: threading.Event) -> None:
    artifact: UUID | None = None
    while True:
        more.wait()
        more.clear()
        if newest:
            tick = newest[0]
            with contextlib.suppress(Exception):  # the page is for looking at; the log on disk has it all
                artifact = _told(artifact, key, percent(tick), f"{name}: {said(tick)}")
        if done.is_set():
            return
        done.wait(EVERY_S)


def _told(artifact: UUID | None, key: str, share: float, description: str) -> UUID:
    if artifact is None:
        return cast(UUID, create_progress_artifact(share, key=key, description=description))
    update_progress_artifact(artifact, share, description=description)
    return artifact


def percent(tick: Tick) -> float:
    return round(100 * min(1.0, max(0.0, tick["done"] / max(tick["total"], 1e-9))), 1)


def said(tick: Tick) -> str:
    values = "".join(f", {key} {value:.4g}" for key, value in tick.items() if key not in ("done", "total", "unit"))
    return f"{tick['done']:.4g} of {tick['total']:.4g} {tick['unit']}{values}"
