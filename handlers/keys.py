"""Keys of the analytics table: a partition for each activity type and shard, a sort key for each record."""

from collections.abc import Mapping
from decimal import Decimal
from functools import cache
from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.type_defs import AttributeValueTypeDef

Item: TypeAlias = Mapping[str, "AttributeValueTypeDef"]
Key: TypeAlias = tuple[str, Decimal]

SIGNIFICANT_DIGITS = 38


@cache
def partition_keys(activity_type: str, shards: int) -> tuple[str, ...]:
    """The values of `dataType` that one activity type is spread over: `TYPE`, `TYPE#1`, `TYPE#2`, …"""
    return (activity_type, *(f"{activity_type}#{shard}" for shard in range(1, shards)))


def sort_key(milliseconds: int, fraction: int) -> str:
    """A value of `processedAt` that differs for the records of one millisecond.

    Args:
        milliseconds: since 1970, not negative.
        fraction: not negative; as many of its last digits are kept as fill the 38 significant digits that
            DynamoDB stores exactly
            (https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/HowItWorks.NamingRulesDataTypes.html).
    """
    whole = str(milliseconds)
    places = SIGNIFICANT_DIGITS - len(whole)
    return f"{whole}.{str(fraction)[-places:].zfill(places)}"


def last_sort_key_before(milliseconds: int) -> str:
    """The greatest sort key before an instant, which is in milliseconds since 1970."""
    return sort_key(milliseconds - 1, 10**SIGNIFICANT_DIGITS - 1)


def items_between(partition_key: str, start: int, end: int) -> dict[str, Any]:
    """The parameters of a Query that select the items of one partition from an instant up to, but without, another.

    Args:
        partition_key: their `dataType`.
        start: in milliseconds since 1970.
        end: in milliseconds since 1970.
    """
    return {
        "KeyConditionExpression": "dataType = :partition AND processedAt BETWEEN :first AND :last",
        "ExpressionAttributeValues": {
            ":partition": {"S": partition_key},
            ":first": {"N": sort_key(start, 0)},
            ":last": {"N": last_sort_key_before(end)},
        },
    }


def key_of(item: Item) -> Key:
    """The primary key of an item, however DynamoDB chose to write the number in it."""
    return item["dataType"]["S"], Decimal(item["processedAt"]["N"])
