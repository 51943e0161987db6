"""The processes that `dailies up` and `dailies worker` keep: how each is started, looked after, logged and ended."""

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from flows.api import secret_of
from flows.quiet import ENVIRONMENT

LOOK_EVERY_S = 0.2
LONGEST_WAIT_S = 60.0
STEADY_S = 300.0
"""A child that lived so long is started anew at once."""
LOG_BYTES = 20_000_000
"""Beyond this a log begins anew, and what it was is kept once."""
WORKER_END_S = 8.0


@dataclass(slots=True)
class Child:
    """A process, how to start it, and how often that was needed."""

    name: str
    start: Callable[[], "subprocess.Popen[str]"]
    log: Path
    process: "subprocess.Popen[str] | None" = None
    restarts: int = 0
    wait_s: float = 1.0
    since: float = 0.0
    due: float = 0.0
    said: str = "waits"

    def begin(self) -> None:
        self.process = self.start()
        self.since = time.monotonic()
        self.said = "runs"

    def look_after(self) -> bool:
        """Start it anew when it has died and its wait is over; has anything changed?"""
        code = self.process.poll() if self.process else None
        now = time.monotonic()
        keep_small(self.log)
        if code is None:
            return False
        if self.said == "runs":
            self.wait_s = 1.0 if now - self.since > STEADY_S else self.wait_s
            self.due = now + self.wait_s
            self.said = f"ended with {code}, starts again in {self.wait_s:g} s"
            say(f"the {self.name} ended with exit code {code}; it starts again in {self.wait_s:g} s")
            self.wait_s = min(2 * self.wait_s, LONGEST_WAIT_S)
            return True
        if now < self.due:
            return False
        self.restarts += 1
        self.begin()
        return True

    def told(self) -> dict[str, Any]:
        return {"pid": self.process.pid if self.process else None, "restarts": self.restarts, "said": self.said}


WORKER = {
    "PREFECT_WORKER_QUERY_SECONDS": "2",
    "PREFECT_WORKER_PREFETCH_SECONDS": "0",
    "PREFECT_WORKER_ENABLE_CANCELLATION": "true",
    "PREFECT_CLIENT_RETRY_EXTRA_CODES": "500",
}
"""Of the worker and its runs. A run that began before it was due would look for new data too early. A server whose database
is away answers 500, and is asked again."""


def start_worker(root: Path, folder: Path, url: str, limit: int) -> "subprocess.Popen[str]":
    """A worker in the workspace `root` for the server at `url`, with its share of the processors for each run."""
    threads = max(1, (os.cpu_count() or 1) // limit)
    more = {"PREFECT_API_URL": url, "DAILIES_THREADS": os.environ.get("DAILIES_THREADS") or str(threads)}
    if secret := secret_of(os.environ):
        more["PREFECT_API_AUTH_STRING"] = secret
    return start(root, folder, "worker", ["flows.worker", str(limit)], {**WORKER, **more})


def start(
    root: Path, folder: Path, name: str, command: list[str], more: dict[str, str], **given: Any
) -> "subprocess.Popen[str]":
    """In a session of its own, so that an interrupt reaches only the supervisor, with a pipe that ends with it."""
    kept = {key: value for key, value in os.environ.items() if key not in ("PREFECT_API_URL", "PYTHONPATH")}
    with log_of(folder, name).open("a") as log:
        return subprocess.Popen(
            [sys.executable, "-m", *command],
            cwd=root,
            env={**ENVIRONMENT, **kept, **more},
            stdin=subprocess.PIPE,
            stdout=log,
            stderr=log,
            start_new_session=True,
            text=True,
            **given,
        )


def log_of(folder: Path, name: str) -> Path:
    return folder / f"{name}.log"


def keep_small(log: Path) -> None:
    """Begin a log anew that has grown beyond LOG_BYTES, and keep what it was as `….log.1`.

    Its process goes on appending to the same file, so that it need not know; what it writes during the copy is lost. On a
    full disk nothing is kept of it, so that there is room.
    """
    try:
        if log.stat().st_size <= LOG_BYTES:
            return
        with contextlib.suppress(OSError):
            shutil.copyfile(log, log.with_name(f"{log.name}.1"))
        os.truncate(log, 0)
    except OSError:
        return  # it is not there yet, or not ours to shorten


def end(child: Child, within_s: float) -> None:
    """Tell it to end; kill it, and all below it, when it does not."""
    process = child.process
    if not process or process.poll() is not None:
        return
    process.terminate()
    try:
        process.wait(within_s)
    except subprocess.TimeoutExpired:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def say(line: str) -> None:
    print(line, flush=True)
