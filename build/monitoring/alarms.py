"""The alarms of an account as CloudWatch describes them, their states evaluated here and set there."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from build.monitoring.evaluation import DataPoint, Metric, MetricAlarm, State, metric_alarm
from build.monitoring.metrics import read_points
from build.monitoring.rules import composite_state

if TYPE_CHECKING:
    from mypy_boto3_cloudwatch import CloudWatchClient

SECONDS_BETWEEN_EVALUATIONS = 60
"""https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarm-evaluation.html"""


@dataclass(frozen=True)
class Alarms:
    """The alarms of a stack by name; a composite is its rule, and comes after those that it names."""

    metric_alarms: Mapping[str, MetricAlarm]
    rules: Mapping[str, str]

    def first_states(self) -> dict[str, State]:
        """The states of alarms that were just created."""
        return dict.fromkeys([*self.metric_alarms, *self.rules], State.INSUFFICIENT_DATA)

    def states(
        self, points: Mapping[Metric, Sequence[DataPoint]], time: float, before: Mapping[str, State]
    ) -> dict[str, State]:
        """The states after an evaluation.

        Args:
            points: of every metric that has any, oldest first.
            time: of the evaluation, in seconds since 1970.
            before: the states until then.
        """
        states = {
            name: alarm.state(points.get(alarm.metric, ()), time, before[name])
            for name, alarm in self.metric_alarms.items()
        }
        for name, rule in self.rules.items():
            states[name] = composite_state(rule, states)
        return states


@dataclass(frozen=True)
class Transition:
    """An alarm's change of state."""

    time: float
    alarm: str
    before: State
    after: State


@dataclass(frozen=True)
class AlarmStatus:
    """An alarm as CloudWatch describes it: its state, and what it means."""

    name: str
    state: State
    description: str


@dataclass(frozen=True)
class AlarmEvaluator:
    """Does for an emulator of CloudWatch what CloudWatch does every minute.

    Args:
        cloudwatch: where the alarms and metrics are, and the states are set.
        speed: how many times as fast as on AWS the alarms' periods pass; the values of metrics are not changed.
    """

    cloudwatch: "CloudWatchClient"
    speed: float = 1

    def statuses(self) -> list[AlarmStatus]:
        """Every alarm, composite ones last."""
        return [
            AlarmStatus(alarm["AlarmName"], State(alarm["StateValue"]), alarm.get("AlarmDescription", ""))
            for alarm in self._describe()
        ]

    def evaluate(self, time: float) -> list[Transition]:
        """Set the state of every alarm whose state differs from the one that it should have.

        An alarm over a metric-math expression is left as it is.

        Args:
            time: of the evaluation, in seconds since 1970.

        Raises:
            RuleError: a composite alarm names an alarm that does not exist.
        """
        described = self._describe()
        before = {alarm["AlarmName"]: State(alarm["StateValue"]) for alarm in described}
        alarms = self._alarms(described)
        points = read_points(self.cloudwatch, alarms.metric_alarms.values(), time)
        changes = list(_changes(time, before, before | alarms.states(points, time, before)))
        for change in changes:
            self.cloudwatch.set_alarm_state(
                AlarmName=change.alarm, StateValue=change.after.value, StateReason=self._reason(alarms, change)
            )
        return changes

    def _describe(self) -> list[Mapping[str, Any]]:
        pages = self.cloudwatch.get_paginator("describe_alarms").paginate(AlarmTypes=["MetricAlarm", "CompositeAlarm"])
        found: list[Mapping[str, Any]] = []
        for page in pages:
            found += [*page["MetricAlarms"], *page["CompositeAlarms"]]
        return sorted(found, key=lambda alarm: "AlarmRule" in alarm)

    def _alarms(self, described: Iterable[Mapping[str, Any]]) -> Alarms:
        """The alarms, their periods shortened."""
        evaluated = {alarm["AlarmName"]: metric_alarm(alarm) for alarm in described if alarm.get("Statistic")}
        return Alarms(
            {name: replace(alarm, period=alarm.period / self.speed) for name, alarm in evaluated.items()},
            {alarm["AlarmName"]: alarm["AlarmRule"] for alarm in described if "AlarmRule" in alarm},
        )

    def _reason(self, alarms: Alarms, change: Transition) -> str:
        """Why the state changed, as far as CloudWatch's own reasons say it."""
        if change.alarm in alarms.rules:
            return f"The rule is {'true' if change.after is State.ALARM else 'false'}."
        alarm = alarms.metric_alarms[change.alarm]
        return (
            f"{alarm.statistic} of {alarm.metric.name}, {alarm.comparison} {alarm.threshold:g}: {change.after} after "
            f"{alarm.datapoints_to_alarm} out of {alarm.evaluation_periods} periods of {alarm.period * self.speed:g} "
            f"seconds, {self.speed:g} times as fast here."
        )


def _changes(time: float, before: Mapping[str, State], after: Mapping[str, State]) -> Iterator[Transition]:
    """Every change, those that ring first: an alarm over others does not end while one of them begins."""
    changes = [Transition(time, name, before[name], state) for name, state in after.items() if state != before[name]]
    yield from sorted(changes, key=lambda change: change.after is not State.ALARM)
