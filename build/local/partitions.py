"""The partitions of the analytics table that a run spreads its activities over, few enough in each to be counted.

The emulator's Query looks at every item of a partition for each page (37 µs an item, measured), however few items the
page holds; DynamoDB does not. Many small partitions take it less time than a few large ones.
"""

from typing import TYPE_CHECKING

from handlers.keys import partition_keys
from stack.activity_shards import FROM_THE_BEGINNING, ActivityShards

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

_ACTIVITIES_IN_A_PARTITION = 2_000
_MOST_SHARDS = 100


def activity_shards(writes: int) -> ActivityShards:
    """The `StackConfig.activity_shards` for a number of writes, all of which may be of one type."""
    return ((FROM_THE_BEGINNING, min(_MOST_SHARDS, max(1, writes // _ACTIVITIES_IN_A_PARTITION))),)


def count_recorded(dynamodb: "DynamoDBClient", table: str, activity_type: str, history: ActivityShards) -> int:
    """How many activities of a type the analytics table holds."""
    shards = max(number for _, number in history)
    return sum(_count(dynamodb, table, key) for key in partition_keys(activity_type, shards))


def _count(dynamodb: "DynamoDBClient", table: str, partition_key: str) -> int:
    pages = dynamodb.get_paginator("query").paginate(
        TableName=table,
        KeyConditionExpression="dataType = :type",
        ExpressionAttributeValues={":type": {"S": partition_key}},
        Select="COUNT",
        ConsistentRead=True,
    )
    return sum(page["Count"] for page in pages)
