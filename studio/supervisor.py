"""What `dailies up` keeps alive: a Prefect server and a worker, each started anew when it dies."""

import contextlib
import datetime
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from flows import deploy, missed
from flows.api import Api, ServerAway, secret_of
from flows.questions import Server
from flows.quiet import ENVIRONMENT
from project import layout
from project.errors import DailiesError
from tasks import notify

LOOK_EVERY_S = 0.2
LONGEST_WAIT_S = 60.0
MISSED_EVERY_S = 60.0
STEADY_S = 300.0
"""A child that lived so long is started anew at once."""
LOG_BYTES = 20_000_000
"""Beyond this a log begins anew, and what it was is kept once."""
WORKER_END_S, SERVER_END_S = 8.0, 2.0
READY_S = 120.0
SETTINGS = {
    "PREFECT_SERVER_CONCURRENCY_LEASE_STORAGE": "prefect.server.concurrency.lease_storage.filesystem",
    "PREFECT_SERVER_DEPLOYMENTS_CONCURRENCY_SLOT_WAIT_SECONDS": "10",
    "PREFECT_SERVER_SERVICES_DB_VACUUM_ENABLED": "events,flow_runs",
    "PREFECT_LOGGING_SERVER_LEVEL": "WARNING",
    "PREFECT_SERVER_UI_SHOW_PROMOTIONAL_CONTENT": "false",
}
"""Of the server. Leases outlive a restart; else the limit of a deployment is taken for ever, and its run is ended. Runs are
forgotten after 90 days, so that the database stays small; versions keep what matters of theirs."""


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


@dataclass(slots=True)
class Supervisor:
    """Starts the server, deploys, starts the worker, and looks after both until it is told to end."""

    root: Path
    folder: Path
    listening: socket.socket
    limit: int
    stopping: bool = False
    children: list[Child] = field(default_factory=list)

    def run(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        for each in (signal.SIGTERM, signal.SIGINT):
            signal.signal(each, self._stop)
        server = Child("server", self._server, log_of(self.folder, "server"))
        worker = Child("worker", self._worker, log_of(self.folder, "worker"))
        self.children = [server, worker]
        try:
            server.begin()
            self._write("starting")
            self._ready(server)
            if not self.stopping:
                self._deploy()
                if self.limit:
                    worker.begin()
                self._write("up")
                say(f"Dailies is up at {self.ui}, {f'{self.limit} at a time' if self.limit else 'without a worker'}")
            watching = threading.Thread(target=self._tell_of_missed, daemon=True)
            watching.start()
            while not self.stopping:
                for child in self.children:
                    self._look_after(child)
                time.sleep(LOOK_EVERY_S)
        finally:
            self._write("stopping")
            end(worker, WORKER_END_S)
            end(server, SERVER_END_S)
            (self.folder / "server.json").unlink(missing_ok=True)

    @property
    def ui(self) -> str:
        host, port = self.listening.getsockname()[:2]
        return f"http://{'127.0.0.1' if host == '0.0.0.0' else host}:{port}"

    @property
    def url(self) -> str:
        return f"{self.ui}/api"

    def _stop(self, number: int, frame: Any) -> None:
        self.stopping = True

    def _ready(self, server: Child) -> None:
        """Wait until the server answers; it is started anew meanwhile when it dies. Raises DailiesError."""
        until = time.monotonic() + READY_S
        while not self.stopping:
            self._look_after(server)
            try:
                Api(self.url, waits=()).get("/health")
                return
            except ServerAway as error:
                if time.monotonic() > until:
                    raise DailiesError(f"{error}; see {server.log}") from None
            if server.restarts >= 3:
                raise DailiesError(f"the Prefect server does not start; see {server.log}")

    def _deploy(self) -> None:
        """What is wrong with params.yaml keeps nothing down: the schedules that the server has stay."""
        try:
            for change in deploy.deploy(self.root, Api(self.url)):
                say(f"{change.what} {change.kind} {change.name}  {change.said}")
        except DailiesError as error:
            say(f"the schedules stay as they were, as params.yaml cannot be used: {error}")

    def _tell_of_missed(self) -> None:
        """People are told of runs that did not start or died, as far as params.yaml says whom."""
        while True:
            time.sleep(MISSED_EVERY_S)
            try:
                with contextlib.closing(Server(self.url)) as server:
                    for notice in missed.look(server, self.root):
                        say(f"missed: {notice.title}")
                        notify.tell(notice, self.root)
            except DailiesError as error:
                say(f"whether a run was missed is not known: {error}")

    def _look_after(self, child: Child) -> None:
        if child.look_after():
            self._write("up")

    def _server(self) -> "subprocess.Popen[str]":
        host, port = self.listening.getsockname()[:2]
        home = Path(os.environ.get("PREFECT_HOME") or self.root / ".dailies" / "prefect")
        home.mkdir(parents=True, exist_ok=True)
        more = {**SETTINGS, "PREFECT_HOME": str(home), "PREFECT_SERVER_API_HOST": host}
        more["PREFECT_SERVER_API_PORT"] = str(port)
        command = ["flows.server", str(self.listening.fileno()), "--lasting"]
        return start(self.root, self.folder, "server", command, more, pass_fds=(self.listening.fileno(),))

    def _worker(self) -> "subprocess.Popen[str]":
        return start_worker(self.root, self.folder, self.url, self.limit)

    def _write(self, state: str) -> None:
        content = {
            "state": state,
            "pid": os.getpid(),
            "url": self.url,
            "ui": self.ui,
            "limit": self.limit,
            "since": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
            "children": {child.name: child.told() for child in self.children},
        }
        layout.write_json(self.folder / "server.json", content)


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
