"""Counts activities by key: reads the items of a window, and no others."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from handlers.errors import cut_answer
from handlers.keys import last_sort_key_before, partition_keys, sort_key
from handlers.shards import ShardHistory
from handlers.windows import Window

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

CONCURRENT_QUERIES = 8


def count_partition(
    client: "DynamoDBClient",
    table_name: str,
    page_size: int | None,
    consistent: bool,
    partition_key: str,
    window: Window,
) -> int:
    """Count the items of one partition in a window with Query and `Select=COUNT`, following every page.

    Args:
        client: retries throttled requests.
        page_size: items that one page counts at most; None for what fits in the 1 MB that DynamoDB reads.
        consistent: whether every write that has succeeded is counted, which takes twice the read units.
        partition_key: the `dataType` to count.
        window: the span of `processedAt`.

    Raises:
        AnalyticsTableError: for an answer without a count.
    """
    pages = client.get_paginator("query").paginate(
        TableName=table_name,
        Select="COUNT",
        ConsistentRead=consistent,
        KeyConditionExpression="dataType = :partition AND processedAt BETWEEN :first AND :last",
        ExpressionAttributeValues={
            ":partition": {"S": partition_key},
            ":first": {"N": sort_key(window.start, 0)},
            ":last": {"N": last_sort_key_before(window.end)},
        },
        PaginationConfig={"PageSize": page_size} if page_size else {},
    )
    total = 0
    for page in pages:
        if "Count" not in page:
            raise cut_answer(table_name)
        total += page["Count"]
    return total


def count_activities(
    count: Callable[[str, Window], int],
    windows: Sequence[Window],
    activity_types: Sequence[str],
    shards: ShardHistory,
) -> dict[Window, dict[str, int]]:
    """Count each type of activity in each window, several partitions at a time.

    Args:
        count: counts a partition, given its key and a window; it is called from several threads.
        windows: the spans of time.
        activity_types: what to count.
        shards: how many partitions every type is spread over, and since when.

    Returns:
        The counts by window, then by activity type.
    """
    queries = [
        (window, activity_type, partition)
        for window in windows
        for activity_type in activity_types
        for partition in partition_keys(activity_type, shards.most_between(window.start, window.end))
    ]

    def counted(query: tuple[Window, str, str]) -> tuple[Window, str, int]:
        window, activity_type, partition = query
        return window, activity_type, count(partition, window)

    counts = {window: dict.fromkeys(activity_types, 0) for window in windows}
    with ThreadPoolExecutor(CONCURRENT_QUERIES) as pool:
        for window, activity_type, number in pool.map(counted, queries):
            counts[window][activity_type] += number
    return counts
