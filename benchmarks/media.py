"""How fast pictures become samples: `python -m benchmarks.media`, with MNIST from DAILIES_MIRROR or digits without it.

Prints wall and processor seconds (of all processes) of each part, beside only reading and hashing the same bytes.
Two cores of an AMD EPYC at a load of 5, MNIST: read and hash 0.5 s, ingest 6.6 s (5.2 s of processor), augment 6.8 s (4.4),
with nothing new 4.0 s and 2.4 s; take 1.4 million samples/s.
"""

import hashlib
import os
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from media import image, sources, variants
from media.augment import Plan, augment
from media.ingest import ingest
from media.shards import Shards
from project import params
from project.params import Split
from project.source import Source

ROOT = Path(__file__).parent.parent
BATCH, BATCHES = 128, 500


def timed(what: str, work: Callable[[], Any]) -> None:
    """Run `work` and print what it took."""
    wall_s, cpu_s = time.perf_counter(), processor_s()
    result = work()
    wall_s, cpu_s = time.perf_counter() - wall_s, processor_s() - cpu_s
    print(f"{what:30} {wall_s:7.2f} s  {cpu_s:7.2f} s of processor  {result}")


def processor_s() -> float:
    """Processor time of this process and of its ended children."""
    spent = os.times()
    return spent.user + spent.system + spent.children_user + spent.children_system


def main() -> None:
    """Measure in a temporary folder."""
    mirror = Path(os.environ["DAILIES_MIRROR"]) if "DAILIES_MIRROR" in os.environ else None
    name, size, section = ("mnist", 28, {}) if mirror else ("handwritten_digits", 16, {"copies": 3, "rotate_deg": 10})
    source = params.read(ROOT / "params.yaml").source(name)
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        reader = sources.open_source(name, source, project=ROOT, mirror=mirror, downloads=place)
        timed("fingerprint", lambda: reader.fingerprint()[:8])
        timed("only read and hash", lambda: sum(bool(hashlib.sha256(item.load())) for item in reader.items()))
        refusals = place / "refused.csv"
        timed("ingest", lambda: ingest(name, source, reader, place / "a", silent, refusals=refusals)["status"])
        timed("ingest, nothing new", lambda: _again(name, source, reader, place))
        plan = Plan(
            read=lambda data, row, settings: {"image": image.square(data, size, False)},
            fields={"image": image.field(size, False)},
            settings=None,
            variants=variants.resolve(section, image.OPERATIONS),
            split=Split(),
        )
        timed("augment", lambda: augment(place / "a", place / "s", plan, silent)["counts"])
        timed(
            "augment, nothing new",
            lambda: augment(place / "a", place / "t", plan, silent, previous=place / "s")["counts"],
        )
        timed(f"take {BATCH} at random, {BATCHES} times", lambda: take(Shards(place / "s")))


def _again(name: str, source: Source, reader: sources.Reader, place: Path) -> Any:
    kept = {"refusals": place / "refused.csv", "previous": place / "a"}
    return ingest(name, source, reader, place / "b", silent, **kept)["status"]


def silent(done: int, total: int) -> None:
    """Progress that nobody sees."""


def take(shards: Shards) -> str:
    """Samples a second from random places of the training split."""
    train, draw = shards.split("train"), np.random.default_rng(0)
    asked = [draw.integers(0, len(train), BATCH) for _ in range(BATCHES)]
    started = time.perf_counter()
    for indices in asked:
        train.take(indices)
    return f"{BATCH * BATCHES / (time.perf_counter() - started):,.0f} samples/s"


if __name__ == "__main__":
    main()
