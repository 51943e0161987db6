"""A worker of the work pool `dailies`, `python -m flows.worker [LIMIT]`. It ends when its input does, or when it is told to.

Its runs begin in the folder that it was started in, with its own interpreter, which goes first on their PATH.
It is two of Prefect's in one process: LIMIT models at a time, and beside them a refresh, which only waits for such.
"""

import asyncio
import contextlib
import io
import os
import signal
import socket
import sys
import threading
import time
from pathlib import Path
from typing import Any

import psutil
from prefect.client.schemas.objects import FlowRun
from prefect.workers.process import ProcessWorker

from flows import pool

END_S = 7.0
"""A little longer than a run's process gives its flow."""


def main() -> None:
    limit = int(sys.argv[1]) if len(sys.argv) > 1 else None
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(line_buffering=True)  # a log file is read while it is written
    os.environ["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])
    threading.Thread(target=_end_with_the_input, daemon=True).start()
    asyncio.run(_work(limit))


async def _work(limit: int | None) -> None:
    name = f"{socket.gethostname()}-{os.getpid()}"
    workers = [
        ProcessWorker(work_pool_name=pool.NAME, work_queues=[pool.RETRAINING], name=name, limit=limit),
        ProcessWorker(work_pool_name=pool.NAME, work_queues=[pool.REFRESHING], name=f"{name}-refresh", limit=1),
    ]
    stopping = asyncio.Event()
    for each in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(each, stopping.set)
    work = asyncio.gather(*(_heeding(worker, stopping).start() for worker in workers))
    first: list[asyncio.Future[Any]] = [work, asyncio.ensure_future(stopping.wait())]
    await asyncio.wait(first, return_when=asyncio.FIRST_COMPLETED)
    if stopping.is_set():
        await _let_end(psutil.Process().children())
        work.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await work


def _heeding(worker: ProcessWorker, stopping: asyncio.Event) -> ProcessWorker:
    """Let it take up nothing more once it is to stop."""
    ask = worker.get_and_submit_flow_runs

    async def unless_stopping() -> list[FlowRun]:
        return [] if stopping.is_set() else await ask()

    worker.get_and_submit_flow_runs = unless_stopping  # type: ignore[method-assign]
    return worker


async def _let_end(processes: list[psutil.Process]) -> None:
    """Tell the runs' processes to end, which put their runs off, and wait for them; Prefect would kill them at once."""
    for process in processes:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.terminate()
    until = time.monotonic() + END_S
    while any(_alive(process) for process in processes) and time.monotonic() < until:
        await asyncio.sleep(0.1)


def _alive(process: psutil.Process) -> bool:
    try:
        return bool(process.is_running() and process.status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False


def _end_with_the_input() -> None:
    os.read(sys.stdin.fileno(), 1)
    os.kill(os.getpid(), signal.SIGTERM)


if __name__ == "__main__":
    main()
