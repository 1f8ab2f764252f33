"""Counting with Query, page by page and several partitions at a time."""

import threading
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TYPE_CHECKING

import pytest
from botocore.stub import Stubber

from handlers.counting import PageLimit, count_partition, count_slices
from handlers.errors import AnalyticsTableError, LargeDayError
from handlers.keys import last_sort_key_before, sort_key
from handlers.slices import Slice
from handlers.windows import Window
from tests.handlers.fake_dynamodb import FakeDynamoDB, cut_short

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

TABLE = "test-analytics-synth"
WINDOW = Window(1_700_000_000_000, 1_700_086_400_000)
NO_LIMIT = PageLimit()


@pytest.fixture
def table(dynamodb: "DynamoDBClient") -> FakeDynamoDB:
    return FakeDynamoDB(dynamodb, TABLE)


def fill(table: FakeDynamoDB, partition: str, *keys: str) -> None:
    for key in keys:
        table.put({"Item": {"dataType": {"S": partition}, "processedAt": {"N": key}}})


def test_every_page_is_asked_for_exactly(dynamodb: "DynamoDBClient") -> None:
    request = {
        "TableName": TABLE,
        "Select": "COUNT",
        "ConsistentRead": False,
        "KeyConditionExpression": "dataType = :partition AND processedAt BETWEEN :first AND :last",
        "ExpressionAttributeValues": {
            ":partition": {"S": "TYPE"},
            ":first": {"N": "1700000000000." + 25 * "0"},
            ":last": {"N": "1700086399999." + 25 * "9"},
        },
        "Limit": 100,
    }
    page_ends = [{"dataType": {"S": "TYPE"}, "processedAt": {"N": f"170000000000{n}.5"}} for n in (1, 2)]
    with Stubber(dynamodb) as stubber:
        stubber.add_response("query", {"Count": 100, "LastEvaluatedKey": page_ends[0]}, request)
        second = {**request, "ExclusiveStartKey": page_ends[0]}
        stubber.add_response("query", {"Count": 0, "LastEvaluatedKey": page_ends[1]}, second)
        stubber.add_response("query", {"Count": 7}, {**request, "ExclusiveStartKey": page_ends[1]})
        assert count_partition(dynamodb, TABLE, 100, False, NO_LIMIT, "TYPE", WINDOW) == 107
        stubber.assert_no_pending_responses()


def test_without_a_page_size_dynamodb_sets_it(dynamodb: "DynamoDBClient", table: FakeDynamoDB) -> None:
    fill(table, "TYPE", sort_key(WINDOW.start, 1))
    assert count_partition(dynamodb, TABLE, None, True, NO_LIMIT, "TYPE", WINDOW) == 1
    assert "Limit" not in table.requests[0][1]


@pytest.mark.parametrize("page_size", [1, 2, 7, 1000])
def test_a_window_has_its_first_key_and_its_last_and_no_other(
    dynamodb: "DynamoDBClient", table: FakeDynamoDB, page_size: int
) -> None:
    inside = [sort_key(WINDOW.start, 0), *(sort_key(WINDOW.start + n, n) for n in range(1, 9))]
    outside = [last_sort_key_before(WINDOW.start), sort_key(WINDOW.end, 0)]
    fill(table, "TYPE", *inside, last_sort_key_before(WINDOW.end), *outside)
    fill(table, "OTHER", *inside)
    assert count_partition(dynamodb, TABLE, page_size, True, NO_LIMIT, "TYPE", WINDOW) == len(inside) + 1


def test_a_count_may_read_consistently(dynamodb: "DynamoDBClient", table: FakeDynamoDB) -> None:
    count_partition(dynamodb, TABLE, None, True, NO_LIMIT, "TYPE", WINDOW)
    assert table.requests[0][1]["ConsistentRead"] is True


@pytest.mark.parametrize("pages", [0, 1, 2])
def test_an_answer_that_was_cut_short_is_an_error_of_the_table(
    dynamodb: "DynamoDBClient", table: FakeDynamoDB, pages: int
) -> None:
    fill(table, "TYPE", *(sort_key(WINDOW.start, n) for n in range(5)))
    table.faults += [*[None] * pages, cut_short]
    with pytest.raises(AnalyticsTableError) as error:
        count_partition(dynamodb, TABLE, 2, True, NO_LIMIT, "TYPE", WINDOW)
    assert str(error.value) == (
        f"the table {TABLE} sent an answer that was cut short; start the execution again when DynamoDB answers."
    )


def test_shards_types_and_windows_are_counted_apart(dynamodb: "DynamoDBClient", table: FakeDynamoDB) -> None:
    later = Window(WINDOW.end, WINDOW.end + 1_000)
    fill(table, "A", *(sort_key(WINDOW.start, n) for n in range(5)), *(sort_key(later.start, n) for n in range(2)))
    fill(table, "A#1", *(sort_key(WINDOW.start, n) for n in range(3)))
    fill(table, "B#1", sort_key(later.start, 0))
    fill(table, "B#2", sort_key(later.start, 0))
    count = partial(count_partition, dynamodb, TABLE, 2, True, NO_LIMIT)
    slices = [Slice(kind, window, 0, 2) for window in (WINDOW, later) for kind in ("A", "B")]
    assert count_slices(count, slices) == list(zip(slices, [8, 0, 2, 1]))
    assert count_slices(count, [Slice("B", later, 1, 3)]) == [(Slice("B", later, 1, 3), 2)]


@pytest.mark.parametrize("pages", [1, 2, 3])
def test_no_more_pages_are_read_than_allowed(dynamodb: "DynamoDBClient", table: FakeDynamoDB, pages: int) -> None:
    fill(table, "TYPE", *(sort_key(WINDOW.start, n) for n in range(5)))
    sentence = (
        f"^counting takes more than the {pages} pages that one invocation may read, so it is done in slices: "
        r"set pages_in_one_invocation to 0, and this attempt is not made\.$"
    )
    with pytest.raises(LargeDayError, match=sentence):
        count_partition(dynamodb, TABLE, 1, True, PageLimit(pages), "TYPE", WINDOW)
    assert len(table.requests) == pages


def test_as_many_pages_are_read_as_allowed(dynamodb: "DynamoDBClient", table: FakeDynamoDB) -> None:
    fill(table, "TYPE", *(sort_key(WINDOW.start, n) for n in range(5)))
    limit = PageLimit(6)
    assert count_partition(dynamodb, TABLE, 2, True, limit, "TYPE", WINDOW) == 5
    assert count_partition(dynamodb, TABLE, 2, True, limit, "TYPE", WINDOW) == 5
    with pytest.raises(LargeDayError):
        limit.take()


def test_eight_partitions_are_counted_at_the_same_time(monkeypatch: pytest.MonkeyPatch) -> None:
    eight, threads = threading.Barrier(8, timeout=10), list[int]()

    def count(partition: str, window: Window) -> int:
        eight.wait()
        return 1

    def pool(workers: int) -> ThreadPoolExecutor:
        threads.append(workers)
        return ThreadPoolExecutor(workers)

    monkeypatch.setattr("handlers.counting.ThreadPoolExecutor", pool)
    assert count_slices(count, [Slice("A", WINDOW, 0, 16)]) == [(Slice("A", WINDOW, 0, 16), 16)]
    assert threads == [8]


def test_an_error_of_one_partition_is_an_error() -> None:
    def count(partition: str, window: Window) -> int:
        raise KeyError(partition)

    with pytest.raises(KeyError):
        count_slices(count, [Slice("A", WINDOW, 0, 50), Slice("B", WINDOW, 0, 50)])
