"""The process in which files are decoded for the first time: `python -m media.probe_worker <module> <limits>`.

Reads chunks from stdin: a count, the sizes (64-bit little-endian), then the bytes of the assets.
Writes one line of JSON for each asset, in order, at the end of a chunk and at least every FLUSH_S.
"""

import functools
import importlib
import json
import os
import resource
import struct
import sys
import time
from collections.abc import Callable
from typing import Any

READY = b"ready\n"
FLUSH_S = 0.1


def main(module: str, limits: str) -> None:
    """Serve until stdin ends. `limits` is JSON: memory_bytes, cpu_s and what `probe` is told by name."""
    allowed = json.loads(limits)
    probe = functools.partial(importlib.import_module(module).probe, **allowed["told"])
    answers = _private_stdout()
    _limit(allowed["memory_bytes"])
    _write(answers, READY)
    while contents := _chunk():
        _examine(contents, probe, answers, allowed["cpu_s"])


def _private_stdout() -> int:
    """The real stdout, kept from libraries that print."""
    answers = os.dup(1)
    os.dup2(2, 1)
    return answers


def _limit(memory_bytes: int) -> None:
    """No more memory than that, no file written, no core dumped."""
    resource.setrlimit(resource.RLIMIT_AS, (memory_bytes, memory_bytes))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _chunk() -> list[bytes]:
    """The next assets; none at the end of stdin."""
    stream = sys.stdin.buffer
    head = stream.read(8)
    count = struct.unpack("<Q", head)[0] if head else 0
    sizes = struct.unpack(f"<{count}Q", stream.read(8 * count))
    return [stream.read(size) for size in sizes]


def _examine(contents: list[bytes], probe: Callable[[bytes], dict[str, Any]], answers: int, cpu_s: int) -> None:
    lines: list[str] = []
    flushed = time.monotonic()
    for data in contents:
        _limit_processor(cpu_s)
        lines.append(json.dumps(probe(data)) + "\n")
        if time.monotonic() - flushed > FLUSH_S:
            _write(answers, "".join(lines).encode())
            lines, flushed = [], time.monotonic()
    _write(answers, "".join(lines).encode())


def _limit_processor(cpu_s: int) -> None:
    """The next asset may take `cpu_s` seconds; the kernel counts from the start of the process."""
    _, hard = resource.getrlimit(resource.RLIMIT_CPU)
    resource.setrlimit(resource.RLIMIT_CPU, (int(time.process_time()) + 1 + cpu_s, hard))


def _write(descriptor: int, data: bytes) -> None:
    while data:
        data = data[os.write(descriptor, data) :]


if __name__ == "__main__":
    main(*sys.argv[1:])
