"""The analytics processor from request to summaries, over a real client."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from types import ModuleType
from typing import Any

import pytest
from botocore.exceptions import ClientError

from handlers.activity_settings import ShardHistory
from handlers.errors import AnalyticsTableError, InvalidRequestError
from handlers.keys import sort_key
from handlers.summaries import summary_item
from tests.handlers import lambda_process
from tests.handlers.conftest import FakeContext, Output
from tests.handlers.fake_dynamodb import FakeDynamoDB, cut_short, failing, reset_after

pytestmark = pytest.mark.filterwarnings("ignore:No application metrics to publish")

ENVIRONMENT = {
    "ACTIVITY_SHARDS": "[[0,2]]",
    "PAGES_IN_ONE_INVOCATION": "1000",
    "SOURCES": json.dumps(
        [
            {
                "dataType": "USER_DATA",
                "activityType": "USER_ACTIVITY",
                "summaryType": "USER_SUMMARY",
                "countAttribute": "userActivityCount",
            },
            {
                "dataType": "ORDER_DATA",
                "activityType": "ORDER_ACTIVITY",
                "summaryType": "ORDER_SUMMARY",
                "countAttribute": "orderActivityCount",
            },
        ]
    ),
}
VALIDATED_AT = "2026-11-22T02:00:03.250Z"
HOUR = 3_600_000
DAY = 24 * HOUR
TODAY = round(datetime(2026, 11, 22, tzinfo=UTC).timestamp() * 1000)


@pytest.fixture
def analytics_processor(cold_start: Callable[..., ModuleType], monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.setattr("time.sleep", lambda seconds: None)
    return cold_start("analytics_processor", **ENVIRONMENT)


@pytest.fixture
def table(analytics_processor: ModuleType) -> FakeDynamoDB:
    """Ten users and four orders two days ago, five users and three orders yesterday, one user today."""
    table = FakeDynamoDB(analytics_processor.dynamodb, "test-analytics-synth")
    for partition, day, number in [
        ("USER_ACTIVITY", 2, 6),
        ("USER_ACTIVITY#1", 2, 4),
        ("ORDER_ACTIVITY", 2, 4),
        ("USER_ACTIVITY", 1, 5),
        ("ORDER_ACTIVITY#1", 1, 3),
        ("USER_ACTIVITY", 0, 1),
    ]:
        for fraction in range(number):
            at = sort_key(TODAY - day * DAY + HOUR, fraction)
            table.put({"Item": {"dataType": {"S": partition}, "processedAt": {"N": at}}})
    return table


def request(data_type: str = "DAILY_ANALYTICS", **wishes: Any) -> dict[str, Any]:
    return {
        "isValid": True,
        "dataType": data_type,
        "batchSize": 100,
        "pageSize": 2,
        "validatedAt": VALIDATED_AT,
        **wishes,
    }


def now() -> int:
    return int(datetime.now(UTC).timestamp() * 1000)


def without_time(summaries: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Summaries but for when they were counted."""
    return [{name: value for name, value in summary.items() if name != "countedAt"} for summary in summaries]


def summaries(table: FakeDynamoDB) -> list[dict[str, Any]]:
    return [item for (data_type, _), item in table.items.items() if data_type.endswith("_SUMMARY")]


def counts(answer: dict[str, Any]) -> list[tuple[int, int | None, int | None]]:
    return [
        (summary["totalRecords"], summary.get("userActivityCount"), summary.get("orderActivityCount"))
        for summary in answer["summaries"]
    ]


