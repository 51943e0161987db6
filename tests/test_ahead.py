"""Batches taken ahead: in order, errors at their place, no thread left behind."""

import contextlib
import threading
import time
from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.ahead import ahead


@settings(max_examples=30, deadline=None)
@given(count=st.integers(0, 30), threads=st.integers(1, 4), depth=st.integers(0, 5))
def test_the_order_is_that_of_the_items(count: int, threads: int, depth: int) -> None:
    def slow_at_first(item: int) -> int:
        time.sleep(0.002 if item % 5 == 0 else 0)
        return item * item

    assert list(ahead(slow_at_first, range(count), threads=threads, depth=depth)) == [i * i for i in range(count)]


def test_no_more_is_under_way_than_asked_for() -> None:
    asked: list[int] = []

    def items() -> Iterator[int]:
        for number in range(20):
            asked.append(number)
            yield number

    with contextlib.closing(ahead(abs, items(), depth=3)) as running:
        assert [next(running), next(running)] == [0, 1]
        assert asked == [0, 1, 2, 3, 4]


def test_an_error_comes_up_at_its_place() -> None:
    def fail_at_3(item: int) -> int:
        if item == 3:
            raise OSError("the disk is gone")
        return item

    running, seen = ahead(fail_at_3, range(9)), []
    with pytest.raises(OSError, match="the disk is gone"):
        seen.extend(iter(lambda: next(running), None))
    assert seen == [0, 1, 2]


@pytest.mark.parametrize("threads", [1, 3])
def test_no_thread_outlives_an_iterator_that_is_closed(threads: int) -> None:
    before, made = threading.active_count(), []
    with contextlib.closing(ahead(made.append, range(1000), threads=threads)) as running:
        next(running)
        assert threading.active_count() > before
    assert threading.active_count() == before and len(made) < 10
