"""What a mapping publishes while it polls: counted by the poller, once a minute as Lambda does.

Source: https://docs.aws.amazon.com/lambda/latest/dg/monitoring-metrics-types.html#event-source-mapping-metrics
"""

from collections import defaultdict
from collections.abc import Callable, Mapping
from types import MappingProxyType

from build.monitoring.evaluation import DataPoint
from build.poller.batches import Backoff
from build.poller.context import PollerOptions, Statistics
from build.poller.invocation import Function
from build.poller.mapping import EventSourceMapping
from stack.config import StreamSource
from tests.alarms.timeline import Points
from tests.build.poller.fakes import FakeDestination, FakeStreams, VirtualTime
from tests.build.poller.stepwise import StepwisePoller
from tests.build.poller.world import clients_in_memory
from tests.faults.changes import change

COUNTS: Mapping[str, Callable[[Statistics], int]] = MappingProxyType(
    {
        "PolledEventCount": lambda counted: counted.polled,
        "FailedInvokeEventCount": lambda counted: counted.failed_invoke,
        "OnFailureDestinationDeliveredEventCount": lambda counted: counted.on_failure_destination_delivered,
        "DroppedEventCount": lambda counted: counted.dropped,
    }
)
"""What each metric of a mapping counts."""
_MINUTE = 60
_ALSO_ZERO = "PolledEventCount"
"""The metric of a mapping that polls and finds nothing; of the others, nothing is published then."""


class PolledMapping:
    """A mapping that polls a stream of one shard in virtual time.

    Args:
        source: the table whose changes are in the stream.
        mapping: its event source mapping.
        function: what is invoked.
        time: the virtual time.
    """

    def __init__(
        self, source: StreamSource, mapping: EventSourceMapping, function: Function, time: VirtualTime
    ) -> None:
        self._source, self._time, self._mapping = source, time, mapping
        self._streams = FakeStreams(time)
        self._written = 0
        self._poller = StepwisePoller(
            [mapping],
            clients_in_memory(self._streams, function, FakeDestination()),
            PollerOptions(poll_interval=5, backoff=Backoff(1, 60), now=time.read),
            time.sleep,
        )

    def published(self, writes: Mapping[int, int], minutes: int) -> Points:
        """What is published from now on, under the logical id that the mapping has in the template.

        Args:
            writes: how many items are inserted in a minute, by its number from 0; none in those left out.
            minutes: how long.
        """
        points: Points = defaultdict(list)
        for minute in range(minutes):
            before, end = self._statistics, self._time.now + _MINUTE
            self._write(writes.get(minute, 0))
            self._poll_until(end)
            for metric, count in COUNTS.items():
                value = count(self._statistics) - count(before)
                if value or metric == _ALSO_ZERO:
                    points[f"{self._source.name}EventSourceMapping", metric].append(DataPoint(end - _MINUTE, value))
        return points

    def _write(self, items: int) -> None:
        for _ in range(items):
            record = change(self._source, self._written, self._written, self._time.now).record
            self._streams.shards["shard-0"].records.append(record)
            self._written += 1

    def _poll_until(self, end: float) -> None:
        while self._time.now < end:
            seconds = self._poller.step()
            self._time.sleep(min(seconds, end - self._time.now))

    @property
    def _statistics(self) -> Statistics:
        return self._poller.statistics[self._mapping.uuid]
