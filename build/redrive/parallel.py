"""Doing the same with many things, several at a time."""

from collections import deque
from collections.abc import Callable, Collection, Iterator
from concurrent.futures import Future
from queue import SimpleQueue
from threading import Thread
from typing import TypeVar

WORKERS = 8

Item = TypeVar("Item")
Result = TypeVar("Result")


def in_parallel(work: Callable[[Item], Result], items: Collection[Item], workers: int = WORKERS) -> Iterator[Result]:
    """Do work on every item; when the caller stops or work raises, no further item is begun.

    The threads keep no process alive: Ctrl-C need not wait for a function that runs for minutes.

    Args:
        work: called from several threads.
        items: what to do it with.
        workers: how many at a time.

    Yields:
        The results, in the order in which they are ready.

    Raises:
        Exception: whatever work raises.
    """
    remaining = deque(items)
    ready: SimpleQueue[Future[Result]] = SimpleQueue()
    for _ in range(min(workers, len(items))):
        Thread(target=serve, args=(work, remaining, ready), daemon=True).start()
    try:
        for _ in items:
            yield ready.get().result()
    finally:
        remaining.clear()


def serve(work: Callable[[Item], Result], remaining: deque[Item], ready: "SimpleQueue[Future[Result]]") -> None:
    """Take items until there are none, or work raises."""
    while True:
        try:
            item = remaining.popleft()
        except IndexError:
            return
        future = done(work, item)
        if future.exception():
            remaining.clear()
        ready.put(future)


def done(work: Callable[[Item], Result], item: Item) -> Future[Result]:
    """What became of one item."""
    future: Future[Result] = Future()
    try:
        future.set_result(work(item))
    except BaseException as error:
        future.set_exception(error)
    return future
