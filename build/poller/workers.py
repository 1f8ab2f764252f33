"""Who carries out slow calls: worker threads, or the caller itself when runs must be repeatable."""

import threading
from collections import deque
from collections.abc import Callable
from queue import SimpleQueue
from typing import Protocol

from build.poller.clock import Clock

Completion = Callable[[], None]
Task = Callable[[], Completion]


class Workers(Protocol):
    """Carries out tasks, and gives back what is to be done in the poller's own thread when each has ended."""

    def submit(self, task: Task) -> None:
        """Begin a task."""

    def completions(self) -> list[Completion]:
        """What ended since the last call."""

    def wait(self, seconds: float) -> None:
        """Wait, but no longer than until a task ends."""


class InlineWorkers:
    """Carries out each task at once, in the caller's thread.

    Args:
        clock: what waiting is done with.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._ended: deque[Completion] = deque()

    def submit(self, task: Task) -> None:
        """Carry out a task."""
        self._ended.append(task())

    def completions(self) -> list[Completion]:
        """What ended since the last call."""
        ended = list(self._ended)
        self._ended.clear()
        return ended

    def wait(self, seconds: float) -> None:
        """Wait, unless a task has ended."""
        if not self._ended:
            self._clock.sleep(seconds)


def failing(error: BaseException) -> Completion:
    """A completion that raises an error in the poller's thread."""

    def complete() -> None:
        raise error

    return complete


class ThreadWorkers:
    """Carries out each task in a thread of its own; a thread that never ends keeps no process alive."""

    def __init__(self) -> None:
        self._ended: SimpleQueue[Completion] = SimpleQueue()
        self._wake = threading.Event()

    def submit(self, task: Task) -> None:
        """Start a thread for a task."""
        threading.Thread(target=self._run, args=(task,), daemon=True).start()

    def completions(self) -> list[Completion]:
        """What ended since the last call."""
        return [self._ended.get_nowait() for _ in range(self._ended.qsize())]

    def wait(self, seconds: float) -> None:
        """Wait until a task ends, `wake` is called, or the time is over."""
        self._wake.wait(seconds)
        self._wake.clear()

    def wake(self) -> None:
        """End the current or the next waiting."""
        self._wake.set()

    def _run(self, task: Task) -> None:
        try:
            self._ended.put(task())
        except BaseException as error:
            self._ended.put(failing(error))
        self.wake()
