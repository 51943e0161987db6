"""Work on several cores: all results, or the error of one."""

import os
from pathlib import Path

import pytest

from media import folders, parallel
from project.errors import DailiesError, NoSpace


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
