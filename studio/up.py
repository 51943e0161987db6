"""`dailies up`, `dailies down`: a Prefect server, the schedules of params.yaml and a worker, as one supervised process."""

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from flows import api
from project import layout
from project.errors import DailiesError, Locked, UsageError
from registry import runs
from studio.answer import Answer, table
from studio.supervisor import Supervisor

START_S = 150
"""The first start fills a database."""
STOP_S = 15
LOCK = "up"


def folder(root: Path) -> Path:
    return root / ".dailies" / "up"


def state(root: Path) -> dict[str, Any]:
    """What the process that is up wrote of itself; empty when none is, whatever a killed one left."""
    if not folder(root).is_dir() or not runs.is_locked(root, LOCK):
        return {}
    try:
        found: dict[str, Any] = json.loads((folder(root) / "server.json").read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):
        return {}
    return found


def up(*, detach: bool, host: str, port: int, limit: int) -> Answer:
    """Start, and stay until told to end; or start in the background. Raises Locked when one is up already."""
    root = layout.find()
    _check_reach(host)
    if detach:
        return _detached(root, host, port, limit)
    try:
        with runs.lock(root, LOCK), _listening(host, port) as listening:
            Supervisor(root, folder(root), listening, limit).run()
    except Locked:
        raise _is_up(root) from None
    return Answer({"up": False}, "stopped")


def _check_reach(host: str) -> None:
    """Who reaches a Prefect server may have its workers run any command. Raises UsageError where that is everybody."""
    if host not in ("127.0.0.1", "localhost", "::1") and not api.secret_of(os.environ):
        raise UsageError(
            f"on {host} everybody who reaches this machine could have it run any command; set "
            "PREFECT_SERVER_API_AUTH_STRING=NAME:SECRET first, or leave --host out"
        )


def _is_up(root: Path) -> Locked:
    now = state(root)
    where = f" at {now['ui']}, process {now['pid']}" if now else ""
    return Locked(f"Dailies is up already{where}; stop it with: dailies down")


@contextlib.contextmanager
def _listening(host: str, port: int) -> Any:
    """A socket that stays open while the server is started anew, so that nobody is refused meanwhile."""
    try:
        with socket.create_server((host, port), backlog=512) as listening:
            yield listening
    except OSError as error:
        raise UsageError(f"{host}:{port} cannot be listened on ({error.strerror}); name another: --port 4300") from None


def _detached(root: Path, host: str, port: int, limit: int) -> Answer:
    if state(root):
        raise _is_up(root)
    folder(root).mkdir(parents=True, exist_ok=True)
    command = [sys.executable, "-m", "studio", "up", "--host", host, "--port", str(port), "--limit", str(limit)]
    log = folder(root) / "up.log"
    with log.open("w") as output:
        process = subprocess.Popen(
            command, cwd=root, stdin=subprocess.DEVNULL, stdout=output, stderr=output, start_new_session=True
        )
    until = time.monotonic() + START_S
    while time.monotonic() < until and process.poll() is None:
        now = state(root)
        if now.get("pid") == process.pid and now.get("state") == "up":
            return Answer(now, f"{log.read_text(encoding='utf-8').strip()}\nstop it with: dailies down")
        time.sleep(0.1)
    said = log.read_text(encoding="utf-8").strip().splitlines() or ["nothing was said"]
    if process.poll() is None:
        process.terminate()
    raise DailiesError(f"Dailies did not start: {said[-1].removeprefix('dailies: ')}; log: {log}")


def down() -> Answer:
    """Tell the process that is up to end, and wait for it."""
    root = layout.find()
    now = state(root)
    if not now:
        return Answer({"up": False}, "Dailies is not up; nothing to stop")
    started = time.monotonic()
    with contextlib.suppress(ProcessLookupError):
        os.kill(now["pid"], signal.SIGTERM)
    while runs.is_locked(root, LOCK):
        if time.monotonic() - started > STOP_S:
            raise DailiesError(
                f"process {now['pid']} does not end; kill it: kill -9 {now['pid']}, its children end with it"
            )
        time.sleep(0.05)
    return Answer({"up": False, "took_s": round(time.monotonic() - started, 1)}, "stopped")


def status() -> Answer:
    """Is it up, where, since when, and how its parts are. Exit code 1 when it is not."""
    root = layout.find()
    now = state(root)
    if not now:
        return Answer({"up": False}, "Dailies is not up; start it with: dailies up --detach", 1)
    try:
        api.Api(now["url"], waits=()).get("/health")
        answers = "answers"
    except DailiesError as error:
        answers = str(error)
    rows = [[name, each["pid"], each["restarts"], each["said"]] for name, each in now["children"].items()]
    text = f"Dailies is {now['state']} at {now['ui']} since {now['since']}, process {now['pid']}; the server {answers}"
    return Answer(
        {"up": True, **now, "server": answers}, text + "\n" + table(["PART", "PROCESS", "RESTARTS", ""], rows)
    )
