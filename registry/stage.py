"""Bringing one stage up to date: ask whether it is current, let DVC run it, follow its log."""

import json
import logging
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from project import layout
from project.errors import BY_EXIT_CODE, DailiesError
from registry import dvc

POLL_S = 0.2
SAY_EVERY_S = 5.0
Logger = logging.Logger | logging.LoggerAdapter[Any]
Heard = Callable[[Mapping[str, Any]], None]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What bringing a stage up to date came to."""

    stage: str
    ran: bool
    seconds: float
    reasons: tuple[str, ...]


def _unheard(tick: Mapping[str, Any]) -> None:
    """Nobody watches."""


def bring_up_to_date(
    root: Path, stage: str, logger: Logger, *, force: bool = False, heard: Heard = _unheard
) -> Outcome:
    """Run the stage when anything that it depends on differs from dvc.lock. Raises the step's own DailiesError.

    `heard` is given each tick of its progress.
    """
    started = time.monotonic()
    with dvc.opened(root) as repo:
        reasons = tuple(dvc.stale(repo, [stage]).get(stage, ()))
        if not reasons and not force:
            logger.info("%s is current", stage)
            return Outcome(stage, False, time.monotonic() - started, ())
        logger.info("%s runs: %s", stage, _shortly(reasons) or "asked for")
        log = _log_path(root, stage)
        with _followed(log, logger, heard), _stopping_the_child():
            try:
                dvc.reproduce(repo, stage, force=force)
            except dvc.StageFailed as error:
                raise _said(log) or error from None
    seconds = time.monotonic() - started
    logger.info("%s is done in %.1f s", stage, seconds)
    return Outcome(stage, True, seconds, reasons)


def _shortly(reasons: tuple[str, ...]) -> str:
    more = f" and {len(reasons) - 3} more" if len(reasons) > 3 else ""
    return ", ".join(reasons[:3]) + more


def _log_path(root: Path, stage: str) -> Path:
    folder = Path(os.environ.get("DAILIES_LOGS") or layout.private(root) / "logs")
    folder.mkdir(parents=True, exist_ok=True)
    return folder / f"{stage.replace('@', '-')}.log"


@contextmanager
def _followed(log: Path, logger: Logger, heard: Heard) -> Iterator[None]:
    """Give the stage's command a log file to write to, and repeat its lines in Prefect's log while it runs."""
    log.write_text("", encoding="utf-8")
    os.environ.update(DAILIES_LOG=str(log), DAILIES_PROGRESS="json", DAILIES_FLOW_PID=str(os.getpid()))
    done = threading.Event()
    follower = threading.Thread(target=_follow, args=(log, logger, heard, done), daemon=True)
    follower.start()
    try:
        yield
    finally:
        done.set()
        follower.join()
        del os.environ["DAILIES_LOG"]


def _follow(log: Path, logger: Logger, heard: Heard, done: threading.Event) -> None:
    said = float("-inf")
    with log.open(encoding="utf-8", errors="replace") as lines:
        pending = ""
        while True:
            last_look = done.is_set()
            pending += lines.read()
            *whole, pending = pending.split("\n")
            for line in whole:
                message = _parse(line)
                if message and "done" in message:
                    heard(message)
                said = _repeat(line, message, logger, said)
            if last_look:
                return
            done.wait(POLL_S)


def _repeat(line: str, message: dict[str, Any] | None, logger: Logger, said: float) -> float:
    """Say one line of a step; ticks come at most every few seconds. When a tick was last said."""
    if message is None:
        if line.strip():
            logger.log(logging.INFO, "%s", line)
    elif "note" in message:
        logger.info("%s", message["note"])
    elif "done" in message:
        now = time.monotonic()
        if now - said < SAY_EVERY_S and message["done"] < message["total"]:
            return said
        values = {k: v for k, v in message.items() if k not in {"done", "total", "unit"}}
        extra = "".join(f", {key} {value:.4g}" for key, value in values.items())
        logger.info("%.4g of %s %s%s", message["done"], message["total"], message["unit"], extra)
        return now
    return said


def _parse(line: str) -> dict[str, Any] | None:
    try:
        message = json.loads(line)
    except ValueError:
        return None
    return message if isinstance(message, dict) and message.keys() & {"note", "done", "error"} else None


def _said(log: Path) -> DailiesError | None:
    """The error with which the step ended, as it said it."""
    for line in reversed(log.read_text(encoding="utf-8", errors="replace").splitlines()):
        message = _parse(line)
        if message and "error" in message:
            return BY_EXIT_CODE.get(message["exit_code"], DailiesError)(message["error"])
    return None


@contextmanager
def _stopping_the_child() -> Iterator[None]:
    """When the task ends early (time limit, cancelled), the stage's process must not go on alone."""
    try:
        yield
    except BaseException:
        stop_steps()
        raise


def stop_steps() -> None:
    """End every step program below this process."""
    import psutil

    for child in psutil.Process().children(recursive=True):
        try:
            if any(part.startswith("steps.") for part in child.cmdline()):
                child.send_signal(signal.SIGTERM)
        except psutil.NoSuchProcess:
            continue
