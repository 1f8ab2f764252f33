"""Saved queries: which logs they read, and that every field that they name is one that the handlers really log."""

import re
from collections.abc import Callable
from types import ModuleType
from typing import Any

import pytest

from tests.handlers.conftest import FakeContext, Output, clean_environment, cold_start, log, output
from tests.handlers.fake_dynamodb import FakeDynamoDB, leaving_unprocessed
from tests.handlers.stream_records import USERS_ENVIRONMENT, stream_record
from tests.stack.resolve import properties, resources_of, template

__all__ = ["clean_environment", "cold_start", "log", "output"]

FAILED, SLOW, WAY = "FailedRecordsQuery", "SlowBatchesQuery", "RecordQuery"
PROCESSORS = ("UserDataProcessor", "OrderDataProcessor")
OF_LAMBDA = {"@duration", "@log", "@maxMemoryUsed", "@message", "@requestId", "@timestamp", "@type"}
"""The fields that Logs Insights discovers in the logs of every function.

Source: https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/CWL_AnalyzeLogData-discoverable-fields.html
"""
COMMANDS = {"fields", "filter", "limit", "sort", "stats", "unnest"}
FUNCTIONS = {"coalesce", "count", "jsonParse", "max", "min", "strcontains"}
WORDS = {"as", "asc", "by", "desc", "into", "or"}
"""What is used of the language (https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/CWL_QuerySyntax.html)."""


def text_of(query: str) -> str:
    text: str = properties("dev", query)["QueryString"]
    return text


def named_in(query: str) -> tuple[set[str], set[str]]:
    """The fields that a query takes from log events, and the names that it makes itself."""
    words = re.findall(r"@?[A-Za-z_][\w.]*", re.sub(r'"[^"]*"', "", text_of(query)))
    made = {name for word, name in zip(words, words[1:]) if word in ("as", "into")}
    return set(words) - COMMANDS - FUNCTIONS - WORDS - made, made


def messages_in(query: str) -> list[str]:
    """The messages of log events that a query looks for."""
    return re.findall(r'message = "([^"]*)"', text_of(query))


@pytest.fixture
def logged(
    cold_start: Callable[..., ModuleType], output: Callable[[], Output], monkeypatch: pytest.MonkeyPatch
) -> list[dict[str, Any]]:
    """What the stream processor logs of a batch in which a record is wrong and another cannot be written."""
    monkeypatch.setattr("time.sleep", lambda seconds: None)
    processor = cold_start("stream_processor", **USERS_ENVIRONMENT)
    table = FakeDynamoDB(processor.dynamodb, "test-analytics-synth")
    table.begin((leaving_unprocessed(1),) * 100)
    records = [stream_record(1), stream_record(2), stream_record(3, "UNKNOWN")]
    processor.handler({"Records": records}, FakeContext(remaining_milliseconds=15_010))
    return output().logs


def logged_as(message: str, logged: list[dict[str, Any]]) -> dict[str, Any]:
    (event,) = [event for event in logged if event["message"] == message]
    return event


def test_failed_records_are_counted_by_a_reason_that_is_logged(logged: list[dict[str, Any]]) -> None:
    (message,) = messages_in(FAILED)
    event = logged_as(message, logged)
    fields, made = named_in(FAILED)
    assert "count(*) as records" in text_of(FAILED) and "by service, failure.reason" in text_of(FAILED)
    assert {"log.failures", "failure.reason"} <= fields and {"log", "failure"} <= made
    assert {failure["reason"] for failure in event["failures"]} == {
        "UnprocessedItems",
        "eventName must be INSERT, MODIFY or REMOVE",
    }
    assert fields - {"log.failures", "failure.reason"} - OF_LAMBDA <= event.keys() | made


def test_slow_batches_are_joined_with_their_duration_by_a_request_that_is_logged(logged: list[dict[str, Any]]) -> None:
    (message,) = messages_in(SLOW)
    fields, _ = named_in(SLOW)
    assert fields - OF_LAMBDA == {"message", "records", "written", "failed", "function_request_id"}
    event = logged_as(message, logged)
    assert fields - OF_LAMBDA <= event.keys()
    assert event["function_request_id"] == FakeContext().aws_request_id
    assert text_of(SLOW).endswith("| sort milliseconds desc\n| limit 50")


def test_the_way_of_a_record_is_found_by_its_sequence_number(logged: list[dict[str, Any]]) -> None:
    (parameter,) = properties("dev", WAY)["Parameters"]
    assert f'filter strcontains(@message, "{{{{{parameter["Name"]}}}}}")' in text_of(WAY)
    failed = stream_record(3)["dynamodb"]["SequenceNumber"]
    (found,) = [event for event in logged if failed in str(event)]
    assert named_in(WAY)[0] - OF_LAMBDA <= found.keys()
    assert text_of(WAY).endswith("| sort @timestamp asc")


@pytest.mark.parametrize(
    ("query", "functions"),
    [(FAILED, PROCESSORS), (SLOW, PROCESSORS), (WAY, (*PROCESSORS, "AnalyticsProcessor", "DataValidator"))],
)
def test_a_query_reads_the_logs_that_it_understands(query: str, functions: tuple[str, ...]) -> None:
    groups = [{"Ref": f"{function}LogGroup"} for function in functions]
    assert properties("dev", query)["LogGroupNames"] == groups


@pytest.mark.parametrize("suffix", ["dev", "prod"])
def test_queries_are_in_a_folder_of_their_suffix(suffix: str) -> None:
    names = [query["Name"] for query in resources_of(suffix, "AWS::Logs::QueryDefinition").values()]
    assert sorted(names) == [
        f"{suffix}/{name}" for name in ("failed-records-by-reason", "slow-batches", "way-of-a-record")
    ]


def test_queries_can_be_left_out() -> None:
    resources = template("dev")["Resources"].values()
    conditions = {body["Condition"] for body in resources if body["Type"] == "AWS::Logs::QueryDefinition"}
    assert conditions == {"HasSavedQueries"}
    assert template("dev")["Parameters"]["SavedQueries"]["Default"] == "Enabled"
