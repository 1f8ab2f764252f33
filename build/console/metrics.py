"""The metrics of the dashboard as the deployed body names them, and their values from GetMetricData."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import zip_longest
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mypy_boto3_cloudwatch import CloudWatchClient

DEFAULT_PERIOD = 300
"""Seconds; what a dashboard's widget has that names none
(https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/CloudWatch-Dashboard-Body-Structure.html)."""
SHOWN = timedelta(hours=3)
"""How far back the graphs go, as a dashboard does at first."""
_MOST_QUERIES = 500
"""In a request (https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_GetMetricData.html)."""


@dataclass(frozen=True)
class Metric:
    """A metric with a statistic over a period.

    Args:
        namespace: `AWS/Lambda`.
        name: `Invocations`.
        dimensions: names and values.
        statistic: `Sum`, `p99`.
        period: in seconds.
    """

    namespace: str
    name: str
    dimensions: tuple[tuple[str, str], ...]
    statistic: str
    period: int = DEFAULT_PERIOD

    @property
    def query(self) -> dict[str, Any]:
        """The metric as GetMetricData asks for it."""
        dimensions = [{"Name": name, "Value": value} for name, value in self.dimensions]
        metric = {"Namespace": self.namespace, "MetricName": self.name, "Dimensions": dimensions}
        return {"MetricStat": {"Metric": metric, "Period": self.period, "Stat": self.statistic}}

    @property
    def subject(self) -> str:
        """What it is about: the value of its last dimension."""
        return self.dimensions[-1][1] if self.dimensions else ""


@dataclass(frozen=True)
class Widget:
    """A widget of the dashboard: a graph of metrics, or the status of alarms.

    Args:
        title: its own.
        metrics: of a graph.
        alarms: the ARNs of those that it shows.
    """

    title: str
    metrics: tuple[Metric, ...] = ()
    alarms: tuple[str, ...] = ()

    @property
    def alarm_names(self) -> frozenset[str]:
        """The names of its alarms, with which their ARNs end."""
        return frozenset(arn.rsplit(":", 1)[-1] for arn in self.alarms)

    def legend(self, metric: Metric, subjects: Mapping[str, str]) -> str:
        """What distinguishes one of its metrics from the others.

        Args:
            metric: one of its own.
            subjects: what to call what metrics are about.
        """
        subject = subjects.get(metric.subject, metric.subject)
        if len({other.name for other in self.metrics}) == 1:
            return subject
        alike = len({other.subject for other in self.metrics}) == 1
        return metric.name if alike else f"{subject} {metric.name}"


@dataclass(frozen=True)
class Series:
    """The values of a metric, oldest first."""

    times: tuple[datetime, ...] = ()
    values: tuple[float, ...] = ()


def dashboard_widgets(cloudwatch: "CloudWatchClient", name: str) -> tuple[Widget, ...]:
    """The widgets of a dashboard, in the order of its body."""
    body = json.loads(cloudwatch.get_dashboard(DashboardName=name)["DashboardBody"])
    return tuple(_widget(widget["properties"]) for widget in body["widgets"])


def metric_series(
    cloudwatch: "CloudWatchClient", metrics: Iterable[Metric], start: datetime, end: datetime
) -> dict[Metric, Series]:
    """The values of metrics in a span of time; a metric without any has an empty series."""
    wanted = list(dict.fromkeys(metrics))
    found: dict[Metric, Series] = {}
    for first in range(0, len(wanted), _MOST_QUERIES):
        found |= _request(cloudwatch, wanted[first : first + _MOST_QUERIES], start, end)
    return found


def _request(
    cloudwatch: "CloudWatchClient", metrics: Sequence[Metric], start: datetime, end: datetime
) -> dict[Metric, Series]:
    points: dict[str, list[tuple[datetime, float]]] = {f"m{number}": [] for number in range(len(metrics))}
    queries: Any = [{"Id": name, **metric.query} for name, metric in zip(points, metrics, strict=True)]
    pages = cloudwatch.get_paginator("get_metric_data").paginate(
        MetricDataQueries=queries, StartTime=start, EndTime=end, ScanBy="TimestampAscending"
    )
    for page in pages:
        for result in page["MetricDataResults"]:
            points[result["Id"]] += zip(result["Timestamps"], result["Values"], strict=True)
    return {metric: _series(sorted(found)) for metric, found in zip(metrics, points.values(), strict=True)}


def _series(points: Sequence[tuple[datetime, float]]) -> Series:
    return Series(tuple(time for time, _ in points), tuple(value for _, value in points))


def _widget(properties: Mapping[str, Any]) -> Widget:
    statistic, period = properties.get("stat", "Average"), properties.get("period", DEFAULT_PERIOD)
    metrics = (_metric(fields, statistic, period) for fields in _complete(properties.get("metrics", ())))
    return Widget(properties.get("title", ""), tuple(metrics), tuple(properties.get("alarms", ())))


def _complete(rows: Sequence[Sequence[Any]]) -> Iterator[list[Any]]:
    """The rows of a graph, a dot in one replaced with what the row before has in its place."""
    before: list[Any] = []
    for row in rows:
        before = [above if field == "." else field for field, above in zip_longest(row, before)][: len(row)]
        yield before


def _metric(fields: Sequence[Any], statistic: str, period: int) -> Metric:
    options = fields[-1] if isinstance(fields[-1], dict) else {}
    namespace, name, *dimensions = [field for field in fields if isinstance(field, str)]
    pairs = tuple(zip(dimensions[::2], dimensions[1::2], strict=True))
    return Metric(namespace, name, pairs, options.get("stat", statistic), options.get("period", period))
