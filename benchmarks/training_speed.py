"""What the fitting loop costs: its steps against a bare torch loop over tensors that are already in memory.

    python -m benchmarks.training_speed

Both sides train the same network, with the same optimizer and batch, on pictures of MNIST's size. They take turns, so
that a busy machine slows both; the ratio of median times comes first. Ours also draws the order, seeds dropout, sets
the rate, checks and sums the loss, ticks, and reads its samples from arrays or from memory-mapped files.
"""

import dataclasses
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from torch.nn import functional

from models import device, fit, losses, networks, optimizers, toy
from models.data import InMemory
from models.fit import Job
from models.settings import Training, setting

SAMPLES, BATCH, REPEATS = 4096, 128, 9


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class Settings(Training):
    width: int = setting(32)
    dropout: float = setting(0.1)


def main() -> None:
    """Measure and print."""
    device.prepare()
    settings = Settings(epochs=1, batch=BATCH)
    samples = toy.pictures(SAMPLES, side=28, classes=10)
    with tempfile.TemporaryDirectory() as folder:
        sides: dict[str, Callable[[], float]] = {
            "bare loop": lambda: bare(settings, samples),
            "supervised, in memory": lambda: ours(settings, samples),
            "supervised, memory-mapped": lambda: ours(settings, mapped(samples, Path(folder))),
        }
        times = take_turns(sides)
    tell(times)


def tell(times: dict[str, list[float]]) -> None:
    """Print the ratios, then the samples per second of each side."""
    median = {name: statistics.median(values) for name, values in times.items()}
    for name in list(times)[1:]:
        print(f"ratio {median['bare loop'] / median[name]:.3f}  {name}")
    machine = f"{torch.get_num_threads()} threads, torch {torch.__version__}"
    print(f"\n{machine}, batch {BATCH}, {SAMPLES} pictures of 28 px, {REPEATS} turns")
    for name, values in times.items():
        slowest, fastest = SAMPLES / max(values), SAMPLES / min(values)
        print(f"{SAMPLES / median[name]:7.0f} samples/s  {name}  (from {slowest:.0f} to {fastest:.0f})")


def take_turns(sides: dict[str, Callable[[], float]]) -> dict[str, list[float]]:
    """Seconds of each side in each turn, after a turn that is not counted."""
    turns = [{name: run() for name, run in sides.items()} for _ in range(1 + REPEATS)]
    return {name: [turn[name] for turn in turns[1:]] for name in sides}


def bare(settings: Settings, samples: InMemory) -> float:
    """Seconds for an epoch of the shortest loop that trains."""
    net = networks.build("cnn", settings, toy.facts(samples)).train()
    optimizer = optimizers.build(net, settings)
    batch = samples.take(np.arange(SAMPLES))
    images, labels = torch.from_numpy(batch["image"]), torch.from_numpy(batch["label"])
    start = time.perf_counter()
    for first in range(0, SAMPLES, BATCH):
        optimizer.zero_grad()
        loss = functional.cross_entropy(net(images[first : first + BATCH]), labels[first : first + BATCH])
        torch.autograd.backward(loss)
        optimizer.step()
    return time.perf_counter() - start


def ours(settings: Settings, samples: InMemory) -> float:
    """Seconds for an epoch of `fit.supervised`, its preparation included."""
    facts = toy.facts(samples)
    nobody = samples.where(np.zeros(SAMPLES, dtype=bool))
    job = Job(
        net=networks.build("cnn", settings, facts), settings=settings, facts=facts, train=samples, validation=nobody
    )
    start = time.perf_counter()
    fit.supervised(job, loss=losses.cross_entropy)
    return time.perf_counter() - start


def mapped(samples: InMemory, folder: Path) -> InMemory:
    """The same samples, with pictures that are read from a file as they are needed."""
    path = folder / "images.npy"
    batch = samples.take(np.arange(SAMPLES))
    if not path.exists():
        np.save(path, batch["image"])
    return InMemory({"image": np.load(path, mmap_mode="r"), "label": batch["label"]})


if __name__ == "__main__":
    main()
