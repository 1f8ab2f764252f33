"""Polling in the caller's thread and in virtual time: the same calls in the same order in every run."""

import math
from collections import deque
from collections.abc import Callable, Iterable, Mapping

from build.poller.context import Callback, MappingContext, PollerOptions, Statistics, Task
from build.poller.mapping import EventSourceMapping
from build.poller.poller import MappingPoller, PollerClients


class InlineWorkers:
    """Runs each task at once, in the caller's thread."""

    def __init__(self, sleep: Callable[[float], None]) -> None:
        self._sleep = sleep
        self._ended: deque[Callback] = deque()

    def submit(self, task: Task) -> None:
        """Run a task."""
        self._ended.append(task())

    def callbacks(self) -> list[Callback]:
        """Those of the tasks that ended since the last call."""
        ended = list(self._ended)
        self._ended.clear()
        return ended

    def wait(self, seconds: float) -> None:
        """Wait, unless a task has ended."""
        if not self._ended:
            self._sleep(seconds)


class StepwisePoller:
    """The pollers of mappings, which work only when they are told to.

    Args:
        mappings: what is polled.
        clients: what they talk to.
        options: pace, time and listener.
        sleep: waits for a number of seconds of the options' time.
    """

    def __init__(
        self,
        mappings: Iterable[EventSourceMapping],
        clients: PollerClients,
        options: PollerOptions,
        sleep: Callable[[float], None],
    ) -> None:
        self._now = options.now
        self._workers = InlineWorkers(sleep)
        self._pollers = [self._poller(mapping, clients, options) for mapping in mappings]

    def _poller(self, mapping: EventSourceMapping, clients: PollerClients, options: PollerOptions) -> MappingPoller:
        function, destination = clients.function(mapping), clients.destination(mapping)
        return MappingPoller(clients.streams, MappingContext(mapping, function, destination, self._workers, options))

    @property
    def statistics(self) -> Mapping[str, Statistics]:
        """What was done until the last step, by mapping id."""
        return {poller.uuid: poller.statistics for poller in self._pollers}

    def step(self) -> float:
        """Do everything that is due in every mapping; a batch's outcome is looked at in the next step.

        Returns:
            Seconds until something else is due.
        """
        return min((poller.run_due() for poller in self._pollers), default=math.inf)

    def run_until_idle(self) -> None:
        """Go on until everything that was in the streams at the beginning is done, waiting as often as that takes."""
        begun = self._now()
        seconds = self.step()
        while min((statistics.caught_up_at for statistics in self.statistics.values()), default=math.inf) <= begun:
            self._workers.wait(seconds)
            seconds = self.step()
