"""Values of metrics, put into CloudWatch and read from it."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from itertools import islice
from typing import TYPE_CHECKING, TypeVar

from build.monitoring.evaluation import DataPoint, Metric, MetricAlarm

if TYPE_CHECKING:
    from mypy_boto3_cloudwatch import CloudWatchClient
    from mypy_boto3_cloudwatch.type_defs import DimensionTypeDef, MetricDataQueryTypeDef, MetricDatumTypeDef

_MOST_VALUES = 1000
"""In a request (https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricData.html)."""
_MOST_QUERIES = 500
"""In a request (https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_GetMetricData.html)."""
_STATISTICS = ("SampleCount", "Sum", "Minimum", "Maximum")
_SHORTEST_PERIOD = 1
"""Seconds; a high-resolution metric has data points of one."""

_Part = TypeVar("_Part")

Value = tuple[Metric, DataPoint]
"""A value of a metric, and the moment that it belongs to."""


def put_values(cloudwatch: "CloudWatchClient", values: Iterable[Value]) -> None:
    """Publish values, which may be of several namespaces."""
    by_namespace: dict[str, list[Value]] = {}
    for value in values:
        by_namespace.setdefault(value[0].namespace, []).append(value)
    for namespace, own in by_namespace.items():
        for part in _parts(own, _MOST_VALUES):
            cloudwatch.put_metric_data(Namespace=namespace, MetricData=[_datum(*value) for value in part])


def read_points(
    cloudwatch: "CloudWatchClient", alarms: Collection[MetricAlarm], time: float
) -> dict[Metric, list[DataPoint]]:
    """What the metrics of alarms held in their evaluation ranges, oldest first.

    Each second's statistics are read, and spelled as values that have the same statistics.

    Args:
        alarms: whose metrics are read.
        time: of the evaluation, in seconds since 1970.
    """
    points: dict[Metric, list[DataPoint]] = {}
    for seconds in {alarm.period * alarm.evaluation_range for alarm in alarms}:
        metrics = {alarm.metric for alarm in alarms if alarm.period * alarm.evaluation_range == seconds}
        for part in _parts(sorted(metrics, key=repr), _MOST_QUERIES // len(_STATISTICS)):
            points |= _read(cloudwatch, part, time - seconds, time)
    return points


def _parts(whole: Iterable[_Part], size: int) -> Iterator[list[_Part]]:
    remaining = iter(whole)
    while part := list(islice(remaining, size)):
        yield part


def _datum(metric: Metric, point: DataPoint) -> "MetricDatumTypeDef":
    return {
        "MetricName": metric.name,
        "Dimensions": _dimensions(metric),
        "Timestamp": datetime.fromtimestamp(point.time, UTC),
        "Value": point.value,
        "StorageResolution": _SHORTEST_PERIOD,
    }


def _dimensions(metric: Metric) -> "list[DimensionTypeDef]":
    return [{"Name": name, "Value": value} for name, value in metric.dimensions]


def _read(
    cloudwatch: "CloudWatchClient", metrics: Sequence[Metric], begin: float, end: float
) -> dict[Metric, list[DataPoint]]:
    """The points of a few metrics; every statistic of a metric is a query of its own."""
    pages = cloudwatch.get_paginator("get_metric_data").paginate(
        MetricDataQueries=[
            _query(metric, number, statistic) for number, metric in enumerate(metrics) for statistic in _STATISTICS
        ],
        StartTime=datetime.fromtimestamp(begin, UTC),
        EndTime=datetime.fromtimestamp(end + _SHORTEST_PERIOD, UTC),
        ScanBy="TimestampAscending",
    )
    found: dict[str, dict[float, float]] = {}
    for page in pages:
        for result in page["MetricDataResults"]:
            times = (moment.timestamp() for moment in result["Timestamps"])
            found.setdefault(result["Id"], {}).update(zip(times, result["Values"]))
    return {
        metric: list(_points(*(found.get(_identifier(number, statistic), {}) for statistic in _STATISTICS)))
        for number, metric in enumerate(metrics)
    }


def _query(metric: Metric, number: int, statistic: str) -> "MetricDataQueryTypeDef":
    return {
        "Id": _identifier(number, statistic),
        "MetricStat": {
            "Metric": {
                "Namespace": metric.namespace,
                "MetricName": metric.name,
                "Dimensions": _dimensions(metric),
            },
            "Period": _SHORTEST_PERIOD,
            "Stat": statistic,
        },
    }


def _identifier(number: int, statistic: str) -> str:
    return f"{statistic.lower()}{number}"


def _points(
    counts: Mapping[float, float],
    sums: Mapping[float, float],
    minima: Mapping[float, float],
    maxima: Mapping[float, float],
) -> Iterator[DataPoint]:
    """For each second so many values as it had, whose sum, minimum and maximum are the given ones."""
    for time, count in sorted(counts.items()):
        extremes = [minima[time], maxima[time]][: int(count)]
        others = int(count) - len(extremes)
        between = [(sums[time] - sum(extremes)) / others] * others if others else []
        yield from (DataPoint(time, value) for value in (*extremes, *between))
