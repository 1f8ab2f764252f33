"""Summaries of thousands of activities in several shards, whose pages end at 1 MB, while the table is throttled."""

from collections.abc import Iterator
from datetime import timedelta
from itertools import cycle, islice
from typing import Any

import pytest

from build.local.emulator import Emulator
from handlers.keys import partition_keys
from stack.config import StackConfig
from tests.faults.activity_store import DAYS, FIRST_DAY, Counts, fill
from tests.faults.faulty_dynamodb import Fault, FaultyDynamoDB, faulty_table
from tests.faults.template_settings import TemplateSettings
from tests.faults.workflow import Summary, WorkflowFunctions, daily_summaries
from tests.handlers.fake_dynamodb import failing, reset_before
from tests.sources import ORDERS, USERS

pytestmark = pytest.mark.filterwarnings("ignore:No application metrics to publish")

SHARDS = 3
EVE, LEAP_DAY = (FIRST_DAY.date() + timedelta(days=day) for day in range(DAYS))
NEXT_RUN = FIRST_DAY + timedelta(days=DAYS, hours=2)
LARGEST_PAGE, SMALL_PAGE = 1000, 4
TROUBLES = [None, None, None, failing("ProvisionedThroughputExceededException"), None, reset_before]

Store = tuple[FaultyDynamoDB, Counts]


@pytest.fixture(scope="session")
def template() -> TemplateSettings:
    """The settings of a stack whose activities are spread over several partitions."""
    return TemplateSettings(StackConfig(activity_shards=((0, SHARDS),)))


@pytest.fixture(scope="module")
def store(emulator: Emulator, template: TemplateSettings) -> Iterator[Store]:
    """The large table, and how many activities it has."""
    with faulty_table(emulator.endpoint, template.table("AnalyticsTable")) as dynamodb:
        yield dynamodb, fill(dynamodb, template)


@pytest.fixture
def dynamodb(store: Store) -> FaultyDynamoDB:
    """The large table, without faults."""
    dynamodb, _ = store
    dynamodb.faults.clear()
    return dynamodb


@pytest.fixture
def expected(store: Store) -> list[Summary]:
    """The summaries of its two days."""
    _, counts = store
    assert sum(counts.values()) > 3_900
    return [(day, counts[day, USERS.activity_type], counts[day, ORDERS.activity_type]) for day in (EVE, LEAP_DAY)]


def troubles(number: int) -> Iterator[Fault | None]:
    """Faults in the middle of paging, again and again."""
    return islice(cycle(TROUBLES), number)


@pytest.mark.parametrize("partition", partition_keys(USERS.activity_type, SHARDS))
def test_pages_of_the_store_end_at_1_mb(dynamodb: FaultyDynamoDB, partition: str) -> None:
    request = {
        "TableName": dynamodb.table_name,
        "Select": "COUNT",
        "Limit": LARGEST_PAGE,
        "KeyConditionExpression": "dataType = :partition",
        "ExpressionAttributeValues": {":partition": {"S": partition}},
    }
    _, page = dynamodb.answer("Query", request)
    assert page["Count"] < LARGEST_PAGE
    assert "LastEvaluatedKey" in page


@pytest.fixture
def request_of_the_schedule(workflow: WorkflowFunctions) -> dict[str, Any]:
    """What the schedule asks for."""
    return workflow.scheduled(NEXT_RUN)


@pytest.mark.slow
def test_counts_are_exact_and_running_again_leaves_one_summary_a_day(
    workflow: WorkflowFunctions,
    dynamodb: FaultyDynamoDB,
    expected: list[Summary],
    request_of_the_schedule: dict[str, Any],
) -> None:
    for _ in range(2):
        dynamodb.faults.extend(troubles(30))
        workflow.run(**request_of_the_schedule)
        assert not dynamodb.faults
        assert daily_summaries(dynamodb) == expected


def test_counts_are_exact_in_small_pages(
    workflow: WorkflowFunctions, dynamodb: FaultyDynamoDB, expected: list[Summary]
) -> None:
    dynamodb.faults.extend(troubles(30))
    dynamodb.requests.clear()
    answer = workflow.run(dataType="ORDER_DATA", pageSize=SMALL_PAGE, date=LEAP_DAY.isoformat())
    _, _, orders = expected[1]
    assert answer["summaries"][0]["totalRecords"] == orders
    assert not dynamodb.faults
    assert dynamodb.requests.count("Query") > orders / SMALL_PAGE
