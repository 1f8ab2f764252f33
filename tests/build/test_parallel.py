"""Every item is done once, several at a time, and an end of any kind ends all of it."""

import threading
from typing import Any

import pytest

from build.parallel import in_parallel

PATIENCE = 10
"""Seconds."""


def test_every_item_is_done_once() -> None:
    assert sorted(in_parallel(lambda number: number * 2, range(100))) == [number * 2 for number in range(100)]


def test_no_items_take_no_threads() -> None:
    assert list(in_parallel(lambda _: 1, [])) == []


def test_several_are_done_at_a_time() -> None:
    together = threading.Barrier(4, timeout=PATIENCE)
    assert sorted(in_parallel(lambda number: together.wait() * 0 + number, range(8), workers=4)) == list(range(8))


def test_results_come_when_they_are_ready() -> None:
    first_may_end = threading.Event()

    def work(number: int) -> int:
        assert number or first_may_end.wait(PATIENCE)
        return number

    results = in_parallel(work, range(5), workers=2)
    assert [next(results) for _ in range(4)] == [1, 2, 3, 4]
    first_may_end.set()
    assert list(results) == [0]


@pytest.mark.parametrize("error", [KeyError, KeyboardInterrupt])
def test_an_error_ends_it_and_nothing_more_is_begun(error: type[BaseException]) -> None:
    begun: list[int] = []

    def work(number: int) -> None:
        begun.append(number)
        if number == 2:
            raise error

    with pytest.raises(error):
        list(in_parallel(work, range(100), workers=1))
    assert begun == [0, 1, 2]


def test_a_caller_that_stops_has_nothing_more_begun() -> None:
    may_go_on = threading.Semaphore(1)
    begun: list[int] = []

    def work(number: int) -> None:
        assert may_go_on.acquire(timeout=PATIENCE)
        begun.append(number)

    others = set(threading.enumerate())
    results: Any = in_parallel(work, range(100), workers=1)
    next(results)
    results.close()
    may_go_on.release(5)
    for worker in set(threading.enumerate()) - others:
        worker.join(PATIENCE)
    assert len(begun) <= 2
