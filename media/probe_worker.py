"""The process in which files are decoded for the first time: `python -m media.probe_worker <module> <limits>`.

Reads chunks from stdin: a count, the sizes (all 64-bit little-endian), then the bytes of the assets.
Writes one line of JSON for each asset as soon as it is examined, so that what stops this process is known by its place.
"""

import importlib
import json
import os
import resource
import struct
import sys
import time
from typing import Any, BinaryIO

READY = b"ready\n"


def main(module: str, limits: str) -> None:
    """Serve until stdin ends. `limits` is JSON: memory_bytes and cpu_s."""
    probe = importlib.import_module(module).probe
    answers = _private_stdout()
    allowed = json.loads(limits)
    _limit(allowed["memory_bytes"])
    os.write(answers, READY)
    while sizes := _sizes(sys.stdin.buffer):
        for data in [sys.stdin.buffer.read(size) for size in sizes]:
            _limit_processor(allowed["cpu_s"])
            _answer(answers, probe(data))


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


def _limit_processor(cpu_s: int) -> None:
    """The next asset may take `cpu_s` seconds; the kernel counts from the start of the process."""
    _, hard = resource.getrlimit(resource.RLIMIT_CPU)
    resource.setrlimit(resource.RLIMIT_CPU, (int(time.process_time()) + 1 + cpu_s, hard))


def _sizes(stream: BinaryIO) -> tuple[int, ...]:
    count = stream.read(8)
    return (
        struct.unpack(f"<{struct.unpack('<Q', count)[0]}Q", stream.read(8 * struct.unpack("<Q", count)[0]))
        if count
        else ()
    )


def _answer(descriptor: int, found: dict[str, Any]) -> None:
    line = json.dumps(found).encode() + b"\n"
    while line:
        line = line[os.write(descriptor, line) :]


if __name__ == "__main__":
    main(*sys.argv[1:])
