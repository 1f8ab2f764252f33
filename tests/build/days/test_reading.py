"""What is read of days: executions that are running, the first day, and what reading will cost."""

import json
from datetime import UTC, date, datetime
from typing import Any

import pytest

from build.days.reading import DayReader, Reading
from tests.build.reconcile.test_reading import DEPLOYED
from tests.build.redrive.failure_records import PIPELINE
from tests.build.support import ANYTHING, Stubs

NOW = datetime(2026, 3, 5, 12, tzinfo=UTC)
DAYS = [date(2026, 3, number) for number in range(1, 6)]
END = 1_772_409_600_000
"""Of the first of March."""
DAY = 86_400_000
ARN = "arn:aws:states:us-west-2:123456789012:execution:dev:one"


def reader(stubs: Stubs) -> DayReader:
    return DayReader(
        stubs.clients, PIPELINE, [DEPLOYED], {"UserData": "userActivityCount"}, [], lambda text: None, now=NOW
    )


def summary(end: int, count: int) -> dict[str, Any]:
    return {"processedAt": {"N": str(end)}, "userActivityCount": {"N": str(count)}}


def summaries_are(stubs: Stubs, *items: dict[str, Any]) -> None:
    stubs.answer("dynamodb", "query", ANYTHING, {"Items": list(items), "Count": len(items)})


def table_is(stubs: Stubs, items: int, size: int) -> None:
    answer = {"Table": {"ItemCount": items, "TableSizeBytes": size}}
    stubs.answer("dynamodb", "describe_table", {"TableName": DEPLOYED.table}, answer)


def running_is(stubs: Stubs, request: Any, status: str = "RUNNING") -> None:
    machine = PIPELINE.state_machine
    started = datetime(2026, 3, 5, 2, tzinfo=UTC)
    listed = {"executionArn": ARN, "stateMachineArn": machine, "name": "one", "status": "RUNNING", "startDate": started}
    parameters = {"stateMachineArn": machine, "statusFilter": "RUNNING"}
    stubs.answer("workflow", "list_executions", parameters, {"executions": [listed]})
    text = request if isinstance(request, str) else json.dumps(request)
    described = {"executionArn": ARN, "stateMachineArn": machine, "status": status, "startDate": started, "input": text}
    stubs.answer("workflow", "describe_execution", {"executionArn": ARN}, described)


def days_of(running: Any) -> list[date]:
    return [datetime.fromtimestamp(window.start / 1000, UTC).date() for window in running]


@pytest.mark.parametrize(
    ("request_", "days"),
    [
        ({"dataType": "DAILY_ANALYTICS", "date": "2026-03-02"}, [DAYS[1]]),
        ({"dataType": "DAILY_ANALYTICS", "scheduledTime": "2026-03-05T02:00:00Z"}, DAYS[2:4]),
        ({"dataType": "USER_DATA", "date": "2026-03-02"}, []),
        ({"dataType": "DAILY_ANALYTICS", "date": "tomorrow"}, []),
        ([1], []),
    ],
)
def test_an_execution_that_is_running_says_its_days(stubs: Stubs, request_: Any, days: list[date]) -> None:
    running_is(stubs, request_)
    running = reader(stubs)._running()
    assert days_of(running) == days
    assert set(running.values()) <= {f"the execution {ARN} summarises it"}


def test_one_that_has_just_ended_is_not_running(stubs: Stubs) -> None:
    running_is(stubs, {"dataType": "DAILY_ANALYTICS", "date": "2026-03-02"}, "SUCCEEDED")
    assert reader(stubs)._running() == {}


def test_days_with_a_summary_cost_what_it_counted(stubs: Stubs) -> None:
    table_is(stubs, 5_000, 1_000_000)
    summaries_are(stubs, summary(END, 10), summary(END + DAY, 20), summary(END + 2 * DAY + 5, 1_000))
    assert reader(stubs).estimate(DAYS[:2]) == Reading(30, 200)


def test_days_without_one_cost_at_most_what_no_summary_counted(stubs: Stubs) -> None:
    for items, expected in ((5_000, 4_990), (3, 20)):
        table_is(stubs, items, 200 * items)
        summaries_are(stubs, summary(END, 10), summary(END + DAY, 20))
        assert reader(stubs).estimate(DAYS[1:3]) == Reading(expected, 200)


def test_an_empty_table_costs_nothing(stubs: Stubs) -> None:
    table_is(stubs, 0, 0)
    summaries_are(stubs)
    assert reader(stubs).estimate(DAYS) == Reading(0, 0)


def test_the_cost_is_said_in_activities_read_units_and_dollars() -> None:
    assert Reading(500_000_000, 204.8).sentence == (
        "counting reads up to about 500,000,000 activities of 205 bytes, 25,000,000 read units, which cost $3.12 on "
        "demand in us-west-2"
    )


@pytest.mark.parametrize(
    ("summarised", "recorded", "first"),
    [([], None, DAYS[4]), ([END + DAY], None, DAYS[1]), ([END + DAY], END - 1, DAYS[0]), ([END], END, DAYS[0])],
)
def test_the_first_day_has_the_first_activity_or_summary(
    stubs: Stubs, summarised: list[int], recorded: int | None, first: date
) -> None:
    summaries_are(stubs, *(summary(end, 1) for end in summarised))
    activity = [] if recorded is None else [{"processedAt": {"N": f"{recorded}.5"}}]
    for _ in DEPLOYED.partitions:
        stubs.answer("dynamodb", "query", ANYTHING, {"Items": activity, "Count": len(activity)})
    assert reader(stubs).first_day() == first
