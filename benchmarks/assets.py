"""20,000 small pictures brought in and versioned, against `dvc add` of the loose files: `python -m benchmarks.assets`.

    python -m benchmarks.assets [--files 20000] [--rounds 3]

Both sides hash, keep in DVC's cache and push to a folder remote through DVC's own API, in this process, so that no
start of Python counts; ours also decodes every picture, catalogs it and packs the bytes. Each round starts from nothing:
an empty repository, cache and remote. Then one file is changed, and last a fresh clone pulls from the remote.
"""

import argparse
import contextlib
import hashlib
import io
import os
import shutil
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from media import sources
from media.ingest import ingest
from media.seen import Memory
from project.source import Source

SIDE_PX = 96
SETTLE_S = 2.5
SOURCE = {"kind": "image", "licence": "CC0-1.0"}


def picture(number: int) -> bytes:
    """A JPEG of about 5 kB: soft colours with some grain, as photographs have."""
    draw = np.random.default_rng(number)
    soft = Image.fromarray(draw.integers(0, 256, (12, 12, 3), np.uint8)).resize(
        (SIDE_PX, SIDE_PX), Image.Resampling.BICUBIC
    )
    grain = draw.integers(-18, 19, (SIDE_PX, SIDE_PX, 1))
    file = io.BytesIO()
    Image.fromarray(np.clip(np.asarray(soft) + grain, 0, 255).astype(np.uint8)).save(file, "JPEG", quality=87)
    return file.getvalue()


def fill(folder: Path, count: int) -> None:
    """Write the pictures in ten folders, one a label."""
    for number in range(count):
        path = folder / str(number % 10) / f"{number:06}.jpg"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(picture(number))


def seconds(work: Callable[[], Any]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


@contextlib.contextmanager
def repository(folder: Path) -> Iterator[Any]:
    """A git and DVC repository with an empty cache and an empty folder remote."""
    from dvc.repo import Repo

    subprocess.run(["git", "init", "-q", folder], check=True)
    with Repo.init(str(folder)) as repo, repo.config.edit() as config:
        config["core"] |= {"analytics": False, "check_update": False, "remote": "here"}
        config["cache"] = {"type": ["reflink", "hardlink", "copy"]}
        config["remote"]["here"] = {"url": str(folder.with_name(f"{folder.name}-remote"))}
    with Repo(str(folder)) as repo:
        yield repo


def ours(place: Path, files: Path) -> dict[str, float]:
    """Seconds of each part with ingest."""
    with repository(place / "ours") as repo:
        memory = Memory(place / "seen.arrow", "benchmark")
        out = place / "ours" / "assets"

        def bring() -> None:
            source = Source.model_validate({**SOURCE, "path": str(files)})
            reader = sources.open_source("b", source, project=place, mirror=None, downloads=place)
            previous = out if out.exists() else None
            kept: dict[str, Any] = {"refusals": place / "refused.csv", "previous": previous, "memory": memory}
            ingest("b", source, reader, out, lambda *_: None, **kept)

        def version() -> None:
            repo.add([str(out)])

        took = {"bring": seconds(bring), "version": seconds(version), "push": seconds(repo.push)}
        took["pull"] = pulled(place / "ours")
        change(files)
        return took | {"bring again": seconds(bring), "version again": seconds(version)}


def loose(place: Path, files: Path) -> dict[str, float]:
    """Seconds of each part with `dvc add`."""
    with repository(place / "loose") as repo:
        copy = place / "loose" / "files"
        shutil.copytree(files, copy)

        def version() -> None:
            repo.add([str(copy)])

        took = {"version": seconds(version), "push": seconds(repo.push), "pull": pulled(place / "loose")}
        change(copy)
        return took | {"version again": seconds(version)}


def change(files: Path) -> None:
    """Another picture in the place of one, as a new file: those of DVC may be links into its cache."""
    path = next(iter(sorted(files.rglob("*.jpg"))))
    path.unlink()
    path.write_bytes(picture(time.time_ns() % 10**9 + 10**9))


def pulled(repository: Path) -> float:
    """Seconds of `dvc pull` in a fresh clone."""
    from dvc.repo import Repo

    clone = repository.with_name(f"{repository.name}-clone")
    who = ["-c", "user.name=benchmark", "-c", "user.email=benchmark@localhost"]
    subprocess.run(["git", "-C", repository, "add", "-A"], check=True, capture_output=True)
    subprocess.run(["git", "-C", repository, *who, "commit", "-qm", "versioned"], check=True)
    subprocess.run(["git", "clone", "-q", repository, clone], check=True)
    with Repo(str(clone)) as repo:
        return seconds(repo.pull)


def read_and_hash(files: Path) -> None:
    """The floor: every file read and hashed, and nothing kept."""
    for folder in sorted(os.scandir(files), key=lambda entry: entry.name):
        for entry in sorted(os.scandir(folder.path), key=lambda entry: entry.name):
            hashlib.sha256(Path(entry.path).read_bytes()).hexdigest()


def main() -> None:
    """Measure in a temporary folder, and print medians of the rounds."""
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("--files", type=int, default=20_000)
    asked.add_argument("--rounds", type=int, default=3)
    options = asked.parse_args()
    os.environ["DVC_NO_ANALYTICS"] = "1"
    rounds = []
    with tempfile.TemporaryDirectory() as folder:
        files = Path(folder) / "source"
        fill(files, options.files)
        sizes = [path.stat().st_size for path in files.rglob("*.jpg")]
        print(f"{len(sizes):,} pictures of {statistics.mean(sizes):,.0f} bytes on average")
        for number in range(options.rounds):
            place = Path(folder) / str(number)
            place.mkdir()
            time.sleep(SETTLE_S)
            floor = seconds(lambda: read_and_hash(files))
            with contextlib.redirect_stdout(io.StringIO()):  # DVC's advice
                rounds.append(compared(floor, ours(place, files), loose(place, files)))
            shutil.rmtree(place)
    print(f"{'ratio':>6}  {'what':52} {'ours':>8} {'peer':>8}")
    for what in rounds[0]:
        ratio, mine, theirs = (statistics.median(each[what][i] for each in rounds) for i in range(3))
        print(f"{ratio:6.2f}  {what:52} {mine:6.2f} s {theirs:6.2f} s")


def compared(floor: float, mine: dict[str, float], theirs: dict[str, float]) -> dict[str, tuple[float, float, float]]:
    """What → (ratio, ours, peer)."""
    cold = mine["bring"] + mine["version"]
    all_of_it, peer = cold + mine["push"], theirs["version"] + theirs["push"]
    again = mine["bring again"] + mine["version again"]
    return {
        "faster than dvc add + push: ingest + version + push": (peer / all_of_it, all_of_it, peer),
        "faster than dvc pull of loose files, fresh clone": (
            theirs["pull"] / mine["pull"],
            mine["pull"],
            theirs["pull"],
        ),
        "one file changed, part of the cold time": (again / cold, again, cold),
        "one file changed, faster than dvc add": (theirs["version again"] / again, again, theirs["version again"]),
        "ingest, times reading and hashing only": (mine["bring"] / floor, mine["bring"], floor),
    }


if __name__ == "__main__":
    main()
