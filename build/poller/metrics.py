"""The metrics that Lambda publishes of an event source mapping, made of what a poller did.

Source: https://docs.aws.amazon.com/lambda/latest/dg/monitoring-metrics-types.html
"""

from collections.abc import Collection, Iterator, Mapping
from queue import SimpleQueue

from build.monitoring.evaluation import DataPoint, Metric
from build.monitoring.metrics import Value
from build.poller.batches import Batch
from build.poller.context import Statistics
from build.poller.mapping import EventSourceMapping

_NAMESPACE = "AWS/Lambda"
_POLLED = "PolledEventCount"
_COUNTS = {
    "FilteredOutEventCount": "filtered_out",
    "InvokedEventCount": "invoked",
    "FailedInvokeEventCount": "failed_invoke",
    "DroppedEventCount": "dropped",
    "OnFailureDestinationDeliveredEventCount": "on_failure_destination_delivered",
}
"""By metric, the field of `Statistics`. DeletedEventCount is published for queues alone."""
_READING = ("listing", "reading")
"""What a mapping that counts nothing, not even zero, does not succeed in."""


class MappingMetrics:
    """The metrics of several mappings; each value is taken once.

    Args:
        mappings: those that the poller polls.
    """

    def __init__(self, mappings: Collection[EventSourceMapping]) -> None:
        self._mappings = mappings
        self._published = {mapping.uuid: Statistics() for mapping in mappings}
        self._ages: SimpleQueue[Value] = SimpleQueue()

    def sent(self, mapping: EventSourceMapping, batch: Batch, now: float) -> None:
        """Note a batch that is sent: how old its last record is, in milliseconds; threads may call this.

        Args:
            now: seconds since 1970.
        """
        age = max(0.0, now - batch.records[-1].created_at) * 1000
        self._ages.put((_of_function(mapping, "IteratorAge"), DataPoint(now, age)))

    def take(self, statistics: Mapping[str, Statistics], enabled: Collection[str], now: float) -> Iterator[Value]:
        """The values since the last call.

        Args:
            statistics: of the poller, by mapping id.
            enabled: the ids of the mappings that are polled.
            now: seconds since 1970.
        """
        yield from (self._ages.get_nowait() for _ in range(self._ages.qsize()))
        for mapping in self._mappings:
            before, after = self._published[mapping.uuid], statistics[mapping.uuid]
            self._published[mapping.uuid] = after
            reads = mapping.uuid in enabled and not any(activity in after.problems for activity in _READING)
            yield from _counts(mapping, before, after, reads, now)


def _counts(
    mapping: EventSourceMapping, before: Statistics, after: Statistics, reads: bool, now: float
) -> Iterator[Value]:
    """What grew; the events that were polled even when there were none, as long as the stream is read."""
    polled = after.polled - before.polled
    if reads or polled:
        yield _of_mapping(mapping, _POLLED), DataPoint(now, polled)
    for name, field in _COUNTS.items():
        grown = getattr(after, field) - getattr(before, field)
        if grown:
            yield _of_mapping(mapping, name), DataPoint(now, grown)
    refused = after.destination_delivery_failures - before.destination_delivery_failures
    if refused:
        yield _of_function(mapping, "DestinationDeliveryFailures"), DataPoint(now, refused)


def _of_mapping(mapping: EventSourceMapping, name: str) -> Metric:
    return Metric(_NAMESPACE, name, (("EventSourceMappingUUID", mapping.uuid),))


def _of_function(mapping: EventSourceMapping, name: str) -> Metric:
    return Metric(_NAMESPACE, name, (("FunctionName", mapping.function_name),))
