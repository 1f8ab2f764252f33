"""Counts activities by key: reads the items of a window, and no others."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import count as numbers_from
from typing import TYPE_CHECKING

from handlers.errors import LargeDayError, cut_answer
from handlers.keys import items_between
from handlers.slices import CountedSlice, Slice
from handlers.windows import Window

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

CONCURRENT_QUERIES = 8


class PageLimit:
    """How many pages an invocation may read; threads may take pages at the same time.

    Args:
        most: of them; None for as many as there are.
    """

    def __init__(self, most: int | None = None) -> None:
        self._most = most
        self._numbers = numbers_from(1)

    def take(self) -> None:
        """Take one more page, before it is read.

        Raises:
            LargeDayError: when it is one too many.
        """
        self.require(next(self._numbers))

    def require(self, pages: int) -> None:
        """Raise LargeDayError when so many pages are too many."""
        if self._most is not None and pages > self._most:
            raise LargeDayError(
                f"counting takes more than the {self._most} pages that one invocation may read, so it is done in "
                "slices: set pages_in_one_invocation to 0, and this attempt is not made."
            )


def count_partition(
    client: "DynamoDBClient",
    table_name: str,
    page_size: int | None,
    consistent: bool,
    limit: PageLimit,
    partition_key: str,
    window: Window,
) -> int:
    """Count the items of one partition in a window with Query and `Select=COUNT`, following every page.

    Args:
        client: retries throttled requests.
        page_size: items that one page counts at most, which throttles reading; None for what fits in the 1 MB that
            DynamoDB reads.
        consistent: whether every write that has succeeded is counted, which takes twice the read units.
        limit: of the pages that are read.
        partition_key: the `dataType` to count.
        window: the span of `processedAt`.

    Raises:
        AnalyticsTableError: for an answer without a count.
        LargeDayError: when there are more pages than the limit.
    """
    pages = client.get_paginator("query").paginate(
        TableName=table_name,
        Select="COUNT",
        ConsistentRead=consistent,
        PaginationConfig={"PageSize": page_size} if page_size else {},
        **items_between(partition_key, window.start, window.end),
    )
    total = 0
    limit.take()
    for page in pages:
        if "Count" not in page:
            raise cut_answer(table_name)
        if "LastEvaluatedKey" in page:
            limit.take()
        total += page["Count"]
    return total


def count_slices(count: Callable[[str, Window], int], slices: Sequence[Slice]) -> list[CountedSlice]:
    """Count slices, several partitions at a time.

    Args:
        count: counts a partition, given its key and a window; it is called from several threads.
        slices: what to count.
    """
    queries = [(part, partition_key) for part in slices for partition_key in part.partition_keys]
    counts = dict.fromkeys(slices, 0)
    with ThreadPoolExecutor(CONCURRENT_QUERIES) as pool:
        numbers = pool.map(lambda query: count(query[1], query[0].hour), queries)
        for (part, _), number in zip(queries, numbers):
            counts[part] += number
    return list(counts.items())
