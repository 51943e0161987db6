"""A worker of the work pool `dailies`, `python -m flows.worker [LIMIT]`. It ends when its input does, or when it is told to.

Its runs begin in the folder that it was started in, with its own interpreter, which goes first on their PATH.
It is two of Prefect's in one process: LIMIT models at a time, and beside them a refresh, which only waits for such.
"""

import asyncio
import os
import signal
import socket
import sys
import threading
from pathlib import Path

from prefect.workers.process import ProcessWorker

from flows import pool


def main() -> None:
    limit = int(sys.argv[1]) if len(sys.argv) > 1 else None
    os.environ["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])
    threading.Thread(target=_end_with_the_input, daemon=True).start()
    asyncio.run(_work(limit))


async def _work(limit: int | None) -> None:
    loop, task = asyncio.get_running_loop(), asyncio.current_task()
    assert task
    for each in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(each, task.cancel)
    name = f"{socket.gethostname()}-{os.getpid()}"
    workers = [
        ProcessWorker(work_pool_name=pool.NAME, work_queues=[pool.RETRAINING], name=name, limit=limit),
        ProcessWorker(work_pool_name=pool.NAME, work_queues=[pool.REFRESHING], name=f"{name}-refresh", limit=1),
    ]
    try:
        await asyncio.gather(*(worker.start() for worker in workers))
    except asyncio.CancelledError:
        print("the worker is stopped", flush=True)


def _end_with_the_input() -> None:
    sys.stdin.read()
    os.kill(os.getpid(), signal.SIGTERM)


if __name__ == "__main__":
    main()
