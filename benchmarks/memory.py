"""Memory while a source larger than it is brought in: `python -m benchmarks.memory [--gigabytes 5]`.

Sounds of 2 MB each. Prints the peak of resident memory, of this process with all of its children, for a fifth of the
source and for all of it: what grows with the source would show as a difference.
"""

import argparse
import shutil
import tempfile
import threading
import time
from pathlib import Path

import numpy as np
import psutil
import soundfile

from media import sources
from media.ingest import ingest
from project.source import Source

SAMPLES, RATE_HZ = 1 << 20, 48_000
LOOK_S = 0.02


def fill(folder: Path, first: int, last: int) -> None:
    """Write noise, one sound a number."""
    folder.mkdir(exist_ok=True)
    for number in range(first, last):
        noise = np.random.default_rng(number).integers(-(2**12), 2**12, SAMPLES, np.int16)
        soundfile.write(folder / f"{number:06}.wav", noise, RATE_HZ)


class Peak:
    """The most memory that this process and its children have held at once, in bytes, while the block ran."""

    def __enter__(self) -> "Peak":
        self.bytes, self._ended = 0, threading.Event()
        self._thread = threading.Thread(target=self._look)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join()

    def _look(self) -> None:
        me = psutil.Process()
        while not self._ended.wait(LOOK_S):
            held = 0
            for process in (me, *me.children(recursive=True)):
                try:
                    held += process.memory_info().rss
                except psutil.NoSuchProcess:
                    continue
            self.bytes = max(self.bytes, held)


def measured(place: Path) -> tuple[float, float]:
    """Peak in bytes and seconds of one ingest from nothing."""
    source = Source.model_validate(
        {"kind": "audio", "licence": "CC0-1.0", "path": str(place / "files"), "label": {"none": True}}
    )
    reader = sources.open_source("b", source, project=place, mirror=None, downloads=place)
    started = time.perf_counter()
    with Peak() as peak:
        ingest("b", source, reader, place / "assets", lambda *_: None, refusals=place / "refused.csv")
    took = time.perf_counter() - started
    shutil.rmtree(place / "assets")
    return peak.bytes, took


def main() -> None:
    """Measure in a temporary folder, which needs twice the size."""
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("--gigabytes", type=float, default=5)
    count = round(asked.parse_args().gigabytes * 1e9 / (2 * SAMPLES))
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        fill(place / "files", 0, count // 5)
        few, _ = measured(place)
        fill(place / "files", count // 5, count)
        many, took = measured(place)
    size = count * 2 * SAMPLES
    print(f"{many / few:.2f}  peak memory for {size / 1e9:.1f} GB, {many / 1e6:,.0f} MB, over that for a fifth of it,")
    print(f"      {few / 1e6:,.0f} MB; {took:.1f} s, {size / took / 1e6:,.0f} MB/s")


if __name__ == "__main__":
    main()
