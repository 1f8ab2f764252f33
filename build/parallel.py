"""Work on many items in threads, several at a time."""

from collections import deque
from collections.abc import Callable, Collection, Iterator
from concurrent.futures import Future
from queue import SimpleQueue
from threading import Thread
from typing import TypeVar

_WORKERS = 8

_Item = TypeVar("_Item")
_Result = TypeVar("_Result")


def in_parallel(
    work: Callable[[_Item], _Result], items: Collection[_Item], workers: int = _WORKERS
) -> Iterator[_Result]:
    """Do work on every item, several at a time; when the caller stops or work raises, no further item is started.

    The threads do not keep the process alive, unlike those of concurrent.futures: Ctrl-C need not wait for a function
    that runs for minutes.

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
    ready: SimpleQueue[Future[_Result]] = SimpleQueue()
    for _ in range(min(workers, len(items))):
        Thread(target=_work_through, args=(work, remaining, ready), daemon=True).start()
    try:
        for _ in items:
            yield ready.get().result()
    finally:
        remaining.clear()


def _work_through(
    work: Callable[[_Item], _Result], remaining: deque[_Item], ready: "SimpleQueue[Future[_Result]]"
) -> None:
    """Take items until there are none, or work raises."""
    while True:
        try:
            item = remaining.popleft()
        except IndexError:
            return
        future = _future_of(work, item)
        if future.exception():
            remaining.clear()
        ready.put(future)


def _future_of(work: Callable[[_Item], _Result], item: _Item) -> Future[_Result]:
    future: Future[_Result] = Future()
    try:
        future.set_result(work(item))
    except BaseException as error:
        future.set_exception(error)
    return future
