"""The states of a stack's alarms over time, given what its parts publish."""

from collections.abc import Iterable, Iterator, Mapping, Sequence

from build.monitoring.alarms import SECONDS_BETWEEN_EVALUATIONS, Alarms, Transition
from build.monitoring.evaluation import DataPoint, Metric, State

Points = dict[tuple[str, str], list[DataPoint]]
"""Data points by the logical id of what publishes them and the name of the metric."""


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
    return {metric: points.get((metric.dimensions[-1][1], metric.name), []) for metric in metrics}


def ringing(changes: Iterable[Transition]) -> Iterator[str]:
    """The alarms that begin to ring, each as often as it does."""
    return (change.alarm for change in changes if change.after is State.ALARM)
