"""The states of a stack's alarms over time, given what its parts publish."""

from collections.abc import Iterator, Mapping, Sequence

from build.monitoring.alarms import SECONDS_BETWEEN_EVALUATIONS, Alarms, Transition
from build.monitoring.evaluation import DataPoint, Metric


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
