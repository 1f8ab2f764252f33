"""What is known of records that are no activities: failed events in the bucket, and what Lambda's metrics say."""

from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING

from build.aws import Clients
from build.days.day import Losses
from build.reconcile.ledger import ActivityKey, comparable_key
from build.reconcile.reading import (
    DeployedActivities,
    Pace,
    failed_batches,
    failed_keys,
    recorded_keys,
)
from build.redrive.redrive import ObjectReader
from handlers.windows import Window, day_of

if TYPE_CHECKING:
    from mypy_boto3_cloudwatch import CloudWatchClient
    from mypy_boto3_cloudwatch.type_defs import MetricDataQueryTypeDef

HOURS_IN_A_STREAM = 24
"""That a stream keeps its records (https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Streams.html)."""
_HOUR = 60 * 60
_METRICS_KEPT = timedelta(days=455)
_LOOKUPS_PER_SECOND = 50.0
_POLLED, _DROPPED, _UNDELIVERED = "polled", "dropped", "undelivered"

FailedRecords = Mapping[str, Mapping[date, int]]
"""By name of the source and day: records in the bucket of failed events that have no activity."""


@dataclass(frozen=True)
class MeasuredSource:
    """A source, and what Lambda's metrics of it are told apart by.

    Args:
        name: of the source.
        mapping: UUID of its event source mapping.
        function: name of its stream processor.
        began: when its stream did, where activities are older; of what another stream had before, the mapping's metrics
            say nothing.
    """

    name: str
    mapping: str
    function: str
    began: datetime | None = None


@dataclass(frozen=True)
class SourceMetrics:
    """What the metrics say of a source, by hours since 1970.

    Args:
        polled: the hours in which the mapping read the stream.
        dropped: records that were dropped.
        undelivered: batches that failed and could not be stored.
        began: when the stream did, where activities are older.
    """

    polled: Collection[int] = ()
    dropped: Mapping[int, int] = field(default_factory=dict)
    undelivered: Mapping[int, int] = field(default_factory=dict)
    began: datetime | None = None

    def is_newer(self, window: Window) -> bool:
        """Whether records of a part of the window were in another stream."""
        return self.began is not None and window.start < self.began.timestamp() * 1000

    def was_read(self, window: Window, now: datetime) -> bool:
        """Whether the stream was read before it lost a record of the window; true while it still has the record."""
        this_hour = int(now.timestamp()) // _HOUR
        return all(
            this_hour < hour + HOURS_IN_A_STREAM or any(map(self.polled.__contains__, _kept(hour)))
            for hour in _hours(window)
        )


def _kept(hour: int) -> range:
    """The hours that begin after the records of an hour were created, and end before the stream may lose them."""
    return range(hour + 1, hour + HOURS_IN_A_STREAM)


