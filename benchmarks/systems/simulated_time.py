"""Simulated time: tasks that run side by side, each as long as it says, while the clock goes from event to event."""

import heapq
from itertools import count
from math import inf

from build.poller.context import Callback, Task


class SimulatedClock:
    """A clock that moves when someone sleeps; within a task, only the task's own time passes.

    Args:
        now: seconds since 1970.
    """

    def __init__(self, now: float) -> None:
        self.now = now

    def read(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


class SimulatedWorkers:
    """Runs each task at once and hands over its callback when the task would have ended.

    Args:
        clock: the tasks sleep by it.
    """

    def __init__(self, clock: SimulatedClock) -> None:
        self.most_at_once = 0
        self._clock = clock
        self._running: list[tuple[float, int, Callback]] = []
        self._order = count()

    def submit(self, task: Task) -> None:
        """Run a task; the clock is set back to when it began, since others begin at the same time."""
        began = self._clock.now
        callback = task()
        heapq.heappush(self._running, (self._clock.now, next(self._order), callback))
        self._clock.now = began
        self.most_at_once = max(self.most_at_once, len(self._running))

    def callbacks(self) -> list[Callback]:
        """Those of the tasks that have ended by now, in the order of their ends."""
        ended: list[Callback] = []
        while self._running and self._running[0][0] <= self._clock.now:
            ended.append(heapq.heappop(self._running)[2])
        return ended

    def wait(self, seconds: float) -> None:
        """Let time pass, but no longer than until a task ends."""
        first_end = self._running[0][0] if self._running else inf
        self._clock.now = min(self._clock.now + seconds, first_end)