def test_a_scheduled_run_summarizes_two_days(
    analytics_processor: ModuleType, table: FakeDynamoDB, context: FakeContext, output: Callable[[], Output]
) -> None:
    before = now()
    answer = analytics_processor.handler(
        request(scheduledExecution=True, scheduledTime="2026-11-22T02:00:00Z"), context
    )
    yesterday = {
        "dataType": "DAILY_SUMMARY",
        "processedAt": TODAY,
        "totalRecords": 8,
        "userActivityCount": 5,
        "orderActivityCount": 3,
        "userActivityByHour": [0, 5, *[0] * 22],
        "orderActivityByHour": [0, 3, *[0] * 22],
        "processedBy": "analyticsProcessor",
        "windowStart": TODAY - DAY,
        "windowEnd": TODAY,
        "countedAt": answer["summaries"][1]["countedAt"],
        "consistent": False,
        "batchSize": 100,
    }
    assert before <= yesterday["countedAt"] <= now()
    assert (answer["statusCode"], answer["body"]) == (200, "Successfully processed analytics")
    assert json.loads(json.dumps(answer["summaries"]))[1] == yesterday
    assert counts(answer) == [(14, 10, 4), (8, 5, 3)]
    assert summaries(table)[1] == summary_item(yesterday)
    printed = output()
    (line,) = printed.logs
    assert (line["level"], line["message"], line["summaries"]) == ("INFO", "summaries written", answer["summaries"])
    assert printed.metrics["TotalRecords"] == [8.0]
    assert printed.metrics["UserActivityCount"] == [5.0]
    assert printed.metrics["OrderActivityCount"] == [3.0]
    assert printed.metrics["environment"] == "test"


@pytest.mark.parametrize(
    ("data_type", "summary_type", "expected"),
    [("USER_DATA", "USER_SUMMARY", (5, 5, None)), ("ORDER_DATA", "ORDER_SUMMARY", (3, None, 3))],
)
def test_a_source_is_summarized_alone(
    analytics_processor: ModuleType,
    table: FakeDynamoDB,
    context: FakeContext,
    data_type: str,
    summary_type: str,
    expected: tuple[int, int | None, int | None],
) -> None:
    answer = analytics_processor.handler(request(data_type, date="2026-11-21"), context)
    assert counts(answer) == [expected]
    assert [item["dataType"]["S"] for item in summaries(table)] == [summary_type]


def test_running_twice_leaves_one_summary_a_window(
    analytics_processor: ModuleType, table: FakeDynamoDB, context: FakeContext
) -> None:
    for wishes in ({"date": "2026-11-21"}, {"scheduledExecution": True}, {}):
        table.items = {key: item for key, item in table.items.items() if not key[0].endswith("_SUMMARY")}
        first = analytics_processor.handler(request(**wishes), context)["summaries"]
        written = without_time(summaries(table))
        assert without_time(analytics_processor.handler(request(**wishes), context)["summaries"]) == without_time(first)
        assert without_time(summaries(table)) == written


def test_a_late_record_is_in_its_own_day_after_the_next_run(
    analytics_processor: ModuleType, table: FakeDynamoDB, context: FakeContext
) -> None:
    analytics_processor.handler(request(date="2026-11-21"), context)
    late = {"dataType": {"S": "ORDER_ACTIVITY"}, "processedAt": {"N": sort_key(TODAY - 1, 7)}}
    table.put({"Item": late})
    next_run = request(scheduledExecution=True, validatedAt="2026-11-23T02:00:03.250Z")
    assert counts(analytics_processor.handler(next_run, context))[0] == (9, 5, 4)
    assert [item["totalRecords"]["N"] for item in summaries(table)] == ["9", "1"]


def test_without_a_wish_the_last_24_hours_are_counted(
    analytics_processor: ModuleType, table: FakeDynamoDB, context: FakeContext
) -> None:
    (summary,) = analytics_processor.handler(request(), context)["summaries"]
    assert summary["windowEnd"] == TODAY + 2 * HOUR + 3_250
    assert summary["windowEnd"] - summary["windowStart"] == DAY
    assert summary["totalRecords"] == 1


def test_a_request_that_was_not_validated_is_of_now(
    analytics_processor: ModuleType, table: FakeDynamoDB, context: FakeContext
) -> None:
    before = datetime.now(UTC).timestamp() * 1000 - 1
    (summary,) = analytics_processor.handler({"dataType": "USER_DATA"}, context)["summaries"]
    assert before <= summary["windowEnd"] <= datetime.now(UTC).timestamp() * 1000


def test_counts_are_exact_when_throttled_in_the_middle(
    analytics_processor: ModuleType, table: FakeDynamoDB, context: FakeContext
) -> None:
    throttle, broken = failing("ProvisionedThroughputExceededException"), failing("InternalServerError", 500)
    table.faults += [None, throttle, broken, None, throttle, throttle, None, None, broken, throttle]
    answer = analytics_processor.handler(request(scheduledExecution=True), context)
    assert counts(answer) == [(14, 10, 4), (8, 5, 3)]


