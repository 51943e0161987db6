"""`dailies worker`: this workspace takes its share of the runs that a server elsewhere has scheduled."""

import signal
import time
from pathlib import Path
from typing import Any

from flows import pool
from flows.api import Api
from project import layout
from project.errors import Locked, UsageError
from registry import origin, runs
from studio import server, up
from studio.answer import Answer
from studio.children import LOOK_EVERY_S, WORKER_END_S, Child, end, log_of, say, start_worker

LOCK = "worker"


def worker(*, limit: int) -> Answer:
    """Work until told to end. Raises UsageError where this workspace cannot work for a server, Locked where it does."""
    if limit < 1:
        raise UsageError(f"--limit {limit} is no number of runs; it is 1 or more")
    root = layout.find()
    url = _server(root)
    with _alone(root):
        folder = up.folder(root)
        folder.mkdir(parents=True, exist_ok=True)
        child = Child("worker", lambda: start_worker(root, folder, url, limit), log_of(folder, "worker"))
        ended: list[int] = []
        for each in (signal.SIGTERM, signal.SIGINT):
            signal.signal(each, lambda number, frame: ended.append(number))
        try:
            child.begin()
            say(f"works for {url}, {limit} at a time, in {root}; log: {child.log}")
            while not ended:
                child.look_after()
                time.sleep(LOOK_EVERY_S)
        finally:
            end(child, WORKER_END_S)
    return Answer({"restarts": child.restarts}, "stopped")


def _server(root: Path) -> str:
    """Where the server is, once it is known to have work for this workspace."""
    url = server.configured(root)
    if not url:
        raise UsageError("no Prefect server is named; set PREFECT_API_URL to its address, which ends in /api")
    server.check(url)
    if pool.missing(Api(url)):
        raise UsageError(f"{url} has no work pool {pool.NAME} yet; run first, where its server is: dailies deploy")
    if not origin.remote(root):
        raise UsageError(
            "this workspace shares nothing, so what it makes would be known here only; "
            "set the git remote of the others: git config dailies.publish origin"
        )
    return url


def _alone(root: Path) -> Any:
    """Hold the lock of workers; `dailies up` is one as well."""
    if up.state(root).get("limit"):
        raise Locked("Dailies is up in this workspace, which is a worker already; stop it with: dailies down")
    return runs.lock(root, LOCK)
