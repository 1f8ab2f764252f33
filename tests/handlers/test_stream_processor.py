"""The stream processor from event to answer, over a real client."""

import json
from collections.abc import Callable
from decimal import Decimal
from types import ModuleType
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.handlers import lambda_process
from tests.handlers.conftest import FakeContext, Output
from tests.handlers.fake_dynamodb import (
    FakeDynamoDB,
    Fault,
    cut_short,
    failing,
    leaving_unprocessed,
    reset_after,
    reset_before,
)
from tests.handlers.stream_records import USERS_ENVIRONMENT, stream_record

pytestmark = pytest.mark.filterwarnings("ignore:No application metrics to publish")

NOTHING_FAILED: dict[str, Any] = {"batchItemFailures": []}


@pytest.fixture
def stream_processor(cold_start: Callable[..., ModuleType], monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.setattr("time.sleep", lambda seconds: None)
    return cold_start("stream_processor", **USERS_ENVIRONMENT)


@pytest.fixture
def table(stream_processor: ModuleType) -> FakeDynamoDB:
    return FakeDynamoDB(stream_processor.dynamodb, "test-analytics-synth")


def event(*numbers: int) -> dict[str, Any]:
    return {"Records": [stream_record(number) for number in numbers]}


def users(table: FakeDynamoDB) -> list[str]:
    return sorted(item["sourceUserId"]["S"] for item in table.items.values())


def test_a_batch_is_recorded(
    stream_processor: ModuleType, table: FakeDynamoDB, context: FakeContext, output: Callable[[], Output]
) -> None:
    records = event(1, 2)["Records"] + [stream_record(3, "REMOVE")]
    assert stream_processor.handler({"Records": records}, context) == NOTHING_FAILED
    assert users(table) == ["user-1", "user-2"]
    printed = output()
    (line,) = printed.logs
    assert (line["level"], line["message"], line["service"]) == ("INFO", "batch processed", "test-service")
    assert [line[name] for name in ("records", "written", "ignored", "failed")] == [3, 2, 1, 0]
    assert printed.metrics["RecordsProcessed"] == [3.0]
    assert printed.metrics["RecordsFailed"] == [0.0]
    assert printed.metrics["ActivitiesWritten"] == [2.0]
    assert printed.metrics["environment"] == "test"
    assert printed.metrics["_aws"]["CloudWatchMetrics"][0]["Namespace"] == "ServerlessApp"


def test_numbers_reach_the_table_as_the_stream_has_them(
    stream_processor: ModuleType, table: FakeDynamoDB, context: FakeContext
) -> None:
    exact = "12345678901234567890.123456789012345678"
    stream_processor.handler({"Records": [stream_record(timestamp=exact)]}, context)
    (item,) = table.items.values()
    assert item["sourceTimestamp"] == {"N": exact}
    assert Decimal(item["processedAt"]["N"]) >= 1_700_000_000_000


@pytest.mark.parametrize(
    "fault",
    [
        failing("ProvisionedThroughputExceededException"),
        failing("InternalServerError", 500),
        reset_before,
        reset_after,
        leaving_unprocessed(2),
    ],
)
def test_faults_that_pass_leave_each_activity_once(
    stream_processor: ModuleType, table: FakeDynamoDB, context: FakeContext, fault: Fault
) -> None:
    table.faults += [fault] * 5
    assert stream_processor.handler(event(*range(30)), context) == NOTHING_FAILED
    assert users(table) == sorted(f"user-{number}" for number in range(30))


def test_a_batch_delivered_again_leaves_the_same_items(
    stream_processor: ModuleType, table: FakeDynamoDB, context: FakeContext
) -> None:
    stream_processor.handler(event(*range(10)), context)
    before = dict(table.items)
    stream_processor.handler(event(*range(10)), context)
    assert table.items == before


def test_failures_are_reported_logged_and_measured(
    stream_processor: ModuleType, table: FakeDynamoDB, context: FakeContext, output: Callable[[], Output]
) -> None:
    poison = stream_record(2)
    poison["dynamodb"]["NewImage"]["timestamp"] = {"S": "secret"}
    answer = stream_processor.handler({"Records": [stream_record(1), poison]}, context)
    assert answer == {"batchItemFailures": [{"itemIdentifier": f"{2:021d}"}]}
    assert users(table) == ["user-1"]
    printed = output()
    (warning,) = printed.at("WARNING")
    assert warning["message"] == "records failed"
    assert warning["failures"] == [
        {"sequence_number": f"{2:021d}", "reason": "dynamodb.NewImage.timestamp.N is missing"}
    ]
    assert (printed.metrics["RecordsProcessed"], printed.metrics["RecordsFailed"]) == ([1.0], [1.0])
    assert "secret" not in json.dumps(printed.logs)


def test_a_missing_table_fails_every_record_and_logs_the_first_twenty(
    stream_processor: ModuleType, table: FakeDynamoDB, context: FakeContext, output: Callable[[], Output]
) -> None:
    table.table_name = "another"
    answer = stream_processor.handler(event(*range(30)), context)
    assert [failure["itemIdentifier"] for failure in answer["batchItemFailures"]] == [f"{n:021d}" for n in range(30)]
    (warning,) = output().at("WARNING")
    assert len(warning["failures"]) == 20
    assert {failure["reason"] for failure in warning["failures"]} == {"ResourceNotFoundException"}


def test_without_time_left_records_are_reported_and_not_lost(
    stream_processor: ModuleType, table: FakeDynamoDB, context: FakeContext
) -> None:
    context.remaining_milliseconds = 1000 * stream_processor.RESERVED_SECONDS
    answer = stream_processor.handler(event(1, 2), context)
    assert len(answer["batchItemFailures"]) == 2
    assert table.requests == []


def test_nothing_of_an_invocation_is_left_for_the_next(
    stream_processor: ModuleType, table: FakeDynamoDB, context: FakeContext, output: Callable[[], Output]
) -> None:
    table.faults.append(failing("AccessDeniedException"))
    assert len(stream_processor.handler(event(1, 2), context)["batchItemFailures"]) == 2
    output()
    assert stream_processor.handler(event(3), context) == NOTHING_FAILED
    assert users(table) == ["user-3"]
    assert output().metrics["RecordsProcessed"] == [1.0]


def test_an_empty_batch_is_answered_with_no_failures(
    stream_processor: ModuleType, table: FakeDynamoDB, context: FakeContext, output: Callable[[], Output]
) -> None:
    assert stream_processor.handler({"Records": []}, context) == NOTHING_FAILED
    assert table.requests == []
    printed = output()
    assert [(line["message"], line["records"]) for line in printed.logs] == [("batch processed", 0)]
    assert [printed.metrics[name] for name in ("RecordsProcessed", "RecordsFailed", "ActivitiesWritten")] == [[0.0]] * 3


def test_an_answer_that_was_cut_short_fails_no_record(
    stream_processor: ModuleType, table: FakeDynamoDB, context: FakeContext
) -> None:
    table.faults += [cut_short]
    assert stream_processor.handler(event(1, 2), context) == NOTHING_FAILED
    assert users(table) == ["user-1", "user-2"]


@pytest.mark.parametrize("strange", [{}, {"Records": None}, {"Records": "text"}, {"Records": {}}, [], None, "text"])
def test_an_event_that_is_none_is_an_error(
    stream_processor: ModuleType, table: FakeDynamoDB, context: FakeContext, strange: Any
) -> None:
    with pytest.raises(ValueError, match="DynamoDBStreams"):
        stream_processor.handler(strange, context)


def test_events_are_logged_only_on_demand(
    cold_start: Callable[..., ModuleType], context: FakeContext, output: Callable[[], Output]
) -> None:
    module = cold_start("stream_processor", **USERS_ENVIRONMENT, POWERTOOLS_LOGGER_LOG_EVENT="true")
    FakeDynamoDB(module.dynamodb, "test-analytics-synth")
    module.handler(event(1), context)
    payload, summary = output().logs
    assert payload["message"] == event(1)
    assert summary["message"] == "batch processed"


def test_a_request_that_begins_last_ends_before_the_function_does(stream_processor: ModuleType) -> None:
    config = stream_processor.dynamodb.meta.config
    attempts, longest_backoff = config.retries["total_max_attempts"], 1
    longest = attempts * (config.connect_timeout + config.read_timeout) + (attempts - 1) * longest_backoff
    assert longest < stream_processor.RESERVED_SECONDS


def test_its_client_tries_twice_in_few_seconds(
    stream_processor: ModuleType, table: FakeDynamoDB, context: FakeContext
) -> None:
    table.faults += [failing("InternalServerError", 500)] * 1000
    with pytest.raises(ClientError):
        stream_processor.dynamodb.batch_write_item(RequestItems={"test-analytics-synth": []})
    assert len(table.requests) == 2
    config = stream_processor.dynamodb.meta.config
    assert (config.connect_timeout, config.read_timeout, config.retries["mode"]) == (2, 3, "standard")


def test_the_seconds_left_end_before_the_function_does(stream_processor: ModuleType, context: FakeContext) -> None:
    context.remaining_milliseconds = 20_500
    assert stream_processor._seconds_left(context) == 5.5


def test_dynamodb_alone_checks_a_request(stream_processor: ModuleType, table: FakeDynamoDB) -> None:
    with pytest.raises(ClientError, match="ValidationException"):
        stream_processor.dynamodb.batch_write_item(RequestItems={"test-analytics-synth": []})


def test_calls_of_the_aws_client_are_traced_and_no_other_librarys(stream_processor: ModuleType) -> None:
    assert stream_processor.tracer._config["patch_modules"] == ["botocore"]


def test_it_is_traced_without_payloads_logged_by_request_and_counted_when_it_starts() -> None:
    invocations = lambda_process.invoke("stream_processor", USERS_ENVIRONMENT, *[event(1)] * 2)
    assert {segment["name"] for segment in invocations.segments} == {"## handler", "dynamodb"}
    first, second = invocations.handler_segments()
    assert [segment["annotations"]["ColdStart"] for segment in (first, second)] == [True, False]
    assert "metadata" not in first and "metadata" not in second
    assert {line["function_request_id"] for line in invocations.logs()} == {FakeContext.aws_request_id}
    assert [line["ColdStart"] for line in invocations.cold_starts()] == [[1.0]]
