"""Values that are read back have the statistics that were published."""

from collections import defaultdict
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

import pytest

from build.monitoring import metrics
from build.monitoring.evaluation import DataPoint, Metric, MetricAlarm, metric_alarm
from build.monitoring.metrics import put_values, read_points

NOW = 1_800_000_000.0
AGE = Metric("AWS/Lambda", "IteratorAge", (("FunctionName", "users"),))
POLLED = Metric("AWS/Lambda", "PolledEventCount", (("EventSourceMappingUUID", "1"),))
STARTED = Metric("AWS/States", "ExecutionsStarted", (("StateMachineArn", "arn"),))
STATISTICS: Mapping[str, Callable[[list[float]], float]] = {
    "SampleCount": len,
    "Sum": sum,
    "Minimum": min,
    "Maximum": max,
}


class CloudWatch:
    """Stores what is put, and answers with the statistics of each second, a query a page."""

    def __init__(self) -> None:
        self.stored: dict[Metric, dict[int, list[float]]] = defaultdict(lambda: defaultdict(list))
        self.requests: list[tuple[str, int]] = []

    def put_metric_data(self, Namespace: str, MetricData: list[dict[str, Any]]) -> None:
        self.requests.append((Namespace, len(MetricData)))
        for datum in MetricData:
            dimensions = tuple((each["Name"], each["Value"]) for each in datum["Dimensions"])
            seconds = self.stored[Metric(Namespace, datum["MetricName"], dimensions)]
            seconds[int(datum["Timestamp"].timestamp())].append(datum["Value"])

    def get_paginator(self, operation: str) -> "CloudWatch":
        assert operation == "get_metric_data"
        return self

    def paginate(self, MetricDataQueries: Any, StartTime: datetime, EndTime: datetime, ScanBy: str) -> Any:
        self.requests.append(("read", len(MetricDataQueries)))
        for query in MetricDataQueries:
            wanted = query["MetricStat"]["Metric"]
            dimensions = tuple((each["Name"], each["Value"]) for each in wanted["Dimensions"])
            seconds = {
                second: values
                for second, values in self.stored[Metric(wanted["Namespace"], wanted["MetricName"], dimensions)].items()
                if StartTime.timestamp() <= second < EndTime.timestamp()
            }
            values = [STATISTICS[query["MetricStat"]["Stat"]](values) for values in seconds.values()]
            times = [datetime.fromtimestamp(second) for second in seconds]
            yield {"MetricDataResults": [{"Id": query["Id"], "Timestamps": times, "Values": values}]}


def alarm(metric: Metric, **changed: Any) -> MetricAlarm:
    """An alarm of a metric, over three periods of five seconds, two more being looked at."""
    properties = {
        "Namespace": metric.namespace,
        "MetricName": metric.name,
        "Dimensions": [{"Name": name, "Value": value} for name, value in metric.dimensions],
        "Statistic": "Sum",
        "Period": 5,
        "ComparisonOperator": "GreaterThanThreshold",
        "Threshold": 0,
        "EvaluationPeriods": 3,
    }
    return metric_alarm(properties | changed)


def read(cloudwatch: Any, *alarms: MetricAlarm) -> dict[Metric, list[DataPoint]]:
    return read_points(cloudwatch, alarms, NOW)


@pytest.mark.parametrize("values", [[5.0], [1.0, 4.0], [7.0, 1.0, 1.0], [0.0, 2.0, 9.0, 9.0, 3.0]])
def test_what_is_read_has_the_statistics_of_what_was_put(values: list[float]) -> None:
    cloudwatch: Any = CloudWatch()
    put_values(cloudwatch, [(AGE, DataPoint(NOW - 2, value)) for value in values])
    points = read(cloudwatch, alarm(AGE))[AGE]
    assert {point.time for point in points} == {NOW - 2}
    for statistic in STATISTICS.values():
        assert statistic([point.value for point in points]) == pytest.approx(statistic(values))


def test_the_evaluation_range_is_read_and_no_more() -> None:
    cloudwatch: Any = CloudWatch()
    put_values(cloudwatch, [(POLLED, DataPoint(NOW - seconds, seconds)) for seconds in (30, 24, 0)])
    points = read(cloudwatch, alarm(POLLED), alarm(AGE, Period=60))
    assert [point.value for point in points[POLLED]] == [24, 0]
    assert points[AGE] == []


def test_a_request_has_one_namespace_and_no_more_than_is_allowed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(metrics, "_MOST_VALUES", 2)
    cloudwatch: Any = CloudWatch()
    put_values(cloudwatch, [(metric, DataPoint(NOW, 1)) for metric in (POLLED, STARTED, AGE, POLLED)])
    assert cloudwatch.requests == [("AWS/Lambda", 2), ("AWS/Lambda", 1), ("AWS/States", 1)]


def test_a_read_has_no_more_queries_than_are_allowed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(metrics, "_MOST_QUERIES", 8)
    cloudwatch: Any = CloudWatch()
    assert set(read(cloudwatch, *map(alarm, (POLLED, STARTED, AGE)))) == {POLLED, STARTED, AGE}
    assert cloudwatch.requests == [("read", 8), ("read", 4)]
