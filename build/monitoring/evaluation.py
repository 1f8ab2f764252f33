"""How CloudWatch evaluates a metric alarm, as far as it is documented.

Sources: https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarm-evaluation.html,
https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarms-and-missing-data.html
"""

import operator
from bisect import bisect_right
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

_COMPARISONS = {
    "GreaterThanOrEqualToThreshold": operator.ge,
    "GreaterThanThreshold": operator.gt,
    "LessThanOrEqualToThreshold": operator.le,
    "LessThanThreshold": operator.lt,
}
_STATISTICS: Mapping[str, Callable[[list[float]], float]] = {
    "Average": lambda values: sum(values) / len(values),
    "Maximum": max,
    "Minimum": min,
    "SampleCount": len,
    "Sum": sum,
}
_EXTRA_PERIODS = 2
"""How many more periods than `EvaluationPeriods` are looked at. CloudWatch says that there are more, and that their
number depends on the period; its examples have two."""


class State(StrEnum):
    """The states of an alarm."""

    OK = "OK"
    ALARM = "ALARM"
    INSUFFICIENT_DATA = "INSUFFICIENT_DATA"


@dataclass(frozen=True)
class Metric:
    """What tells a metric from all others; `dimensions` are sorted pairs of name and value."""

    namespace: str
    name: str
    dimensions: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class DataPoint:
    """A value that was published; `time` in seconds since 1970."""

    time: float
    value: float


@dataclass(frozen=True)
class MetricAlarm:
    """A metric alarm with the properties of `AWS::CloudWatch::Alarm`.

    Args:
        metric: that is watched.
        statistic: of the values of a period.
        period: in seconds.
        comparison: of the statistic with the threshold, a ComparisonOperator.
        threshold: that it is compared with.
        evaluation_periods: the number of periods that decide, N of "M out of N".
        datapoints_to_alarm: how many of them have to be breaching, M.
        missing_data: `breaching`, `notBreaching`, `ignore` or `missing`.
    """

    metric: Metric
    statistic: str
    period: float
    comparison: str
    threshold: float
    evaluation_periods: int
    datapoints_to_alarm: int
    missing_data: str

    @property
    def evaluation_range(self) -> int:
        """How many periods back CloudWatch looks for data."""
        return self.evaluation_periods + _EXTRA_PERIODS

    def state(self, points: Sequence[DataPoint], time: float, state: State) -> State:
        """The state after an evaluation.

        Args:
            points: of the metric, oldest first.
            time: of the evaluation.
            state: before it.
        """
        return self.judged(self._breaches(points, time), state)

    def judged(self, breaches: Sequence[bool | None], state: State) -> State:
        """The state that the periods of the evaluation range lead to.

        Missing periods are filled in only when fewer than `evaluation_periods` have data, and no more than are needed.

        Args:
            breaches: of each period, oldest first; None for one without data.
            state: before the evaluation.
        """
        known = [breach for breach in breaches if breach is not None][-self.evaluation_periods :]
        missing = self.evaluation_periods - len(known)
        filled = missing if self.missing_data == "breaching" else 0
        if sum(known) + filled >= self.datapoints_to_alarm:
            return State.ALARM
        if not missing or self.missing_data in ("breaching", "notBreaching") or not all(known):
            return State.OK
        return self._undecided(breaches, state)

    def _undecided(self, breaches: Sequence[bool | None], state: State) -> State:
        """What `ignore` and `missing` make of no data, and of breaching data that is not enough.

        Not enough becomes an alarm when the oldest is as old as the periods that would have been needed: the "premature
        transition" of the documentation, which waits until no period can change it any more.
        """
        if self.missing_data == "ignore":
            return state
        if True not in breaches:
            return State.INSUFFICIENT_DATA
        age = len(breaches) - breaches.index(True)
        return State.ALARM if age >= self.datapoints_to_alarm else State.OK

    def _breaches(self, points: Sequence[DataPoint], time: float) -> list[bool | None]:
        """Whether each period of the evaluation range is breaching, oldest first; the last one ends now."""
        starts = [time - self.period * count for count in range(self.evaluation_range, -1, -1)]
        places = [bisect_right(points, start, key=lambda point: point.time) for start in starts]
        return [self._breach(points[first:last]) for first, last in zip(places, places[1:])]

    def _breach(self, points: Sequence[DataPoint]) -> bool | None:
        if not points:
            return None
        statistic = _STATISTICS[self.statistic]([point.value for point in points])
        return bool(_COMPARISONS[self.comparison](statistic, self.threshold))


def metric_alarm(properties: Mapping[str, Any]) -> MetricAlarm:
    """The alarm of a template's properties, their references resolved."""
    dimensions = ((dimension["Name"], dimension["Value"]) for dimension in properties.get("Dimensions", []))
    return MetricAlarm(
        metric=Metric(properties["Namespace"], properties["MetricName"], tuple(sorted(dimensions))),
        statistic=properties["Statistic"],
        period=properties["Period"],
        comparison=properties["ComparisonOperator"],
        threshold=properties["Threshold"],
        evaluation_periods=properties["EvaluationPeriods"],
        datapoints_to_alarm=properties.get("DatapointsToAlarm", properties["EvaluationPeriods"]),
        missing_data=properties.get("TreatMissingData", "missing"),
    )