def test_a_summary_whose_answer_is_lost_is_written_once(
    analytics_processor: ModuleType, table: FakeDynamoDB, context: FakeContext
) -> None:
    def lose_the_answer(fake: FakeDynamoDB, operation: str, body: dict[str, Any]) -> Any:
        if operation == "PutItem":
            return reset_after(fake, operation, body)
        fake.faults.append(lose_the_answer)
        return fake.answer(operation, body)

    table.faults.append(lose_the_answer)
    assert counts(analytics_processor.handler(request(date="2026-11-21"), context)) == [(8, 5, 3)]
    assert [operation for operation, _ in table.requests].count("PutItem") == 2
    assert len(summaries(table)) == 1


@pytest.mark.parametrize("meanwhile", [0, 1])
def test_an_older_count_that_is_written_later_leaves_the_newer_one(
    analytics_processor: ModuleType,
    table: FakeDynamoDB,
    context: FakeContext,
    output: Callable[[], Output],
    monkeypatch: pytest.MonkeyPatch,
    meanwhile: int,
) -> None:
    """While a run waits for its last answer, 50 records are replayed and the day is counted again."""
    monkeypatch.setattr(analytics_processor, "_SHARDS", ShardHistory(((0, 1),)))
    monkeypatch.setattr("handlers.counting.CONCURRENT_QUERIES", 1)
    moments = iter((1_000, 2_000))
    monkeypatch.setattr(analytics_processor, "milliseconds_since_1970", lambda moment: next(moments))
    day = request("USER_DATA", date="2026-11-21", pageSize=None)

    def count_again(fake: FakeDynamoDB, operation: str, body: dict[str, Any]) -> Any:
        answer = fake.answer(operation, body) if operation == "Query" else None
        for fraction in range(50):
            at = sort_key(TODAY - HOUR, fraction)
            fake.put({"Item": {"dataType": {"S": "USER_ACTIVITY"}, "processedAt": {"N": at}}})
        fake.lock.release()
        newer = analytics_processor.handler(day, context)
        fake.lock.acquire()
        assert counts(newer) == [(55, 55, None)]
        return answer or fake.answer(operation, body)

    table.faults += [None] * 23 + [None] * meanwhile + [count_again]
    older = analytics_processor.handler(day, context)
    assert counts(older) == [(5, 5, None)]
    (stored,) = summaries(table)
    assert (stored["totalRecords"], stored["countedAt"]) == ({"N": "55"}, {"N": "2000"})
    skipped = output().logs[-1]
    assert skipped["message"] == "summaries that were counted later are stored already"
    assert skipped["summaries"] == older["summaries"]


@pytest.mark.parametrize(
    ("wishes", "consistent", "counted"),
    [
        ({"date": "2026-11-21"}, True, 171),
        ({"date": "2026-11-21", "scheduledExecution": True}, True, 171),
        ({"date": "2026-11-21", "scheduledTime": "2026-11-22T02:00:00Z"}, True, 171),
        ({"validatedAt": "2026-11-21T23:00:00Z"}, True, 171),
        ({"validatedAt": "2026-11-21T23:00:00Z", "scheduledExecution": False}, True, 171),
        ({"scheduledExecution": True}, False, 151),
        ({"scheduledTime": "2026-11-22T02:00:00Z"}, False, 151),
    ],
)
def test_what_is_replayed_is_counted_though_a_replica_lags(
    analytics_processor: ModuleType,
    table: FakeDynamoDB,
    context: FakeContext,
    wishes: dict[str, Any],
    consistent: bool,
    counted: int,
) -> None:
    table.begin()
    for number in range(171):
        table.replica = dict(table.items) if number == 151 else table.replica
        at = sort_key(TODAY - 3 * HOUR, number)
        table.put({"Item": {"dataType": {"S": "USER_ACTIVITY"}, "processedAt": {"N": at}}})
    summary = analytics_processor.handler(request(**wishes), context)["summaries"][-1]
    assert summary["totalRecords"] == counted
    assert summary.get("consistent", True) is consistent


def test_an_answer_without_a_count_is_an_error_that_the_workflow_retries(
    analytics_processor: ModuleType, table: FakeDynamoDB, context: FakeContext
) -> None:
    table.faults += [cut_short]
    with pytest.raises(AnalyticsTableError, match="test-analytics-synth sent an answer that was cut short"):
        analytics_processor.handler(request(date="2026-11-21"), context)
    assert summaries(table) == []


