"""First sight of a file: it is decoded in a limited process, so what breaks there costs one asset, which is named."""

import importlib
import inspect
import queue
from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

from media import parallel, probes
from media.probe_process import Limits, Probed, ProbeProcess
from project.errors import UsageError
from project.params import listing

CHUNK_ASSETS = 256
CHUNK_BYTES = 4 << 20
MOST_PROCESSES = 4


class Pool:
    """A few limited processes that examine assets. Use it in a `with`: they end with it.

    `told` is what the source declares of its files; the probe gets it as named arguments.
    """

    def __init__(
        self,
        module: str,
        told: Mapping[str, Any] | None = None,
        *,
        workers: int | None = None,
        limits: Limits | None = None,
    ) -> None:
        workers = workers or min(MOST_PROCESSES, parallel.cores())
        self._processes = [ProbeProcess(module, limits or Limits(), told or {}) for _ in range(workers)]
        self._idle: queue.LifoQueue[ProbeProcess] = queue.LifoQueue()
        self._threads = ThreadPoolExecutor(workers)
        for process in self._processes:
            self._idle.put(process)

    def __enter__(self) -> "Pool":
        return self

    def __exit__(self, *_: object) -> None:
        for process in self._processes:
            process.close()
        self._threads.shutdown(cancel_futures=True)
        for process in self._processes:
            process.stop()

    def start(self, count: int | None = None) -> None:
        """Start so many processes, or all, while this one has other work; else each starts with its first chunk."""
        for process in self._processes[-count if count else 0 :]:  # the last one is the first to be used
            process.start()

    def probe(self, assets: Iterable[tuple[str, bytes]]) -> Iterator[tuple[str, Probed]]:
        """(name, bytes) of each asset → (name, what it is), in the same order. Only a few chunks are in memory."""
        waiting: deque[tuple[list[str], Future[list[Probed]]]] = deque()
        for names, contents in _chunks(assets):
            waiting.append((names, self._threads.submit(self._examine, contents)))
            if len(waiting) > 2 * len(self._processes):
                yield from _finished(*waiting.popleft())
        while waiting:
            yield from _finished(*waiting.popleft())

    def _examine(self, contents: list[bytes]) -> list[Probed]:
        process = self._idle.get()
        try:
            return process.examine(contents)
        finally:
            self._idle.put(process)


def pool(kind: str, told: Mapping[str, Any] | None = None) -> Pool:
    """The pool for a media kind. Raises UsageError when no file in media/probes/ knows it."""
    module = _module(kind)
    limits = getattr(importlib.import_module(module), "LIMITS", None)
    return Pool(module, _understood(module, told), limits=limits)


def version(kind: str, told: Mapping[str, Any] | None = None) -> str:
    """Names what the probe of a media kind would say: an earlier answer of the same version holds."""
    module = _module(kind)
    said: str = importlib.import_module(module).VERSION
    return said + "".join(f", {name} {value}" for name, value in sorted(_understood(module, told).items()))


def suffixes(kind: str) -> Mapping[str, Sequence[str]]:
    """Format → what its files may be called; a file with a suffix of another format is refused."""
    known: Mapping[str, Sequence[str]] = importlib.import_module(_module(kind)).SUFFIXES
    return known


def _module(kind: str) -> str:
    known = probes.kinds()
    if kind not in known:
        raise UsageError(
            f"kind {kind!r} cannot be checked yet: no file in media/probes/ knows it; {listing(kind, known)}"
        )
    return f"media.probes.{kind}"


def _understood(module: str, told: Mapping[str, Any] | None) -> dict[str, Any]:
    """What of `told` concerns a kind: the arguments that its probe takes."""
    takes = inspect.signature(importlib.import_module(module).probe).parameters
    return {name: value for name, value in (told or {}).items() if name in takes}


def refusals(paths: Sequence[Path], kind: str) -> list[str]:
    """Why each file cannot be used; empty where it can."""
    reasons = dict.fromkeys(map(str, paths), "")
    with pool(kind) as processes:
        for path, found in processes.probe(_contents(paths, reasons)):
            reasons[path] = found.get("reason", "")
    return [reasons[str(path)] for path in paths]


def _contents(paths: Sequence[Path], reasons: dict[str, str]) -> Iterator[tuple[str, bytes]]:
    for path in paths:
        try:
            yield str(path), path.read_bytes()
        except OSError as error:
            reasons[str(path)] = f"cannot be read: {error.strerror}"


def _finished(names: list[str], future: Future[list[Probed]]) -> Iterator[tuple[str, Probed]]:
    return zip(names, future.result(), strict=True)


def _chunks(assets: Iterable[tuple[str, bytes]]) -> Iterator[tuple[list[str], list[bytes]]]:
    names: list[str] = []
    contents: list[bytes] = []
    size = 0
    for name, content in assets:
        names.append(name)
        contents.append(content)
        size += len(content)
        if len(names) == CHUNK_ASSETS or size >= CHUNK_BYTES:
            yield names, contents
            names, contents, size = [], [], 0
    if names:
        yield names, contents
