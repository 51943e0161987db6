"""Which of several due runs begins."""

from flows.begin import newest


def test_of_two_runs_due_in_one_second_the_later_is_the_newest() -> None:
    whole = {"id": "b", "expected_start_time": "2026-11-22T03:38:00Z"}
    half = {"id": "a", "expected_start_time": "2026-11-22T03:38:00.500000Z"}
    before = {"id": "c", "expected_start_time": "2026-11-22T03:37:59.999999Z"}
    assert newest([whole, half, before]) is half
    assert newest([whole, before]) is whole
