"""The states of a stack's alarms over time, given what its parts publish."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from tests.alarms.evaluation import DataPoint, Metric, MetricAlarm, State
from tests.alarms.rules import composite_state

Points = dict[tuple[str, str], list[DataPoint]]
"""Data points by the logical id of what publishes them and the name of the metric."""
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


def transitions(
    alarms: Alarms, points: Mapping[Metric, Sequence[DataPoint]], begin: float, end: float
) -> Iterator[Transition]:
    """Every change of state of alarms that are created at one time, until another, both in seconds since 1970."""
    states, time = alarms.first_states(), begin
    while (time := time + SECONDS_BETWEEN_EVALUATIONS) <= end:
        before, states = states, alarms.states(points, time, states)
        for name, state in states.items():
            if state is not before[name]:
                yield Transition(time, name, before[name], state)


def by_metric(alarms: Alarms, points: Points) -> Mapping[Metric, Sequence[DataPoint]]:
    """The data points of every metric that an alarm watches."""
    metrics = {alarm.metric for alarm in alarms.metric_alarms.values()}
    return {metric: points.get((metric.dimensions[0][1], metric.name), []) for metric in metrics}


def ringing(changes: Iterable[Transition]) -> Iterator[str]:
    """The alarms that begin to ring, each as often as it does."""
    return (change.alarm for change in changes if change.after is State.ALARM)
