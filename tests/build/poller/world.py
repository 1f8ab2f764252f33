"""A mapping with everything around it in memory."""

from collections.abc import Iterable
from typing import Any

from build.poller.batches import Backoff
from build.poller.context import PollerOptions, Statistics
from build.poller.destination import Destination, FailureRecord
from build.poller.invocation import Function
from build.poller.poller import PollerClients
from tests.build.poller.fakes import FakeDestination, FakeFunction, FakeStreams, Handler, VirtualTime, mapping, succeed
from tests.build.poller.stepwise import StepwisePoller


def clients_in_memory(
    streams: FakeStreams, function: Function, destination: Destination | None = None
) -> PollerClients:
    """What a poller talks to, all of it in memory."""
    client: Any = streams
    return PollerClients(client, lambda _: function, lambda _: destination)


def pending(statistics: Statistics) -> int:
    """Records read and not yet done, discarded or filtered out."""
    done = statistics.filtered_out + statistics.processed + statistics.on_failure_destination_delivered
    return statistics.polled - done - statistics.dropped


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
            clients_in_memory(self.streams, self.function, destination),
            PollerOptions(poll_interval, Backoff(1, 60), now=self.time.read, on_dropped=self.dropped.append),
            self.time.sleep,
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
