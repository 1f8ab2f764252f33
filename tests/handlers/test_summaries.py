"""What a summary counts and holds."""

import json

import pytest

from handlers.errors import InvalidRequestError
from handlers.summaries import CountedSource, SummaryKind, requested_kind, sources_from_json, summary_item, summary_of
from handlers.windows import Window

USERS = CountedSource("USER_DATA", "USER_ACTIVITY", "USER_SUMMARY", "userActivityCount")
ORDERS = CountedSource("ORDER_DATA", "ORDER_ACTIVITY", "ORDER_SUMMARY", "orderActivityCount")
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
    assert summary_of(kind, Window(1_000, 2_000), COUNTS) == {
        "dataType": "DAILY_SUMMARY",
        "processedAt": 2_000,
        "totalRecords": 7,
        "userActivityCount": 3,
        "orderActivityCount": 4,
        "processedBy": "analyticsProcessor",
        "windowStart": 1_000,
        "windowEnd": 2_000,
    }


def test_a_summary_of_one_source_has_its_count_alone() -> None:
    summary = summary_of(SummaryKind("ORDER_SUMMARY", (ORDERS,)), Window(1_000, 2_000), COUNTS)
    assert (summary["totalRecords"], summary["orderActivityCount"]) == (4, 4)
    assert "userActivityCount" not in summary


def test_an_item_has_the_types_of_dynamodb() -> None:
    assert summary_item({"dataType": "DAILY_SUMMARY", "totalRecords": 0}) == {
        "dataType": {"S": "DAILY_SUMMARY"},
        "totalRecords": {"N": "0"},
    }
