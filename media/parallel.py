"""Work on several cores: forked processes, so that functions need not be sent, with results that are plain JSON."""

import json
import multiprocessing
import os
import signal
from collections.abc import Callable, Iterator, Sequence
from multiprocessing.connection import Connection, wait
from typing import Any, TypeVar

from project.errors import BY_EXIT_CODE, DailiesError

T = TypeVar("T")


def cores() -> int:
    """How many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def each(work: Callable[[T], Any], items: Sequence[T], workers: int) -> Iterator[tuple[int, Any]]:
    """(position, `work(item)`) of each item, in the order in which they end. One worker means this very process.

    Raises the DailiesError or OSError that `work` raised, or a DailiesError that says a process was lost.
    """
    workers = min(workers, len(items))
    if workers <= 1 or "fork" not in multiprocessing.get_all_start_methods():
        yield from ((position, work(item)) for position, item in enumerate(items))
        return
    fork = multiprocessing.get_context("fork")
    processes, receivers = [], []
    for first in range(workers):
        receiver, sender = fork.Pipe(duplex=False)
        mine = range(first, len(items), workers)
        processes.append(fork.Process(target=_serve, args=(work, items, mine, sender), daemon=True))
        processes[-1].start()
        sender.close()
        receivers.append(receiver)
    try:
        yield from _received(receivers, len(items))
    finally:
        for process in processes:
            process.terminate()
            process.join()


def _serve(work: Callable[[T], Any], items: Sequence[T], mine: range, sender: Connection) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # an interrupt reaches all; the parent ends us and says so once
    for position in mine:
        try:
            answer = {"position": position, "result": work(items[position])}
        except DailiesError as error:
            answer = {"error": str(error), "exit_code": error.exit_code}
        except OSError as error:
            answer = {"error": error.strerror or str(error), "errno": error.errno}
        sender.send_bytes(json.dumps(answer).encode())
    sender.close()


def _received(receivers: list[Any], expected: int) -> Iterator[tuple[int, Any]]:
    count = 0
    while receivers:
        for receiver in wait(receivers):
            try:
                answer = json.loads(receiver.recv_bytes())  # type: ignore[union-attr]
            except EOFError:
                receivers.remove(receiver)
                continue
            if "errno" in answer:
                raise OSError(answer["errno"], answer["error"])
            if "error" in answer:
                raise BY_EXIT_CODE[answer["exit_code"]](answer["error"])
            count += 1
            yield answer["position"], answer["result"]
    if count < expected:
        raise DailiesError("a worker process was lost, perhaps for want of memory; its log says more")
