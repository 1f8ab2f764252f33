"""What can happen to the function itself: it fails, dies, hangs, is never reached, or nobody hears its answer."""

import json
from collections.abc import Callable
from itertools import repeat
from typing import Any

import pytest

from build.poller.invocation import Function
from stack.config import FunctionSpecification, StreamSource, stream_processor
from tests.faults.built_function import BuiltFunction
from tests.faults.failure_buckets import FailureBucket
from tests.faults.faulty_dynamodb import FaultyDynamoDB
from tests.faults.functions import (
    FunctionFault,
    HandlerFunction,
    crashes,
    dies_after_writing,
    is_throttled,
    loses_its_answer,
    times_out,
)
from tests.faults.pipeline import SourcePipeline
from tests.handlers.fake_dynamodb import Answer
from tests.sources import ORDERS, USERS

pytestmark = pytest.mark.filterwarnings("ignore:No application metrics to publish")

FAULTS = [crashes, dies_after_writing, times_out, loses_its_answer, is_throttled]
RETRIES = 3
SPLITS_OF_EIGHT = 3


@pytest.fixture(params=[USERS, ORDERS], ids=lambda source: source.name)
def source(request: pytest.FixtureRequest) -> StreamSource:
    found: StreamSource = request.param
    return found


@pytest.fixture
def function(source: StreamSource, function_of: Callable[[FunctionSpecification], HandlerFunction]) -> HandlerFunction:
    return function_of(stream_processor(source))


@pytest.fixture
def pipeline(source: StreamSource, follow: Callable[..., SourcePipeline], function: HandlerFunction) -> SourcePipeline:
    pipeline = follow(source, function)
    pipeline.write_some()
    return pipeline


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.__name__)
def test_as_many_failures_as_there_are_retries_cost_nothing(
    pipeline: SourcePipeline, function: HandlerFunction, fault: FunctionFault
) -> None:
    function.faults += [fault] * RETRIES
    pipeline.run()
    assert pipeline.assert_promise() == set()


def test_splitting_a_batch_takes_nothing_from_its_records_retries(
    function_of: Callable[[FunctionSpecification], HandlerFunction], follow: Callable[..., SourcePipeline]
) -> None:
    function = function_of(stream_processor(USERS))
    users = follow(USERS, function, BatchSize=8, ParallelizationFactor=1)
    for item in range(0, 16, 2):
        users.write(item)
    function.faults += [crashes] * (SPLITS_OF_EIGHT + RETRIES)
    users.run()
    assert users.assert_promise() == set()
    assert not function.faults


@pytest.mark.parametrize("fault", [crashes, dies_after_writing, loses_its_answer], ids=lambda fault: fault.__name__)
def test_failures_without_end_leave_everything_in_the_failure_bucket(
    pipeline: SourcePipeline, function: HandlerFunction, fault: FunctionFault
) -> None:
    function.faults.extend(repeat(fault, 1000))
    pipeline.run()
    assert pipeline.assert_promise() == pipeline.numbers()


def test_a_function_that_is_never_reached_leaves_everything_in_the_failure_bucket_before_the_stream_forgets(
    pipeline: SourcePipeline, function: HandlerFunction, bucket: FailureBucket
) -> None:
    function.faults.extend(repeat(is_throttled, 100_000))
    pipeline.run()
    assert pipeline.assert_promise() == pipeline.numbers()
    assert {document["requestContext"]["condition"] for document in bucket.documents()} == {"RecordAgeExceeded"}


@pytest.mark.parametrize("place", ["activity_item", "_publish"])
def test_an_exception_in_the_handler_costs_nothing(
    pipeline: SourcePipeline, function: HandlerFunction, monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    working, failures = getattr(function.module, place), iter(range(RETRIES))

    def failing(*arguments: object, **named: object) -> object:
        if next(failures, None) is not None:
            raise RuntimeError(f"{place} failed")
        return working(*arguments, **named)

    monkeypatch.setattr(function.module, place, failing)
    pipeline.run()
    assert next(failures, "used up") == "used up"
    assert pipeline.assert_promise() == set()


def wide(follow: Callable[..., SourcePipeline], function: Function) -> SourcePipeline:
    """A pipeline with one batch, which takes three requests."""
    pipeline = follow(USERS, function, BatchSize=100, ParallelizationFactor=1, MaximumBatchingWindowInSeconds=0)
    for item in range(0, 120, 2):
        pipeline.write(item)
    return pipeline


def test_what_no_time_was_left_for_is_delivered_again(
    function_of: Callable[[FunctionSpecification], HandlerFunction],
    follow: Callable[..., SourcePipeline],
    dynamodb: FaultyDynamoDB,
) -> None:
    function = function_of(stream_processor(USERS))
    recorded: list[int] = []

    def slow(fake: FaultyDynamoDB, operation: str, body: dict[str, Any]) -> Answer:
        function.time.sleep(function.seconds)
        answer = fake.answer(operation, body)
        recorded.append(len(fake.activities()))
        return answer

    pipeline = wide(follow, function)
    dynamodb.faults += [slow, slow]
    pipeline.run()
    assert recorded == [25, 50]
    assert pipeline.assert_promise() == set()


@pytest.mark.parametrize(
    ("death", "requests_before", "effect", "recorded_before"),
    [("Runtime.ExitError", 2, True, 60), ("Sandbox.Timedout", 1, False, 25)],
    ids=["killed after it wrote and before it answered", "timed out between two requests"],
)
def test_a_built_function_that_dies_on_the_way_costs_nothing(
    built_function_of: Callable[[FunctionSpecification], BuiltFunction],
    follow: Callable[..., SourcePipeline],
    dynamodb: FaultyDynamoDB,
    death: str,
    requests_before: int,
    effect: bool,
    recorded_before: int,
) -> None:
    function = built_function_of(stream_processor(USERS))
    recorded: list[int] = []

    def killing(fake: FaultyDynamoDB, operation: str, body: dict[str, Any]) -> Answer:
        answer = fake.answer(operation, body) if effect else (500, {})
        recorded.append(len(fake.activities()))
        function.die(death)
        return answer

    pipeline = wide(follow, function)
    dynamodb.faults += [None] * requests_before + [killing]
    pipeline.run()
    assert recorded == [recorded_before]
    assert [len(json.loads(payload)["Records"]) for payload in function.payloads] == [60, 30, 30]
    assert pipeline.assert_promise() == set()
