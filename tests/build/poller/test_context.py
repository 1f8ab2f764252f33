"""Who runs slow calls: threads, or in tests the caller itself."""

import threading
from functools import partial

import pytest

from build.poller.context import Callback, ThreadWorkers
from tests.build.poller.fakes import EPOCH, VirtualTime
from tests.build.poller.stepwise import InlineWorkers

PATIENCE = 10


def test_inline_workers_run_tasks_in_order_in_the_same_thread() -> None:
    workers = InlineWorkers(VirtualTime().sleep)
    seen: list[tuple[int, threading.Thread]] = []

    def note(number: int) -> Callback:
        return lambda: seen.append((number, threading.current_thread()))

    for number in range(3):
        workers.submit(partial(note, number))
    for callback in workers.callbacks():
        callback()
    assert seen == [(number, threading.current_thread()) for number in range(3)]
    assert workers.callbacks() == []


def test_inline_workers_wait_only_when_nothing_has_ended() -> None:
    time = VirtualTime()
    workers = InlineWorkers(time.sleep)
    workers.submit(lambda: lambda: None)
    workers.wait(5)
    assert time.now == EPOCH
    workers.callbacks()
    workers.wait(5)
    assert time.now == EPOCH + 5


def test_threads_run_tasks_at_the_same_time() -> None:
    workers = ThreadWorkers()
    meeting = threading.Barrier(3)
    ended = []
    for _ in range(2):
        workers.submit(lambda: (meeting.wait(PATIENCE), lambda: ended.append(threading.current_thread()))[1])
    meeting.wait(PATIENCE)
    while len(ended) < 2:
        workers.wait(PATIENCE)
        for callback in workers.callbacks():
            callback()
    assert ended == [threading.current_thread()] * 2


def test_an_error_in_a_thread_is_raised_where_callbacks_are_run(capfd: pytest.CaptureFixture[str]) -> None:
    def fail() -> Callback:
        raise ZeroDivisionError

    workers = ThreadWorkers()
    workers.submit(fail)
    workers.wait(PATIENCE)
    (callback,) = workers.callbacks()
    with pytest.raises(ZeroDivisionError):
        callback()
    assert capfd.readouterr().err == ""


def test_waiting_can_be_ended() -> None:
    workers = ThreadWorkers()
    workers.wake()
    workers.wait(3600)
