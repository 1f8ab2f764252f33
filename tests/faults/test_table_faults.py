"""What the analytics table can do to a batch: refuse it, take a part of it, or take it and not say so."""

from collections.abc import Callable
from itertools import repeat
from typing import Any

import pytest

from stack.config import FunctionSpecification, stream_processor
from tests.faults.changes import Change
from tests.faults.faulty_dynamodb import Fault, FaultyDynamoDB
from tests.faults.functions import HandlerFunction
from tests.faults.pipeline import SourcePipeline
from tests.faults.promise import activity_of_change, activity_of_item
from tests.handlers.fake_dynamodb import Answer, failing, leaving_unprocessed, reset_after, reset_before
from tests.sources import USERS

pytestmark = pytest.mark.filterwarnings("ignore:No application metrics to publish")

FAULTS = {
    "throttled": failing("ProvisionedThroughputExceededException"),
    "throttled in part": leaving_unprocessed(2),
    "error 500": failing("InternalServerError", 500),
    "error 503": failing("ServiceUnavailable", 503),
    "reset before": reset_before,
    "reset after": reset_after,
}


REFUSED = failing("ResourceNotFoundException")
RETRIES = 3
ITEMS = 8
SECONDS = 16
"""Time-out of a function that is to give up a dead table after few requests."""


@pytest.fixture
def function(function_of: Callable[[FunctionSpecification], HandlerFunction]) -> HandlerFunction:
    return function_of(stream_processor(USERS))


@pytest.fixture
def users(follow: Callable[..., SourcePipeline], function: HandlerFunction) -> SourcePipeline:
    pipeline = follow(USERS, function)
    pipeline.write_some(ITEMS)
    return pipeline


def test_without_faults_everything_is_recorded(users: SourcePipeline) -> None:
    statistics = users.run()
    assert users.assert_promise() == set()
    assert (statistics.filtered_out, statistics.processed) == (2, 8 + 6)


@pytest.mark.parametrize("times", [1, 9])
@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS)
def test_what_passes_costs_nothing(users: SourcePipeline, dynamodb: FaultyDynamoDB, fault: Fault, times: int) -> None:
    dynamodb.faults += [fault] * times
    assert users.run().failed_invoke == 0
    assert users.assert_promise() == set()


def test_one_after_another_they_cost_nothing(users: SourcePipeline, dynamodb: FaultyDynamoDB) -> None:
    dynamodb.faults += [*FAULTS.values(), None] * 4
    assert users.run().failed_invoke == 0
    assert users.assert_promise() == set()


def test_what_is_refused_is_tried_again_by_the_mapping(users: SourcePipeline, dynamodb: FaultyDynamoDB) -> None:
    dynamodb.faults += [REFUSED] * RETRIES
    users.run()
    assert users.assert_promise() == set()


@pytest.mark.parametrize(
    ("fault", "recorded"),
    [
        (FAULTS["throttled"], False),
        (FAULTS["error 500"], False),
        (FAULTS["reset before"], False),
        (FAULTS["reset after"], True),
        (REFUSED, False),
    ],
    ids=["throttled", "error 500", "reset before", "reset after", "missing"],
)
def test_a_table_that_is_dead_for_longer_than_all_retries_leaves_everything_in_the_failure_bucket(
    users: SourcePipeline, function: HandlerFunction, dynamodb: FaultyDynamoDB, fault: Fault, recorded: bool
) -> None:
    function.seconds = SECONDS
    dynamodb.faults.extend(repeat(fault, 100_000))
    users.run()
    lost_once = users.numbers()
    assert users.assert_promise() == lost_once
    assert len(dynamodb.activities()) == (len(lost_once) if recorded else 0)
    dynamodb.faults.clear()
    users.write_some(ITEMS, first=100)
    users.run()
    assert users.assert_promise() == lost_once


def test_a_part_that_is_never_written_is_all_that_the_failure_bucket_gets(
    users: SourcePipeline, function: HandlerFunction, dynamodb: FaultyDynamoDB
) -> None:
    function.seconds = SECONDS
    unlucky = users.changes[7]

    def never_that_one(fake: FaultyDynamoDB, operation: str, body: dict[str, Any]) -> Answer:
        ((table, requests),) = body["RequestItems"].items()
        left = [request for request in requests if is_of(unlucky, request["PutRequest"]["Item"])]
        others = [request for request in requests if request not in left]
        if others:
            fake.answer(operation, {"RequestItems": {table: others}})
        return 200, {"UnprocessedItems": {table: left} if left else {}}

    dynamodb.faults.extend(repeat(never_that_one, 1000))
    users.run()
    assert users.assert_promise() == {unlucky.sequence_number}


def is_of(change: Change, item: dict[str, Any]) -> bool:
    """Whether an item is the activity of a change."""
    return activity_of_item(item) == activity_of_change(change)
