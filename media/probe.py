"""First sight of a file happens in a process of its own, with limits: what breaks there costs one asset, which is named."""

import json
import os
import queue
import select
import signal
import struct
import subprocess
import sys
import time
from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from media import probe_worker
from media.probes import kinds
from project.errors import DailiesError, UsageError
from project.params import listing

Probed = Mapping[str, Any]
"""Catalog columns of one asset, or `{"reason": …}`."""

CHUNK_ASSETS = 256
CHUNK_BYTES = 4 << 20
START_S = 60.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Limits:
    """What one asset may cost."""

    memory_bytes: int = 2 << 30
    cpu_s: int = 20
    wall_s: float = 60.0


class Pool:
    """A few limited processes that examine assets. Use it in a `with`: they end with it."""

    def __init__(self, module: str, *, workers: int = 2, limits: Limits | None = None) -> None:
        self._workers = [_Worker(module, limits or Limits()) for _ in range(workers)]
        self._idle: queue.SimpleQueue[_Worker] = queue.SimpleQueue()
        self._threads = ThreadPoolExecutor(workers)
        for worker in self._workers:
            self._idle.put(worker)

    def __enter__(self) -> "Pool":
        return self

    def __exit__(self, *_: object) -> None:
        for worker in self._workers:
            worker.stop()
        self._threads.shutdown(cancel_futures=True)

    def probe(self, assets: Iterable[tuple[str, bytes]]) -> Iterator[tuple[str, Probed]]:
        """(name, bytes) of each asset → (name, what it is), in the same order. Only a few chunks are in memory."""
        waiting: deque[tuple[list[str], Future[list[Probed]]]] = deque()
        for names, contents in _chunks(assets):
            waiting.append((names, self._threads.submit(self._examine, contents)))
            if len(waiting) > 2 * len(self._workers):
                yield from _finished(*waiting.popleft())
        while waiting:
            yield from _finished(*waiting.popleft())

    def _examine(self, contents: list[bytes]) -> list[Probed]:
        worker = self._idle.get()
        try:
            return worker.examine(contents)
        finally:
            self._idle.put(worker)


def pool(kind: str) -> Pool:
    """The pool for a media kind. Raises UsageError when no file in media/probes/ knows it."""
    if kind not in kinds():
        raise UsageError(
            f"kind {kind!r} cannot be checked yet: it is no file in media/probes/; {listing(kind, kinds())}"
        )
    return Pool(f"media.probes.{kind}")


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


class _Worker:
    """One process, started when first needed and again after it was lost."""

    def __init__(self, module: str, limits: Limits) -> None:
        self._command = [sys.executable, "-m", probe_worker.__name__, module]
        self._command.append(json.dumps({"memory_bytes": limits.memory_bytes, "cpu_s": limits.cpu_s}))
        self._limits = limits
        self._process: subprocess.Popen[bytes] | None = None
        self._received = b""

    def examine(self, contents: Sequence[bytes]) -> list[Probed]:
        results: list[Probed] = []
        while len(results) < len(contents):
            results += self._examine_until_lost(contents[len(results) :])
        return results

    def stop(self) -> int:
        """End the process and return how it ended."""
        if self._process is None:
            return 0
        process, self._process = self._process, None
        self._received = b""
        process.kill()
        for pipe in (process.stdin, process.stdout):
            _close(pipe)
        return process.wait()

    def _examine_until_lost(self, contents: Sequence[bytes]) -> list[Probed]:
        """At least one result; less than all of them when the process was lost at the last one."""
        process = self._started()
        results: list[Probed] = []
        try:
            _send(process, contents)
            for _ in contents:
                results.append(json.loads(self._line(self._limits.wall_s)))
        except TimeoutError:
            self.stop()
            results.append({"reason": f"decoding it takes longer than {self._limits.wall_s:g} s"})
        except (EOFError, BrokenPipeError):
            results.append({"reason": self._why_lost(process)})
        return results

    def _started(self) -> subprocess.Popen[bytes]:
        if self._process is not None:
            return self._process
        root = str(Path(__file__).parents[1])
        path = os.pathsep.join([root, *filter(None, [os.environ.get("PYTHONPATH")])])
        self._process = subprocess.Popen(
            self._command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={**os.environ, "PYTHONPATH": path},
        )
        try:
            self._line(START_S)
        except (EOFError, TimeoutError):
            self.stop()
            raise DailiesError(
                f"the checking process does not start; try: {' '.join(self._command[:4])} '{{}}'"
            ) from None
        return self._process

    def _line(self, wall_s: float) -> bytes:
        """The next line. Raises EOFError when the process is gone, TimeoutError when it is silent for `wall_s`."""
        assert self._process is not None and self._process.stdout is not None
        descriptor, until = self._process.stdout.fileno(), time.monotonic() + wall_s
        while b"\n" not in self._received:
            if not select.select([descriptor], [], [], max(until - time.monotonic(), 0))[0]:
                raise TimeoutError
            piece = os.read(descriptor, 1 << 16)
            if not piece:
                raise EOFError
            self._received += piece
        line, _, self._received = self._received.partition(b"\n")
        return line

    def _why_lost(self, process: subprocess.Popen[bytes]) -> str:
        process.wait()
        code = self.stop() or process.returncode
        if -code == signal.SIGXCPU:
            return f"decoding it takes more than {self._limits.cpu_s} s of processor time"
        how = signal.Signals(-code).name if code < 0 else f"exit {code}"
        return f"it crashes the decoder ({how})"


def _send(process: subprocess.Popen[bytes], contents: Sequence[bytes]) -> None:
    assert process.stdin is not None
    process.stdin.write(struct.pack(f"<{len(contents) + 1}Q", len(contents), *map(len, contents)))
    process.stdin.writelines(contents)
    process.stdin.flush()


def _close(pipe: Any) -> None:
    try:
        pipe.close()
    except BrokenPipeError:  # what was still buffered is of no use to a process that is gone
        return
