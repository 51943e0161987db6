"""What `dailies up` keeps alive: a Prefect server and a worker, each started anew when it dies."""

import contextlib
import datetime
import os
import signal
import socket
import subprocess
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from flows import deploy, missed
from flows.api import Api, ServerAway
from flows.questions import Server
from project import layout
from project.errors import DailiesError
from studio.children import LOOK_EVERY_S, WORKER_END_S, Child, end, log_of, say, start, start_worker
from tasks import notify

MISSED_EVERY_S = 60.0
SERVER_END_S = 2.0
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
