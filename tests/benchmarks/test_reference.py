"""The reference's algorithms do what the reference does, its mistakes included."""

from typing import Any

import pytest

from benchmarks.systems.reference import DAY_MILLISECONDS, process_user_data, put_summary
from benchmarks.systems.stream_events import stream_events
from stack.config import SOURCES

NOW = 1_750_000_000_000


class ScannedTable:
    """A table that answers Scan with given pages, and keeps what is put."""

    def __init__(self, *pages: list[dict[str, Any]]) -> None:
        self.pages = pages
        self.scans: list[dict[str, Any]] = []
        self.put: list[dict[str, Any]] = []

    def scan(self, **request: Any) -> dict[str, Any]:
        self.scans.append(request)
        number = request.get("ExclusiveStartKey", 0)
        last = number == len(self.pages) - 1
        return {"Items": self.pages[number], **({} if last else {"LastEvaluatedKey": number + 1})}

    def put_item(self, Item: dict[str, Any]) -> None:
        self.put.append(Item)


USER, ORDER = {"dataType": "USER_ACTIVITY"}, {"dataType": "ORDER_ACTIVITY"}


def test_every_record_is_put_by_a_request_of_its_own(capsys: pytest.CaptureFixture[str]) -> None:
    table: Any = ScannedTable()
    event = next(stream_events(SOURCES[0], 3))
    process_user_data(table, event)
    assert [item["sourceUserId"] for item in table.put] == ["user-00000000", "user-00000001", "user-00000002"]
    assert set(table.put[0]) == {
        "dataType",
        "processedAt",
        "sourceUserId",
        "sourceTimestamp",
        "eventType",
        "processedBy",
    }
    assert len(capsys.readouterr().out.splitlines()) == 1 + 2 * 3


def test_removals_are_not_put() -> None:
    table: Any = ScannedTable()
    process_user_data(table, {"Records": [{"eventName": "REMOVE", "dynamodb": {}}]})
    assert not table.put


def test_the_summary_counts_one_page_and_takes_it_for_the_table() -> None:
    table: Any = ScannedTable([USER, USER, ORDER], [USER])
    summary = put_summary(table, NOW, every_page=False)
    assert (summary["totalRecords"], summary["userActivityCount"], summary["orderActivityCount"]) == (3, 2, 1)
    assert table.put == [summary] and len(table.scans) == 1


def test_the_summary_made_right_counts_every_page() -> None:
    table: Any = ScannedTable([USER, USER, ORDER], [USER], [ORDER])
    assert put_summary(table, NOW, every_page=True)["totalRecords"] == 5
    assert [scan["ExpressionAttributeValues"] for scan in table.scans] == [{":timestamp": NOW - DAY_MILLISECONDS}] * 3
