"""Work on several cores: all results, or the error of one."""

import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from media import folders, parallel
from project.errors import DailiesError, NoSpace

ROOT = Path(__file__).parent.parent


@pytest.mark.parametrize("workers", [1, 2, 9])
def test_every_item_is_done_once(workers: int) -> None:
    found = dict(parallel.each(lambda item: {"square": item * item}, range(7), workers))
    assert found == {i: {"square": i * i} for i in range(7)}


def test_nothing_to_do() -> None:
    assert list(parallel.each(str, [], 4)) == []


@pytest.mark.parametrize("workers", [1, 2])
def test_an_error_keeps_its_kind_and_message(workers: int) -> None:
    def work(item: int) -> int:
        if item == 3:
            raise NoSpace("the disk is full")
        return item

    with pytest.raises(NoSpace, match="the disk is full"):
        list(parallel.each(work, range(6), workers))


def test_a_full_disk_is_told_from_other_processes(tmp_path: Path) -> None:
    def work(item: int) -> None:
        with Path("/dev/full").open("wb", buffering=0) as full:
            full.write(b"x")

    with pytest.raises(NoSpace, match="no space left"), folders.replacing(tmp_path / "out"):
        list(parallel.each(work, range(6), 2))


def test_a_lost_process_is_an_error() -> None:
    with pytest.raises(DailiesError, match="a worker process was lost"):
        list(parallel.each(lambda item: os._exit(9) if item == 3 else item, range(6), 2))


def test_workers_end_with_a_caller_that_is_killed(tmp_path: Path) -> None:
    code = (
        "import os, sys, time\nfrom pathlib import Path\nfrom media import parallel\n"
        "def work(item):\n    Path(sys.argv[1], str(os.getpid())).touch()\n    time.sleep(60)\n"
        "if __name__ == '__main__': list(parallel.each(work, range(4), 2))\n"
    )
    (tmp_path / "caller.py").write_text(code)
    (tmp_path / "workers").mkdir()
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    with subprocess.Popen([sys.executable, tmp_path / "caller.py", tmp_path / "workers"], env=env) as caller:
        wait_until(lambda: len(list((tmp_path / "workers").iterdir())) == 2)
        caller.kill()
    workers = [int(path.name) for path in (tmp_path / "workers").iterdir()]
    wait_until(lambda: not any(psutil.pid_exists(worker) for worker in workers))
    assert len(workers) == 2 and not [worker for worker in workers if psutil.pid_exists(worker)]


def wait_until(true: Callable[[], bool], within_s: float = 30) -> None:
    until = time.monotonic() + within_s
    while not true():
        assert time.monotonic() < until, "it never came true"
        time.sleep(0.05)