def _hours(window: Window, longer: int = 0) -> range:
    """The hours of a window, and so many after it."""
    return range(window.start // 1000 // _HOUR, window.end // 1000 // _HOUR + longer)


def failed_records(
    clients: Clients,
    sources: Sequence[DeployedActivities],
    reader: ObjectReader,
    days: Collection[date],
    tell: Callable[[str], None],
) -> FailedRecords:
    """Find the records in the bucket of failed events that no activity was made of, also by another delivery.

    Args:
        clients: of the account and region.
        sources: as they are deployed.
        reader: of the bucket.
        days: those that matter.
        tell: hears of objects that cannot be read.
    """
    by_name = {source.name: source for source in sources}
    waiting: dict[str, set[ActivityKey]] = {source.name: set() for source in sources}
    for batch in failed_batches(reader, tell):
        source = by_name[batch.source.name]
        if not batch.days.isdisjoint(days):
            keys = {comparable_key(key) for key in failed_keys(batch, source.activity)}
            waiting[source.name] |= _unrecorded(clients, source, keys)
    return {name: Counter(day_of(int(at.partition(".")[0])) for _, at in keys) for name, keys in waiting.items()}


def _unrecorded(clients: Clients, source: DeployedActivities, keys: set[ActivityKey]) -> set[ActivityKey]:
    """Those of some keys without an activity."""
    pages = recorded_keys(clients.dynamodb, source.table, list(keys), Pace(_LOOKUPS_PER_SECOND))
    return keys - {comparable_key(key) for page in pages for key in page}


def source_metrics(
    client: "CloudWatchClient", sources: Sequence[MeasuredSource], window: Window, now: datetime
) -> dict[str, SourceMetrics]:
    """Read the metrics of a span of time and of the 24 hours after it, by name of the source.

    CloudWatch keeps hourly values for 455 days
    (https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/cloudwatch_concepts.html).
    """
    hours = _hours(window, HOURS_IN_A_STREAM)
    first = max(datetime.fromtimestamp(hours.start * _HOUR, UTC), now - _METRICS_KEPT)
    last = datetime.fromtimestamp(hours.stop * _HOUR, UTC)
    if first >= last:
        return {source.name: SourceMetrics(began=source.began) for source in sources}
    pages = client.get_paginator("get_metric_data").paginate(
        MetricDataQueries=[query for number, source in enumerate(sources) for query in _queries(number, source)],
        StartTime=first,
        EndTime=last,
    )
    values: dict[str, dict[int, int]] = {}
    for page in pages:
        for result in page["MetricDataResults"]:
            by_hour = values.setdefault(result["Id"], {})
            for moment, value in zip(result["Timestamps"], result["Values"]):
                by_hour[int(moment.timestamp()) // _HOUR] = int(value)
    return {
        source.name: SourceMetrics(
            polled=values.get(f"{_POLLED}{number}", {}),
            dropped=values.get(f"{_DROPPED}{number}", {}),
            undelivered=values.get(f"{_UNDELIVERED}{number}", {}),
            began=source.began,
        )
        for number, source in enumerate(sources)
    }


def _queries(number: int, source: MeasuredSource) -> "Iterator[MetricDataQueryTypeDef]":
    """A mapping that reads a stream counts what it found, zero included.

    Source: https://docs.aws.amazon.com/lambda/latest/dg/monitoring-metrics-types.html#event-source-mapping-metrics
    """
    of_mapping = ("EventSourceMappingUUID", source.mapping)
    of_function = ("FunctionName", source.function)
    for what, metric, statistic, (dimension, value) in (
        (_POLLED, "PolledEventCount", "SampleCount", of_mapping),
        (_DROPPED, "DroppedEventCount", "Sum", of_mapping),
        (_UNDELIVERED, "DestinationDeliveryFailures", "Sum", of_function),
    ):
        yield {
            "Id": f"{what}{number}",
            "MetricStat": {
                "Metric": {
                    "Namespace": "AWS/Lambda",
                    "MetricName": metric,
                    "Dimensions": [{"Name": dimension, "Value": value}],
                },
                "Period": _HOUR,
                "Stat": statistic,
            },
        }


def losses_of(
    day: date, window: Window, failed: FailedRecords, metrics: Mapping[str, SourceMetrics], now: datetime
) -> Losses:
    """What is known to be missing among the activities of a day.

    A record is at most 24 hours old when it is dropped, so what was dropped in that time after the day counts, too.
    """
    return Losses(
        failed=_not_zero({name: by_day.get(day, 0) for name, by_day in failed.items()}),
        dropped=_not_zero({name: _sum(metric.dropped, window) for name, metric in metrics.items()}),
        undelivered=_not_zero({name: _sum(metric.undelivered, window) for name, metric in metrics.items()}),
        unread=tuple(
            name for name, metric in metrics.items() if not (metric.is_newer(window) or metric.was_read(window, now))
        ),
        began={name: metric.began for name, metric in metrics.items() if metric.began and metric.is_newer(window)},
    )


def _not_zero(counts: Mapping[str, int]) -> dict[str, int]:
    return {name: count for name, count in counts.items() if count}


def _sum(by_hour: Mapping[int, int], window: Window) -> int:
    return sum(by_hour.get(hour, 0) for hour in _hours(window, HOURS_IN_A_STREAM))
