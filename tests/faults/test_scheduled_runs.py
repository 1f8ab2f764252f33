"""Scheduled runs: again, at once, around midnight, and after records that arrived late."""

import json
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime
from itertools import repeat
from typing import Any

import pytest

from stack.config import ANALYTICS_PROCESSOR, FunctionSpecification, stream_processor
from tests.build.poller.fakes import VirtualTime
from tests.faults.built_function import BuiltFunction
from tests.faults.failure_buckets import FailureBucket
from tests.faults.faulty_dynamodb import FaultyDynamoDB
from tests.faults.functions import HandlerFunction, crashes, is_throttled
from tests.faults.pipeline import SourcePipeline
from tests.faults.workflow import WorkflowFunctions, answer_of, daily_summaries
from tests.handlers.fake_dynamodb import Answer
from tests.sources import USERS

pytestmark = pytest.mark.filterwarnings("ignore:No application metrics to publish")

EVE, LEAP_DAY, DAY_AFTER = date(2024, 2, 28), date(2024, 2, 29), date(2024, 3, 1)
THROTTLES = 2 * 18 * 60
"""Each of two shards tries once a minute for 18 hours."""
PATIENCE = 60


def at(day: date, hour: int = 2, minute: int = 0, second: int = 0) -> datetime:
    """A time in UTC; two o'clock is when the schedule runs."""
    return datetime(day.year, day.month, day.day, hour, minute, second, tzinfo=UTC)


@pytest.fixture
def time(time: VirtualTime) -> VirtualTime:
    """The last second before the leap day."""
    time.now = at(EVE, 23, 59, 59).timestamp()
    return time


@pytest.fixture
def function(function_of: Callable[[FunctionSpecification], HandlerFunction]) -> HandlerFunction:
    return function_of(stream_processor(USERS))


@pytest.fixture
def users(follow: Callable[..., SourcePipeline], function: HandlerFunction) -> SourcePipeline:
    """Two users were changed on the eve."""
    pipeline = follow(USERS, function)
    for item in range(2):
        pipeline.write(item)
    return pipeline


def test_two_runs_at_once_leave_one_summary_a_day(
    built_function_of: Callable[[FunctionSpecification], BuiltFunction],
    users: SourcePipeline,
    workflow: WorkflowFunctions,
    dynamodb: FaultyDynamoDB,
) -> None:
    users.run()
    writers = threading.Barrier(2)

    def writing_together(fake: FaultyDynamoDB, operation: str, body: dict[str, Any]) -> Answer:
        if operation == "PutItem":
            writers.wait(PATIENCE)
        return fake.answer(operation, body)

    dynamodb.faults.extend(repeat(writing_together, 1000))
    validated = workflow.validated(**workflow.scheduled(at(DAY_AFTER)))
    functions = [built_function_of(ANALYTICS_PROCESSOR) for _ in range(2)]
    with ThreadPoolExecutor(len(functions)) as pool:
        answers = list(pool.map(lambda function: answer_of(function, validated), functions))
    first, second = ([summary | {"countedAt": 0} for summary in answer["summaries"]] for answer in answers)
    assert first == second
    assert dynamodb.requests.count("PutItem") == 4
    assert daily_summaries(dynamodb) == [(EVE, 2, 0), (LEAP_DAY, 0, 0)]


def test_records_on_both_sides_of_midnight_are_in_their_own_days_however_often_it_runs(
    users: SourcePipeline, time: VirtualTime, workflow: WorkflowFunctions, dynamodb: FaultyDynamoDB
) -> None:
    time.sleep(1)
    for item in range(2, 5):
        users.write(item)
    users.run()
    for _ in range(2):
        workflow.run_scheduled(at(DAY_AFTER))
        assert daily_summaries(dynamodb) == [(EVE, 2, 0), (LEAP_DAY, 3, 0)]


def test_a_record_that_waited_in_the_stream_is_in_the_summary_after_the_next_run(
    users: SourcePipeline,
    function: HandlerFunction,
    time: VirtualTime,
    workflow: WorkflowFunctions,
    dynamodb: FaultyDynamoDB,
) -> None:
    function.faults.extend(repeat(is_throttled, THROTTLES))
    workflow.run_scheduled(at(LEAP_DAY))
    assert daily_summaries(dynamodb)[-1] == (EVE, 0, 0)
    users.run()
    assert users.assert_promise() == set()
    assert time.now > at(LEAP_DAY, 17).timestamp()
    workflow.run_scheduled(at(DAY_AFTER))
    assert daily_summaries(dynamodb)[-2:] == [(EVE, 2, 0), (LEAP_DAY, 0, 0)]


def test_a_record_that_is_replayed_from_the_failure_bucket_is_in_the_summary_after_the_next_run(
    users: SourcePipeline,
    function: HandlerFunction,
    workflow: WorkflowFunctions,
    dynamodb: FaultyDynamoDB,
    bucket: FailureBucket,
) -> None:
    function.faults.extend(repeat(crashes, 1000))
    users.run()
    assert users.assert_promise() == users.numbers()
    function.faults.clear()
    workflow.run_scheduled(at(LEAP_DAY))
    assert daily_summaries(dynamodb)[-1] == (EVE, 0, 0)
    for document in bucket.documents():
        assert json.loads(function(document["payload"].encode()).payload) == {"batchItemFailures": []}
    workflow.run_scheduled(at(DAY_AFTER))
    assert daily_summaries(dynamodb)[-2:] == [(EVE, 2, 0), (LEAP_DAY, 0, 0)]
