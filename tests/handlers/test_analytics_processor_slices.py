"""The analytics processor's steps of counting in slices, one after the other as the workflow does them."""

import json
from collections.abc import Callable
from types import ModuleType
from typing import Any

import pytest

from handlers.errors import AnalyticsTableError, InvalidRequestError, LargeDayError, SlicesError
from handlers.keys import last_sort_key_before, sort_key
from tests.handlers.conftest import FakeContext, Output
from tests.handlers.fake_dynamodb import FakeDynamoDB, failing
from tests.handlers.test_analytics_processor import DAY, ENVIRONMENT, HOUR, TODAY, request, summaries, without_time

pytestmark = pytest.mark.filterwarnings("ignore:No application metrics to publish")

SHARDS = 5
REQUESTS = [
    request(scheduledExecution=True, scheduledTime="2026-11-22T02:00:00Z"),
    request(date="2026-11-21"),
    request("ORDER_DATA", date="2026-11-20"),
    request("USER_DATA", validatedAt="2026-11-21T13:14:15.167Z"),
]


@pytest.fixture
def analytics_processor(cold_start: Callable[..., ModuleType], monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.setattr("time.sleep", lambda seconds: None)
    return cold_start("analytics_processor", **ENVIRONMENT | {"ACTIVITY_SHARDS": f"[[0,{SHARDS}]]"})


@pytest.fixture
def table(analytics_processor: ModuleType) -> FakeDynamoDB:
    """Activities at both ends of hours, in every shard, over three days."""
    table = FakeDynamoDB(analytics_processor.dynamodb, "test-analytics-synth")
    for kind, number in (("USER_ACTIVITY", 90), ("ORDER_ACTIVITY", 40)):
        for shard in range(SHARDS):
            partition = f"{kind}#{shard}" if shard else kind
            for hour in range(0, number, shard + 1):
                start = TODAY - 3 * DAY + hour * HOUR
                for at in (sort_key(start, hour), last_sort_key_before(start)):
                    table.put({"Item": {"dataType": {"S": partition}, "processedAt": {"N": at}}})
    return table


def plan(module: ModuleType, of: dict[str, Any]) -> dict[str, Any]:
    answer: dict[str, Any] = module.handler({"step": "PLAN", "request": of}, FakeContext())
    return answer


def count(module: ModuleType, planned: dict[str, Any], part: dict[str, Any]) -> dict[str, Any]:
    event = {"step": "COUNT", "slice": part, "pageSize": planned["pageSize"], "consistent": planned["consistent"]}
    answer: dict[str, Any] = module.handler(event, FakeContext())
    return answer


def in_slices(module: ModuleType, of: dict[str, Any]) -> dict[str, Any]:
    """The input of the last state."""
    planned = plan(module, of)
    counted = [count(module, planned, part) for part in planned["slices"]]
    passed_on: dict[str, Any] = json.loads(json.dumps({**planned, "slices": counted}))
    return passed_on


@pytest.mark.parametrize("of", REQUESTS)
def test_a_summary_is_the_same_whether_it_is_counted_in_slices_or_at_once(
    analytics_processor: ModuleType, table: FakeDynamoDB, context: FakeContext, of: dict[str, Any]
) -> None:
    at_once = analytics_processor.handler(of, context)["summaries"]
    assert all(summary["totalRecords"] > 0 for summary in at_once)
    items = without_time(summaries(table))
    table.items = {key: item for key, item in table.items.items() if not key[0].endswith("_SUMMARY")}
    counted = in_slices(analytics_processor, of)
    for _ in range(2):
        answer = analytics_processor.handler(counted, context)
        assert without_time(answer["summaries"]) == without_time(at_once)
        assert without_time(summaries(table)) == items


def test_a_summary_was_counted_when_its_first_slice_began(
    analytics_processor: ModuleType, table: FakeDynamoDB, context: FakeContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    moments = iter((1_000, 2_000))
    monkeypatch.setattr(analytics_processor, "milliseconds_since_1970", lambda moment: next(moments))
    counted = in_slices(analytics_processor, REQUESTS[1])
    assert counted["countedAt"] == 1_000
    (summary,) = analytics_processor.handler(counted, context)["summaries"]
    assert summary["countedAt"] == 1_000


def test_a_summary_was_counted_as_consistently_as_its_slices(
    analytics_processor: ModuleType, table: FakeDynamoDB, context: FakeContext
) -> None:
    counted = in_slices(analytics_processor, REQUESTS[1]) | {"consistent": False}
    (summary,) = analytics_processor.handler(counted, context)["summaries"]
    assert summary["consistent"] is False


@pytest.mark.parametrize(("of", "consistent"), [(REQUESTS[0], False), (REQUESTS[1], True)])
def test_slices_are_read_as_consistently_as_the_request_says(
    analytics_processor: ModuleType, table: FakeDynamoDB, of: dict[str, Any], consistent: bool
) -> None:
    in_slices(analytics_processor, of)
    assert {body["ConsistentRead"] for operation, body in table.requests if operation == "Query"} == {consistent}


@pytest.mark.parametrize("size", [None, 3])
def test_slices_are_read_in_pages_as_the_request_says(
    analytics_processor: ModuleType, table: FakeDynamoDB, size: int | None
) -> None:
    of = {name: value for name, value in {**REQUESTS[1], "pageSize": size}.items() if value is not None}
    in_slices(analytics_processor, of)
    assert {body.get("Limit") for _, body in table.requests} == {size}


def test_a_plan_reads_nothing_and_keeps_the_request(analytics_processor: ModuleType, table: FakeDynamoDB) -> None:
    table.requests.clear()
    planned = plan(analytics_processor, REQUESTS[0])
    assert {name: planned[name] for name in REQUESTS[0]} == REQUESTS[0]
    assert table.requests == []
    assert len(planned["slices"]) == 48 * 2 * SHARDS
    assert planned["slices"][0] == {
        "activityType": "USER_ACTIVITY",
        "start": TODAY - 2 * DAY,
        "end": TODAY - 2 * DAY + HOUR,
        "firstShard": 0,
        "endShard": 1,
    }


def test_a_plan_is_of_when_the_request_was_validated(analytics_processor: ModuleType, table: FakeDynamoDB) -> None:
    planned = plan(analytics_processor, REQUESTS[3])
    end = TODAY - DAY + 13 * HOUR + 14 * 60_000 + 15_167
    assert (planned["slices"][0]["start"], planned["slices"][-1]["end"]) == (end - DAY, end)
    assert analytics_processor.handler(in_slices(analytics_processor, REQUESTS[3]), FakeContext())


def test_a_plan_of_a_senseless_request_is_refused(analytics_processor: ModuleType) -> None:
    with pytest.raises(InvalidRequestError):
        plan(analytics_processor, request("EVERYTHING"))


def test_a_slice_that_fails_is_an_error_and_can_be_counted_again(
    analytics_processor: ModuleType, table: FakeDynamoDB
) -> None:
    planned = plan(analytics_processor, REQUESTS[0])
    first = count(analytics_processor, planned, planned["slices"][0])
    table.faults.append(failing("AccessDeniedException"))
    with pytest.raises(AnalyticsTableError):
        count(analytics_processor, planned, planned["slices"][0])
    assert count(analytics_processor, planned, planned["slices"][0]) == first == {**planned["slices"][0], "count": 2}


def test_a_missing_slice_leaves_the_stored_summary(
    analytics_processor: ModuleType, table: FakeDynamoDB, context: FakeContext
) -> None:
    analytics_processor.handler(REQUESTS[1], context)
    stored = summaries(table)
    counted = in_slices(analytics_processor, REQUESTS[1])
    del counted["slices"][7]
    with pytest.raises(SlicesError):
        analytics_processor.handler(counted, context)
    assert summaries(table) == stored


@pytest.mark.parametrize(("limit", "requests"), [(0, 0), (239, 0), (240, 240), (299, 299)])
def test_a_large_day_is_not_counted_at_once(
    analytics_processor: ModuleType,
    table: FakeDynamoDB,
    context: FakeContext,
    monkeypatch: pytest.MonkeyPatch,
    limit: int,
    requests: int,
) -> None:
    """Ten partitions have 240 hours; with pages of one item there are more than 300 pages."""
    monkeypatch.setattr(analytics_processor, "_PAGES", limit)
    monkeypatch.setattr("handlers.counting.CONCURRENT_QUERIES", 1)
    with pytest.raises(LargeDayError):
        analytics_processor.handler(request(date="2026-11-20", pageSize=1), context)
    assert (len(table.requests), summaries(table)) == (requests, [])


def test_slices_have_as_many_pages_as_there_are(
    analytics_processor: ModuleType, table: FakeDynamoDB, context: FakeContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    at_once = analytics_processor.handler(REQUESTS[1], context)["summaries"]
    monkeypatch.setattr(analytics_processor, "_PAGES", 0)
    answer = analytics_processor.handler(in_slices(analytics_processor, REQUESTS[1]), context)
    assert without_time(answer["summaries"]) == without_time(at_once)


def test_slices_are_measured_when_they_are_added_up(
    analytics_processor: ModuleType, table: FakeDynamoDB, context: FakeContext, output: Callable[[], Output]
) -> None:
    counted = in_slices(analytics_processor, REQUESTS[1])
    assert "TotalRecords" not in output().metrics
    (summary,) = analytics_processor.handler(counted, context)["summaries"]
    assert output().metrics["TotalRecords"] == [summary["totalRecords"]]
