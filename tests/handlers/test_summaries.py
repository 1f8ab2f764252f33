"""What a summary counts and holds."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from botocore.exceptions import ClientError

from handlers.errors import InvalidRequestError
from handlers.summaries import (
    CountedSource,
    Counting,
    Summary,
    SummaryKind,
    requested_kind,
    sources_from_json,
    store_summary,
    summary_item,
    summary_of,
)
from handlers.windows import Window
from tests.handlers.fake_dynamodb import FakeDynamoDB, failing

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

TABLE = "test-analytics-synth"
USERS = CountedSource("USER_DATA", "USER_ACTIVITY", "USER_SUMMARY", "userActivityCount")
ORDERS = CountedSource("ORDER_DATA", "ORDER_ACTIVITY", "ORDER_SUMMARY", "orderActivityCount")
COUNTED = Counting(began_at=3_000, consistent=True)
COUNTS = {"USER_ACTIVITY": 3, "ORDER_ACTIVITY": 4}


def test_sources_are_read_from_json() -> None:
    entry = {
        "dataType": "USER_DATA",
        "activityType": "USER_ACTIVITY",
        "summaryType": "USER_SUMMARY",
        "countAttribute": "userActivityCount",
    }
    assert sources_from_json(json.dumps([entry])) == (USERS,)


@pytest.mark.parametrize(
    ("data_type", "expected"),
    [
        ("DAILY_ANALYTICS", SummaryKind("DAILY_SUMMARY", (USERS, ORDERS))),
        ("USER_DATA", SummaryKind("USER_SUMMARY", (USERS,))),
        ("ORDER_DATA", SummaryKind("ORDER_SUMMARY", (ORDERS,))),
    ],
)
def test_a_data_type_asks_for_every_source_or_one(data_type: str, expected: SummaryKind) -> None:
    assert requested_kind(data_type, (USERS, ORDERS)) == expected


@pytest.mark.parametrize("data_type", [None, "", "USER_SUMMARY", ["USER_DATA"], {}, 1])
def test_another_data_type_is_refused(data_type: object) -> None:
    with pytest.raises(
        InvalidRequestError, match=r"^`dataType` is unknown: use one of DAILY_ANALYTICS, ORDER_DATA, USER_DATA\.$"
    ):
        requested_kind(data_type, (USERS, ORDERS))


def test_a_summary_of_every_source_has_a_count_of_each() -> None:
    kind = SummaryKind("DAILY_SUMMARY", (USERS, ORDERS))
    assert summary_of(kind, Window(1_000, 2_000), COUNTS, COUNTED) == {
        "dataType": "DAILY_SUMMARY",
        "processedAt": 2_000,
        "totalRecords": 7,
        "userActivityCount": 3,
        "orderActivityCount": 4,
        "processedBy": "analyticsProcessor",
        "windowStart": 1_000,
        "windowEnd": 2_000,
        "countedAt": 3_000,
    }


def test_a_summary_of_one_source_has_its_count_alone() -> None:
    summary = summary_of(SummaryKind("ORDER_SUMMARY", (ORDERS,)), Window(1_000, 2_000), COUNTS, COUNTED)
    assert (summary["totalRecords"], summary["orderActivityCount"]) == (4, 4)
    assert "userActivityCount" not in summary


def test_a_summary_that_may_miss_the_newest_writes_says_so() -> None:
    kind = SummaryKind("ORDER_SUMMARY", (ORDERS,))
    assert summary_of(kind, Window(1_000, 2_000), COUNTS, replace(COUNTED, consistent=False))["consistent"] is False
    assert "consistent" not in summary_of(kind, Window(1_000, 2_000), COUNTS, COUNTED)


def test_an_item_has_the_types_of_dynamodb() -> None:
    assert summary_item({"dataType": "DAILY_SUMMARY", "totalRecords": 0, "consistent": False}) == {
        "dataType": {"S": "DAILY_SUMMARY"},
        "totalRecords": {"N": "0"},
        "consistent": {"BOOL": False},
    }


def order_summary(counted_at: int, number: int = 4) -> Summary:
    kind, counts = SummaryKind("ORDER_SUMMARY", (ORDERS,)), {"ORDER_ACTIVITY": number}
    return summary_of(kind, Window(1_000, 2_000), counts, Counting(counted_at, consistent=True))


@pytest.mark.parametrize(
    ("stored", "written", "kept"), [(None, 5, 5), (5, 6, 6), (5, 5, 5), (5, 4, 5), (9, 10, 10), (10, 9, 10)]
)
def test_a_summary_replaces_none_that_was_counted_later(
    dynamodb: "DynamoDBClient", stored: int | None, written: int, kept: int
) -> None:
    table = FakeDynamoDB(dynamodb, TABLE)
    if stored is not None:
        assert store_summary(dynamodb, TABLE, order_summary(stored, number=1))
    assert store_summary(dynamodb, TABLE, order_summary(written)) is (written == kept)
    (item,) = table.items.values()
    assert item == summary_item(order_summary(kept, number=4 if written == kept else 1))


def test_a_summary_replaces_one_that_does_not_say_when_it_was_counted(dynamodb: "DynamoDBClient") -> None:
    table = FakeDynamoDB(dynamodb, TABLE)
    table.put({"Item": {name: value for name, value in summary_item(order_summary(9)).items() if name != "countedAt"}})
    assert store_summary(dynamodb, TABLE, order_summary(1, number=7))
    assert [item["totalRecords"] for item in table.items.values()] == [{"N": "7"}]


def test_another_refusal_is_an_error(dynamodb: "DynamoDBClient") -> None:
    FakeDynamoDB(dynamodb, TABLE).faults.append(failing("AccessDeniedException"))
    with pytest.raises(ClientError, match="AccessDeniedException"):
        store_summary(dynamodb, TABLE, order_summary(1))


STEPS = [("A", "begin"), ("A", "count"), ("A", "store"), ("B", "begin"), ("B", "count"), ("B", "store"), ("", "replay")]


def interleavings(left: Sequence[tuple[str, str]]) -> Iterator[list[tuple[str, str]]]:
    """Every order of steps in which each run, and the replay, keeps its own."""
    if not left:
        yield []
    for who in dict.fromkeys(run for run, _ in left):
        first = next(step for step in left if step[0] == who)
        for others in interleavings([step for step in left if step != first]):
            yield [first, *others]


def test_two_runs_in_any_interleaving_leave_the_newer_count(dynamodb: "DynamoDBClient") -> None:
    orders = list(interleavings(STEPS))
    assert len(orders) == 140
    table = FakeDynamoDB(dynamodb, TABLE)
    for order in orders:
        table.begin()
        activities, began, counted = 100, dict[str, int](), dict[str, int]()
        for moment, (run, step) in enumerate(order):
            match step:
                case "replay":
                    activities += 50
                case "begin":
                    began[run] = moment
                case "count":
                    counted[run] = activities
                case "store":
                    store_summary(dynamodb, TABLE, order_summary(began[run], counted[run]))
        newer = max(began, key=began.__getitem__)
        (item,) = table.items.values()
        assert item["totalRecords"] == {"N": str(counted[newer])}, order
