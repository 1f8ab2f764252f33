"""Each fault rings the alarms that it has to and no other, in time, and they are OK again when it is over."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from build.monitoring.alarms import Alarms, Transition
from build.monitoring.evaluation import DataPoint, State
from tests.alarms.deployed_alarms import ENABLED, deployed_alarms
from tests.alarms.faults import DAY, FAULTS, HOUR, MACHINE, MAPPING, MINUTE, Emission, Fault
from tests.alarms.timeline import Points, by_metric, ringing, transitions

NOON = datetime(2026, 3, 3, 12, tzinfo=UTC).timestamp()
"""When every fault begins, ten hours after the last execution."""
MAPPINGS = (MAPPING, "OrderDataEventSourceMapping")


def healthy(begin: float, end: float) -> Points:
    """What an idle stack publishes: each mapping polls and finds nothing, and an execution succeeds at 02:03."""
    minutes = range(int(begin), int(end), MINUTE)
    successes = [DataPoint(time, 1) for time in minutes if time % DAY == 2 * HOUR + 3 * MINUTE]
    polls = {(mapping, "PolledEventCount"): [DataPoint(time, 0) for time in minutes] for mapping in MAPPINGS}
    return {**polls, (MACHINE, "ExecutionsSucceeded"): successes}


def with_emission(points: Sequence[DataPoint], emission: Emission) -> list[DataPoint]:
    """Data points with those of a fault in the place of those in its time."""
    end = NOON + emission.seconds
    others = [point for point in points if not NOON <= point.time < end]
    times = range(int(NOON), int(end), MINUTE) if emission.value is not None else ()
    return sorted([*others, *(DataPoint(time, emission.value or 0) for time in times)], key=lambda point: point.time)


def published(fault: Fault) -> Points:
    """What the stack publishes before, during and after a fault."""
    points = defaultdict(list, healthy(NOON - 3 * DAY, NOON + fault.seconds + fault.looked))
    for emission in fault.emissions:
        metric = (emission.resource, emission.metric)
        points[metric] = with_emission(points[metric], emission)
    return points


def observed(alarms: Alarms, points: Points, begin: float, end: float) -> list[Transition]:
    return list(transitions(alarms, by_metric(alarms, points), begin, end))


@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS)
def test_a_fault_rings_its_alarms_and_no_other(fault: Fault) -> None:
    alarms = deployed_alarms(ENABLED | dict(fault.parameters))
    over = NOON + fault.seconds
    changes = observed(alarms, published(fault), NOON - HOUR, over + fault.looked)
    assert set(ringing(changes)) == set(fault.rings)
    for name, (begins, ends) in fault.rings.items():
        first, *_, last = [change for change in changes if change.alarm == name and change.time >= NOON]
        assert first.after is State.ALARM and first.time - NOON <= begins * MINUTE
        assert last.after is State.OK and last.time - over <= ends * MINUTE


def test_every_alarm_is_rung_by_a_fault_or_by_the_same_fault_of_the_other_source() -> None:
    rung = {name for fault in FAULTS.values() for name in fault.rings}
    alarms = deployed_alarms(ENABLED)
    assert {*alarms.metric_alarms, *alarms.rules} == rung | {name.replace("UserData", "OrderData") for name in rung}


def test_a_dead_letter_rings_until_the_queue_is_empty() -> None:
    fault = FAULTS["a dead letter waits"]
    changes = observed(deployed_alarms(ENABLED), published(fault), NOON - HOUR, NOON + fault.seconds + HOUR)
    begin, end = [change.time for change in changes if change.alarm == "ScheduleDeadLetterAlarm"][-2:]
    assert end - begin >= fault.seconds


@pytest.mark.parametrize("delay", [0, 3 * HOUR - 10 * MINUTE])
def test_no_day_is_missed_because_an_execution_is_late(delay: int) -> None:
    points = healthy(NOON - 3 * DAY, NOON + 2 * DAY)
    metric = (MACHINE, "ExecutionsSucceeded")
    *others, late, last = points[metric]
    points[metric] = [*others, replace(late, time=late.time + min(delay, HOUR)), last]
    changes = observed(deployed_alarms(ENABLED), points, NOON - HOUR, NOON + 2 * DAY - HOUR)
    assert list(ringing(changes)) == []


def test_one_period_of_a_day_would_notice_a_missing_day_too_late() -> None:
    """CloudWatch looks further back than the period that it evaluates: why the day is made of hours."""
    fault = replace(FAULTS["the rule is disabled or deleted"], seconds=2 * DAY, looked=0)
    silent = replace(fault, emissions=tuple(replace(emission, seconds=2 * DAY) for emission in fault.emissions))
    alarms = deployed_alarms(ENABLED)
    hourly = alarms.metric_alarms["DailySummaryMissingAlarm"]
    daily = replace(hourly, period=DAY, evaluation_periods=1, datapoints_to_alarm=1)
    for alarm, rings in ((hourly, True), (daily, False)):
        changes = observed(Alarms({"Day": alarm}, {}), published(silent), NOON - HOUR, NOON + DAY + 12 * HOUR)
        assert ("Day" in ringing(changes)) is rings


def test_a_new_stack_rings_until_its_first_data() -> None:
    """What the README says of new stacks: minutes for the mappings, and until 02:00 for the summary."""
    points = healthy(NOON + 5 * MINUTE, NOON + DAY)
    changes = observed(deployed_alarms(ENABLED), points, NOON, NOON + DAY)
    ends = {change.alarm: change.time for change in changes if change.before is State.ALARM}
    assert set(ringing(changes)) == {
        "UserDataStoppedAlarm",
        "OrderDataStoppedAlarm",
        "DailySummaryMissingAlarm",
        "DataAtRiskAlarm",
        "LateAlarm",
    }
    assert ends["DataAtRiskAlarm"] <= NOON + 10 * MINUTE
    assert ends["LateAlarm"] <= NOON + 14 * HOUR + 5 * MINUTE
