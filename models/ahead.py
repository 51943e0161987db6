"""Batches prepared by threads while the last one trains."""

from collections import deque
from collections.abc import Callable, Generator, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

T = TypeVar("T")
U = TypeVar("U")


def ahead(make: Callable[[T], U], items: Iterable[T], *, threads: int = 1, depth: int = 2) -> Generator[U, None, None]:
    """What `make` gives for each item, in the order of the items; up to `depth` more are under way meanwhile.

    What `make` raises comes up at its place. Ended early, nothing new is begun, and no thread outlives the iterator.
    """
    waiting: deque[Future[U]] = deque()
    pool = ThreadPoolExecutor(threads, thread_name_prefix="batches")
    try:
        for item in items:
            waiting.append(pool.submit(make, item))
            if len(waiting) > depth:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    finally:
        pool.shutdown(cancel_futures=True)
