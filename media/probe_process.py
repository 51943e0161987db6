"""One limited process that examines assets, seen from outside: started when needed, and again after it was lost."""

import json
import os
import select
import signal
import struct
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from media import probe_worker
from project.errors import DailiesError

Probed = Mapping[str, Any]
"""Catalog columns of one asset, or `{"reason": …}`."""

START_S = 60.0
PIECE_BYTES = 1 << 16


@dataclass(frozen=True, kw_only=True, slots=True)
class Limits:
    """What one asset may cost."""

    memory_bytes: int = 2 << 30
    cpu_s: int = 20
    wall_s: float = 60.0


class _Lost(Exception):
    """The process ended or was ended; the message says why in words for a catalog."""


class ProbeProcess:
    """Runs `probe` of `module` on chunks of assets, never in this process; `told` are its named arguments."""

    def __init__(self, module: str, limits: Limits, told: Mapping[str, Any]) -> None:
        allowed = json.dumps({"memory_bytes": limits.memory_bytes, "cpu_s": limits.cpu_s, "told": dict(told)})
        self._command = [sys.executable, "-m", probe_worker.__name__, module, allowed]
        self._limits = limits
        self._process: subprocess.Popen[bytes] | None = None
        self._ready = False
        self._closed = False

    def examine(self, contents: Sequence[bytes]) -> list[Probed]:
        """What each asset is. One that stops the process gets the reason; to find it, each goes through alone."""
        try:
            return self._answers(contents)
        except _Lost as why:
            if len(contents) == 1:
                return [{"reason": str(why)}]
        return [answer for content in contents for answer in self.examine([content])]

    def close(self) -> None:
        """End the process from another thread, for good: what it was examining is given up."""
        self._closed = True
        if self._process is not None:
            self._process.kill()

    def stop(self) -> int:
        """End the process, if there is one, and return how it ended."""
        if self._process is None:
            return 0
        process, self._process = self._process, None
        process.kill()
        code = process.wait()
        for pipe in (process.stdin, process.stdout):
            _close(pipe)
        return code

    def _answers(self, contents: Sequence[bytes]) -> list[Probed]:
        process = self._started()
        assert process.stdin is not None
        try:
            process.stdin.write(struct.pack(f"<{len(contents) + 1}Q", len(contents), *map(len, contents)))
            process.stdin.writelines(contents)
            process.stdin.flush()
            lines = self._lines(process, len(contents), self._limits.wall_s)
        except TimeoutError:
            self.stop()
            raise _Lost(f"decoding it takes longer than {self._limits.wall_s:g} s") from None
        except (EOFError, BrokenPipeError):
            process.wait()
            raise _Lost(self._why(self.stop())) from None
        answers: list[Probed] = json.loads(b"[" + b",".join(lines) + b"]")
        return answers

    def start(self) -> None:
        """Start the process without waiting for it."""
        if self._process is None:
            self._process = self._spawned()
            self._ready = False

    def _started(self) -> subprocess.Popen[bytes]:
        """The process, ready to examine."""
        if self._closed:
            raise DailiesError("the process that checks files was closed")
        self.start()
        assert self._process is not None
        if self._closed:  # by another thread, just now
            self._process.kill()
        if not self._ready:
            try:
                self._lines(self._process, 1, START_S)
            except (EOFError, TimeoutError):
                self.stop()
                tried = " ".join(self._command[1:4])
                raise DailiesError(
                    f"the process that checks files does not start; try: python {tried} '{{}}'"
                ) from None
            self._ready = True
        return self._process

    def _spawned(self) -> subprocess.Popen[bytes]:
        root = str(Path(__file__).parents[1])
        path = os.pathsep.join([root, *filter(None, [os.environ.get("PYTHONPATH")])])
        return subprocess.Popen(
            self._command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={**os.environ, "PYTHONPATH": path, "OPENBLAS_NUM_THREADS": "1"},  # each thread would reserve memory
        )

    def _lines(self, process: subprocess.Popen[bytes], count: int, silence_s: float) -> list[bytes]:
        """The next `count` lines. Raises EOFError when the process is gone, TimeoutError when it is silent too long."""
        assert process.stdout is not None
        descriptor, received, until = process.stdout.fileno(), bytearray(), time.monotonic() + silence_s
        while received.count(b"\n") < count:
            if not select.select([descriptor], [], [], max(until - time.monotonic(), 0))[0]:
                raise TimeoutError
            piece = os.read(descriptor, PIECE_BYTES)
            if not piece:
                raise EOFError
            received += piece
            until = time.monotonic() + silence_s
        return bytes(received).splitlines()

    def _why(self, code: int) -> str:
        if -code == signal.SIGXCPU:
            return f"decoding it takes more than {self._limits.cpu_s} s of processor time"
        return f"it crashes the decoder ({signal.Signals(-code).name if code < 0 else f'exit {code}'})"


def _close(pipe: Any) -> None:
    try:
        pipe.close()
    except BrokenPipeError:  # what was still buffered is of no use to a process that is gone
        return
