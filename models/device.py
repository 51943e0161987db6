"""The machine that trains: which device, how many threads, which precision. The only place that asks."""

import ctypes
import math
import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from project.errors import UsageError

M_TRIM_THRESHOLD, M_TOP_PAD, M_MMAP_THRESHOLD = -1, -2, -3  # glibc, malloc.h
KEEPING = {M_TRIM_THRESHOLD: 2**31 - 1, M_TOP_PAD: 2**27, M_MMAP_THRESHOLD: 2**30}  # bytes


@dataclass(frozen=True, slots=True)
class Device:
    """Where tensors live, and whether the arithmetic of a forward pass may be done in half precision."""

    device: torch.device
    mixed: bool

    def put(self, batch: Mapping[str, np.ndarray]) -> dict[str, Tensor]:
        """The arrays of a batch as tensors on the device."""
        return {name: tensor(array).to(self.device, non_blocking=True) for name, array in batch.items()}

    def autocast(self) -> AbstractContextManager[object]:
        """The context of a forward pass. bfloat16 keeps the range of float32, so no loss scaling is needed."""
        return torch.autocast(self.device.type, torch.bfloat16) if self.mixed else nullcontext()

    def seed(self, value: int) -> None:
        """Start the generator that dropout draws from."""
        generators = torch.cuda.default_generators if self.device.type == "cuda" else (torch.default_generator,)
        generators[self.device.index or 0].manual_seed(value)


def prepare(precision: str = "auto", *, small: bool = False) -> Device:
    """The GPU when there is one, else the processor with its threads and its allocator set.

    `precision` is auto, full or mixed; mixed is what auto means on CUDA, and nothing on a processor. `small` work gets
    one thread: beside other busy processes threads that wait for each other at every operation waste most of their
    time. A step of a small network on 2 cores took 6 ms with one thread and 4 ms with two on an idle machine, 29 ms and
    353 ms on a loaded one.
    """
    if torch.cuda.is_available():
        return Device(torch.device("cuda", 0), mixed=precision != "full")
    torch.set_num_threads(threads(small=small))
    _keep_freed_memory()
    return Device(torch.device("cpu"), mixed=False)


def tensor(array: np.ndarray) -> Tensor:
    """The array as a tensor over the same memory; copied where it may not be written to, which torch cannot express."""
    return torch.from_numpy(np.require(array, requirements=["C", "W"]))


def threads(*, small: bool = False) -> int:
    """DAILIES_THREADS, else one for `small` work, else the processor cores this process may use."""
    given = os.environ.get("DAILIES_THREADS")
    if given is None and small:
        return 1
    if given is None:
        allowed = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
        return int(min(allowed, _container_cores()))
    if not given.isdigit() or int(given) < 1:
        raise UsageError(f"DAILIES_THREADS is {given!r}: must be a whole number from 1")
    return int(given)


def _container_cores(quota: Path = Path("/sys/fs/cgroup/cpu.max")) -> float:
    """The processor time a container gets, in whole cores: more threads than that wait for each other."""
    try:
        granted, period = quota.read_text().split()
    except OSError:  # no container, or not Linux
        return math.inf
    return math.inf if granted == "max" else max(1, int(granted) // int(period))


@contextmanager
def deterministic() -> Iterator[None]:
    """Ask torch for the algorithms that give the same bits again; the setting before is put back."""
    debugging: Any = torch.utils.deterministic
    before, filled = torch.are_deterministic_algorithms_enabled(), debugging.fill_uninitialized_memory
    torch.use_deterministic_algorithms(True, warn_only=True)
    debugging.fill_uninitialized_memory = False  # it costs a pass over each new buffer
    try:
        yield
    finally:
        torch.use_deterministic_algorithms(before)
        debugging.fill_uninitialized_memory = filled


def _keep_freed_memory() -> None:
    """Have glibc keep the large buffers of a step: returned to the kernel, each page would be cleared again."""
    if sys.platform != "linux":
        return
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)  # musl has none
    if mallopt is not None:
        for parameter, value in KEEPING.items():
            mallopt(parameter, value)
