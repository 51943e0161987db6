"""Questions about a long past, against `gto show` and against walking the history with DVC's API.

    python -m benchmarks.lineage [--versions 10000] [--models 50] [--assets 1000000] [--sources 20] [--generations 5]

The past is synthetic (see `benchmarks/synthetic_history.py`): each source grew four times by a hundredth, so versions of
one model share catalogs and derivations as nightly runs on quiet sources do. Figures of our own come from that size; the
two peers are compared at a size that they finish, in the same process, each after its imports.
"""

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks.synthetic_history import Size, Workspace, asset_ids

ROOT = Path(__file__).resolve().parent.parent
SMALL = Size(versions=100, models=5, assets=20_000, sources=2, generations=2)
ROUNDS = 5
INDEXED = """
import resource, sys, time
from pathlib import Path
from lineage import index
started = time.perf_counter(), time.process_time()
with index.opened(Path(sys.argv[1])): pass
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
print(time.perf_counter() - started[0], time.process_time() - started[1], peak)
"""


def seconds(work: Callable[[], Any]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def median(work: Callable[[], Any]) -> float:
    return statistics.median(seconds(work) for _ in range(ROUNDS))


def indexed(root: Path) -> tuple[float, float, float]:
    """Seconds, seconds of the processor and peak memory in MB of bringing the index up to date, in a process of its own."""
    said = subprocess.run([sys.executable, "-c", INDEXED, root], cwd=ROOT, capture_output=True, text=True, check=True)
    wall, processor, peak = map(float, said.stdout.split())
    return wall, processor, peak


def command(root: Path, *arguments: str) -> float:
    """Seconds of a question as a command, with the start of Python."""
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    line = [sys.executable, "-P", "-m", "studio", "lineage", *arguments, "--json"]
    return median(lambda: subprocess.run(line, cwd=root, env=env, capture_output=True, check=False))


def ours(size: Size, folder: Path) -> None:
    """Index and questions at full size."""
    from lineage import index, standing, tree, why
    from lineage.trace import trace
    from registry import tags

    workspace = Workspace(folder, size)
    workspace.fill()
    wall, processor, peak = indexed(folder)
    kept = sum(path.stat().st_size for path in (folder / ".dailies").glob("lineage.sqlite*")) / 1e6
    print(
        f"index from nothing: {wall:.1f} s ({processor:.1f} s of one core), {peak:.0f} MB at most, {kept:.0f} MB on disk"
    )
    again = []
    for number in range(size.versions, size.versions + 3):
        workspace.one_more(number)
        again.append(indexed(folder)[0])
    print(f"index after one more run: {statistics.median(again):.2f} s (median of {len(again)})")
    asset = asset_ids(size, 0, 2)[7]

    def show() -> None:
        with index.opened(folder) as db:
            tree.of(folder, db, tags.find_in(standing.lines(db, ["m00"]), "m00"))

    def reasons() -> None:
        with index.opened(folder) as db:
            why.why(folder, db, asset)

    holders = len(trace(folder, [asset]).holders)
    print(f"trace: {median(lambda: trace(folder, [asset])):.3f} s for {holders} versions that hold the asset")
    print(f"show: {median(show):.3f} s    why: {median(reasons):.3f} s")
    for arguments in (("show", "m00"), ("trace", asset), ("why", asset)):
        print(f"dailies lineage {arguments[0]}, with the start of Python: {command(folder, *arguments):.2f} s")


def walked(root: Path, asset: str) -> set[str]:
    """The versions that hold an asset, by reading what each tag has, through DVC's own API."""
    import dvc.api
    import pyarrow.compute as pc
    import pyarrow.parquet as pq

    names = subprocess.run(["git", "tag", "-l", "*@*"], cwd=root, capture_output=True, text=True, check=True).stdout
    found = set()
    for tag in names.split():
        path = f"data/shards/{tag.partition('@')[0]}/derivation.parquet"
        with dvc.api.open(path, repo=str(root), rev=tag, mode="rb") as file:
            parents = pq.read_table(file, columns=["parent_ids"])["parent_ids"]
        if pc.any(pc.equal(pc.list_flatten(parents), asset)).as_py():
            found.add(tag)
    return found


def compared(folder: Path) -> None:
    """Ours and the peers on the same small past."""
    from gto import api

    from lineage import index, standing
    from lineage.trace import trace

    Workspace(folder, SMALL).fill()
    asset = asset_ids(SMALL, 0, 1)[3]
    first = seconds(lambda: trace(folder, [asset]))
    mine = median(lambda: trace(folder, [asset]))
    theirs = seconds(lambda: walked(folder, asset))
    assert {holder.tag for holder in trace(folder, [asset]).holders} == walked(folder, asset)
    print(f"{theirs / first:7.1f}  faster than walking {SMALL.versions} versions with DVC: index from nothing + trace "
          f"{first:.2f} s, DVC {theirs:.2f} s")  # fmt: skip
    print(f"{theirs / mine:7.1f}  the next question: trace {mine:.4f} s, DVC {theirs:.2f} s")

    def standings() -> None:
        with index.opened(folder) as db:
            standing.versions(db)

    shown, peer = median(standings), median(lambda: api.show(str(folder)))
    print(f"{peer / shown:7.1f}  faster than gto show of {2 * SMALL.versions} tags: {shown:.4f} s, gto {peer:.3f} s")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--versions", type=int, default=10_000)
    parser.add_argument("--models", type=int, default=50)
    parser.add_argument("--assets", type=int, default=1_000_000)
    parser.add_argument("--sources", type=int, default=20)
    parser.add_argument("--generations", type=int, default=5)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        compared(Path(folder) / "small")
        ours(Size(**vars(asked)), Path(folder) / "large")


if __name__ == "__main__":
    main()
