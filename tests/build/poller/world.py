"""A mapping with everything around it in memory."""

from collections.abc import Iterable
from typing import Any

from build.poller.destination import Destination
from build.poller.failure_record import FailureRecord
from build.poller.invocation import Function
from build.poller.options import Options
from build.poller.retries import Backoff
from build.poller.services import Services
from build.poller.statistics import Statistics
from build.poller.stepwise import StepwisePoller
from tests.build.poller.fakes import FakeDestination, FakeFunction, FakeStreams, Handler, VirtualTime, mapping, succeed


def services(streams: FakeStreams, function: Function, destination: Destination | None = None) -> Services:
    """What a poller talks to, all of it in memory."""
    client: Any = streams
    return Services(client, lambda _: function, lambda _: destination)


class World:
    """A mapping with everything around it in memory, polled step by step in virtual time."""

    def __init__(
        self,
        handler: Handler = succeed,
        shards: Iterable[str] = ("shard-0",),
        destination: FakeDestination | None = None,
        poll_interval: float = 0.25,
        **settings: Any,
    ) -> None:
        self.time = VirtualTime()
        self.streams = FakeStreams(self.time, shards)
        self.function = FakeFunction(self.time, handler)
        self._destination = destination
        self.dropped: list[FailureRecord] = []
        self.mapping = mapping(**settings)
        self.poller = StepwisePoller(
            [self.mapping],
            services(self.streams, self.function, destination),
            Options(poll_interval, Backoff(1, 60), clock=self.time.clock, on_dropped=self.dropped.append),
        )

    def run(self) -> Statistics:
        """Process everything that was written; returns the statistics."""
        self.poller.run_until_idle()
        return self.statistics

    @property
    def destination(self) -> FakeDestination:
        """Where failed batches go; only a world that was given one has it."""
        assert self._destination
        return self._destination

    @property
    def statistics(self) -> Statistics:
        return self.poller.statistics["mapping"]
