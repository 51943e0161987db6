"""Work on several cores through joblib: processes of this machine, or whatever backend `joblib.parallel_config` names."""

import functools
import os
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any, TypeVar

from project.errors import DailiesError

T = TypeVar("T")
R = TypeVar("R")


def cores() -> int:
    """How many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def each(work: Callable[[T], R], items: Sequence[T], workers: int) -> Iterator[tuple[int, R]]:
    """(position, `work(item)`) of each item, in the order in which they end. One worker means this very process.

    Raises what `work` raised, or a DailiesError that says a process was lost.
    """
    workers = min(workers, len(items))
    if workers <= 1:
        yield from ((position, work(item)) for position, item in enumerate(items))
        return
    from joblib import Parallel, delayed  # takes a moment, and small work needs none of it
    from joblib.externals.loky.process_executor import TerminatedWorkerError

    pool = Parallel(n_jobs=workers, return_as="generator_unordered", batch_size=1)
    try:
        yield from pool(delayed(_numbered)(work, position, item) for position, item in enumerate(items))
    except TerminatedWorkerError:
        raise DailiesError("a worker process was lost, perhaps for want of memory; its log says more") from None


def _numbered(work: Callable[[T], Any], position: int, item: T) -> tuple[int, Any]:
    _end_with_the_caller(os.getpid())
    return position, work(item)


@functools.cache
def _end_with_the_caller(worker: int) -> None:
    """A caller that was killed cannot end this worker: it looks for it once a second. Once for each process."""
    threading.Thread(target=_watch, args=(os.getppid(),), daemon=True).start()


def _watch(caller: int) -> None:
    while os.getppid() == caller:
        time.sleep(1)
    os._exit(1)
