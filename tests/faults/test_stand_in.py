"""The table in memory answers as the emulated DynamoDB does, wherever the functions can tell.

Documented and in neither: DynamoDB may leave items unprocessed, and throttles. Both are injected.
https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_BatchWriteItem.html
"""

from decimal import Decimal
from typing import Any

import boto3
import pytest

from handlers.keys import key_of, sort_key
from tests.faults.faulty_dynamodb import FaultyDynamoDB
from tests.faults.memory_table import MemoryTable
from tests.handlers.fake_dynamodb import Answer

Request = tuple[str, dict[str, Any]]

NOON = 1_700_000_000_000
CONDITION = "dataType = :partition AND processedAt BETWEEN :first AND :last"


def item(fraction: int, partition: str = "TYPE", **attributes: Any) -> dict[str, Any]:
    """An activity; fractions that end in zeros have digits that DynamoDB drops."""
    return {"dataType": {"S": partition}, "processedAt": {"N": sort_key(NOON, fraction)}, **attributes}


def batch(*items: dict[str, Any], table: str = "TABLE") -> Request:
    return "BatchWriteItem", {"RequestItems": {table: [{"PutRequest": {"Item": item}} for item in items]}}


def put(one: dict[str, Any], table: str = "TABLE") -> Request:
    return "PutItem", {"TableName": table, "Item": one}


def count(first: str, last: str, table: str = "TABLE", **more: Any) -> Request:
    values = {":partition": {"S": "TYPE"}, ":first": {"N": first}, ":last": {"N": last}}
    return "Query", {
        "TableName": table,
        "Select": "COUNT",
        "KeyConditionExpression": CONDITION,
        "ExpressionAttributeValues": values,
        **more,
    }


SEVERAL = [item(fraction) for fraction in range(25)]
WHOLE = (sort_key(NOON, 0), sort_key(NOON, 10**25 - 1))
LARGE = {"S": "x" * 410_000}
CONVERSATIONS: dict[str, list[Request]] = {
    "as many items as a request may have": [batch(*SEVERAL)],
    "one item more": [batch(*SEVERAL, item(25))],
    "no item": [batch()],
    "an item twice": [batch(item(1), item(2), item(1))],
    "an item twice in other digits": [batch(item(10), item(10) | {"processedAt": {"N": sort_key(NOON, 10)[:-1]}})],
    "an item that is too large": [batch(item(1), item(2, padding=LARGE))],
    "a table that is not there": [batch(item(1), table="other"), put(item(1), "other"), count(*WHOLE, table="other")],
    "items of one millisecond": [batch(item(1), item(2), item(1, "OTHER")), count(*WHOLE)],
    "an item again": [batch(item(1, state={"S": "old"})), batch(item(1, state={"S": "new"})), put(item(1))],
    "bounds that are keys": [batch(*SEVERAL), count(sort_key(NOON, 3), sort_key(NOON, 7))],
    "bounds without keys between them": [batch(*SEVERAL), count(sort_key(NOON, 30), sort_key(NOON, 40))],
    "pages that end with the items": [batch(*SEVERAL), count(*WHOLE, Limit=25)],
    "pages that end before the items": [
        batch(*SEVERAL),
        count(*WHOLE, Limit=10),
        count(*WHOLE, Limit=10, ExclusiveStartKey=item(9)),
        count(*WHOLE, Limit=10, ExclusiveStartKey=item(19)),
        count(*WHOLE, ExclusiveStartKey=item(24)),
    ],
}


def addressed(body: dict[str, Any], table_name: str) -> dict[str, Any]:
    """A request to the table under test."""
    if "RequestItems" in body:
        ((table, requests),) = body["RequestItems"].items()
        return {"RequestItems": {table.replace("TABLE", table_name): requests}}
    return body | {"TableName": body["TableName"].replace("TABLE", table_name)}


def essence(answer: Answer) -> tuple[int, Any]:
    """What the functions see of an answer: the kind of an error; counts and keys whatever the digits."""
    status, body = answer
    if status != 200:
        return status, body["__type"].rpartition("#")[2]
    last = body.get("LastEvaluatedKey")
    return status, (body.get("Count"), body.get("UnprocessedItems"), last and key_of(last))


def contents(items: list[dict[str, Any]]) -> set[tuple[str, Decimal, str]]:
    """What a table holds."""
    return {(*key_of(item), item.get("state", {"S": ""})["S"]) for item in items}


@pytest.mark.parametrize("conversation", CONVERSATIONS.values(), ids=CONVERSATIONS)
def test_both_answer_alike(dynamodb: FaultyDynamoDB, conversation: list[Request]) -> None:
    stand_in = MemoryTable(boto3.client("dynamodb"), "stand-in")
    for operation, body in conversation:
        in_memory = stand_in.answer(operation, addressed(body, stand_in.table_name))
        emulated = dynamodb.answer(operation, addressed(body, dynamodb.table_name))
        assert essence(in_memory) == essence(emulated)
    assert contents(stand_in.activities()) == contents(dynamodb.activities())
