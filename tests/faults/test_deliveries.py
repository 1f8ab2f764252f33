"""Deliveries that Lambda does not promise to make once, or in the order of the writes across shards."""

import json
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from typing import Any

import pytest

from build.poller.invocation import Response
from stack.config import FunctionSpecification, stream_processor
from tests.build.poller.fakes import VirtualTime
from tests.faults.built_function import BuiltFunction
from tests.faults.failure_buckets import FailureBucket
from tests.faults.faulty_dynamodb import FaultyDynamoDB
from tests.faults.functions import HandlerFunction, crashes, dies_after_writing
from tests.faults.pipeline import SourcePipeline
from tests.faults.promise import assert_promise
from tests.handlers.fake_dynamodb import Answer, failing, leaving_unprocessed, reset_after
from tests.sources import ORDERS, USERS

pytestmark = pytest.mark.filterwarnings("ignore:No application metrics to publish")

HOURS = 3600
NOTHING_FAILED: dict[str, Any] = {"batchItemFailures": []}
PATIENCE = 30


def by_key(items: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Items in the order of their keys."""
    return sorted(items, key=lambda item: (item["dataType"]["S"], Decimal(item["processedAt"]["N"])))


def test_batches_delivered_again_hours_later_change_nothing(
    function_of: Callable[[FunctionSpecification], HandlerFunction],
    follow: Callable[..., SourcePipeline],
    dynamodb: FaultyDynamoDB,
    time: VirtualTime,
) -> None:
    function = function_of(stream_processor(USERS))
    users = follow(USERS, function)
    users.write_some()
    users.run()
    before = by_key(dynamodb.activities())
    for payload in list(function.payloads):
        time.sleep(5 * HOURS)
        assert json.loads(function(payload).payload) == NOTHING_FAILED
    assert by_key(dynamodb.activities()) == before
    assert users.assert_promise() == set()


def test_a_batch_delivered_again_to_another_environment_changes_nothing(
    function_of: Callable[[FunctionSpecification], HandlerFunction],
    built_function_of: Callable[[FunctionSpecification], BuiltFunction],
    follow: Callable[..., SourcePipeline],
    dynamodb: FaultyDynamoDB,
) -> None:
    function = function_of(stream_processor(ORDERS))
    orders = follow(ORDERS, function)
    orders.write_some(2)
    orders.run()
    before = by_key(dynamodb.activities())
    assert json.loads(built_function_of(stream_processor(ORDERS))(function.payloads[0]).payload) == NOTHING_FAILED
    assert by_key(dynamodb.activities()) == before


def test_a_batch_delivered_twice_at_once_is_recorded_once(
    built_function_of: Callable[[FunctionSpecification], BuiltFunction],
    follow: Callable[..., SourcePipeline],
    dynamodb: FaultyDynamoDB,
) -> None:
    meeting = threading.Barrier(2)

    def together(fake: FaultyDynamoDB, operation: str, body: dict[str, Any]) -> Answer:
        meeting.wait(PATIENCE)
        return fake.answer(operation, body)

    def twice(payload: bytes) -> Response:
        with ThreadPoolExecutor(2) as pool:
            answers = list(pool.map(lambda number: built_function_of(stream_processor(USERS))(payload), range(2)))
        assert [json.loads(answer.payload) for answer in answers] == [NOTHING_FAILED] * 2
        return answers[0]

    users = follow(USERS, twice, ParallelizationFactor=1)
    for item in range(0, 20, 2):
        users.write(item)
    dynamodb.faults += [together, together]
    users.run()
    assert dynamodb.requests == ["BatchWriteItem"] * 2
    assert users.assert_promise() == set()


def test_interleaved_shards_hold_up_and_lose_nothing_of_each_other(
    function_of: Callable[[FunctionSpecification], HandlerFunction],
    follow: Callable[..., SourcePipeline],
    dynamodb: FaultyDynamoDB,
) -> None:
    function = function_of(stream_processor(USERS))
    users = follow(USERS, function)
    function.faults += [crashes, None, dies_after_writing, None] * 2
    for first in (0, 100, 200):
        users.write_some(first=first)
        users.split_shards()
    users.write_some(first=300)
    users.run()
    assert users.assert_promise() == set()
    assert {record["eventName"] for record in delivered(function)} == {"INSERT", "MODIFY"}


def delivered(function: HandlerFunction) -> list[dict[str, Any]]:
    """Every record that a function was invoked with, as often as it was."""
    return [record for payload in function.payloads for record in json.loads(payload)["Records"]]


def test_sources_share_table_and_bucket_and_nothing_else(
    function_of: Callable[[FunctionSpecification], HandlerFunction],
    follow: Callable[..., SourcePipeline],
    dynamodb: FaultyDynamoDB,
    bucket: FailureBucket,
) -> None:
    pipelines = [follow(source, function_of(stream_processor(source))) for source in (USERS, ORDERS)]
    for first in (0, 100):
        for pipeline in pipelines:
            pipeline.write_some(first=first)
            dynamodb.faults += [failing("ThrottlingException"), leaving_unprocessed(3), reset_after]
            pipeline.run()
    changes = [change for pipeline in pipelines for change in pipeline.changes]
    assert assert_promise(changes, dynamodb, bucket) == set()
    assert {item["dataType"]["S"] for item in dynamodb.activities()} == {"USER_ACTIVITY", "ORDER_ACTIVITY"}