@pytest.mark.parametrize(
    "wishes",
    [{"date": "2026-11-23"}, {"date": "soon"}, {"scheduledTime": "soon"}, {"validatedAt": "soon"}]
    + [{"dataType": "EVERYTHING"}, {"dataType": None}],
)
def test_a_request_that_makes_no_sense_is_refused_before_any_call(
    analytics_processor: ModuleType, table: FakeDynamoDB, context: FakeContext, wishes: dict[str, Any]
) -> None:
    with pytest.raises(InvalidRequestError):
        analytics_processor.handler(request() | wishes, context)
    assert table.requests == []


def limits(table: FakeDynamoDB) -> set[int | None]:
    return {body.get("Limit") for operation, body in table.requests if operation == "Query"}


def test_the_page_size_is_that_of_a_page(
    analytics_processor: ModuleType, table: FakeDynamoDB, context: FakeContext
) -> None:
    analytics_processor.handler(request(date="2026-11-21"), context)
    assert limits(table) == {2}


def test_the_batch_size_bounds_nothing(
    analytics_processor: ModuleType, table: FakeDynamoDB, context: FakeContext
) -> None:
    whole_pages = {name: value for name, value in request(date="2026-11-21", batchSize=1).items() if name != "pageSize"}
    (summary,) = analytics_processor.handler(whole_pages, context)["summaries"]
    assert limits(table) == {None}
    assert summary["batchSize"] == 1
    assert summaries(table)[0]["batchSize"] == {"N": "1"}


def test_a_missing_table_is_named(analytics_processor: ModuleType, table: FakeDynamoDB, context: FakeContext) -> None:
    table.table_name = "another"
    with pytest.raises(AnalyticsTableError, match="test-analytics-synth.*deploy the stack again"):
        analytics_processor.handler(request(), context)


def test_nothing_is_written_when_a_count_fails(
    analytics_processor: ModuleType, table: FakeDynamoDB, context: FakeContext
) -> None:
    table.faults += [None, None, failing("AccessDeniedException")]
    with pytest.raises(AnalyticsTableError):
        analytics_processor.handler(request(scheduledExecution=True), context)
    assert summaries(table) == []


def test_its_client_tries_ten_times(analytics_processor: ModuleType, table: FakeDynamoDB, context: FakeContext) -> None:
    table.faults += [failing("InternalServerError", 500)] * 1000
    with pytest.raises(ClientError):
        analytics_processor.dynamodb.put_item(TableName="test-analytics-synth", Item={})
    assert len(table.requests) == 10
    config = analytics_processor.dynamodb.meta.config
    assert (config.connect_timeout, config.read_timeout, config.retries["mode"]) == (5, 10, "standard")


def test_calls_of_the_aws_client_are_traced_and_no_other_librarys(analytics_processor: ModuleType) -> None:
    assert analytics_processor.tracer._config["patch_modules"] == ["botocore"]


def test_it_is_traced_without_payloads_logged_by_request_and_counted_when_it_starts() -> None:
    invocations = lambda_process.invoke("analytics_processor", ENVIRONMENT, *[request("USER_DATA")] * 2)
    assert {segment["name"] for segment in invocations.segments} == {"## handler", "dynamodb"}
    first, second = invocations.handler_segments()
    assert [segment["annotations"]["ColdStart"] for segment in (first, second)] == [True, False]
    assert "metadata" not in first and "metadata" not in second
    assert {line["function_request_id"] for line in invocations.logs()} == {FakeContext.aws_request_id}
    assert [line["ColdStart"] for line in invocations.cold_starts()] == [[1.0]]


def test_a_summary_is_not_replaced_by_one_of_a_day_that_has_expired(
    cold_start: Callable[..., ModuleType], context: FakeContext
) -> None:
    module = cold_start("analytics_processor", **ENVIRONMENT, ACTIVITY_RETENTION_DAYS="3")
    table = FakeDynamoDB(module.dynamodb, "test-analytics-synth")
    with pytest.raises(InvalidRequestError, match="kept for 3 days: ask for 2026-11-20 or later"):
        module.handler(
            {"dataType": "USER_DATA", "date": "2026-11-18", "batchSize": 100, "validatedAt": VALIDATED_AT}, context
        )
    assert table.requests == []
