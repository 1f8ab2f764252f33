"""The analytics table behind a real client: answers as DynamoDB documents them, and faults on demand."""

import json
import threading
from collections import deque
from collections.abc import Callable, Iterable
from decimal import Decimal
from typing import Any

from botocore.awsrequest import AWSResponse
from botocore.client import BaseClient
from botocore.compat import HTTPHeaders
from botocore.exceptions import ConnectionClosedError

from handlers.keys import Key, key_of

Answer = tuple[int, dict[str, Any]]
Fault = Callable[["FakeDynamoDB", str, dict[str, Any]], Answer]


class Body:
    """What a response's body is read from."""

    def __init__(self, content: bytes) -> None:
        self.content = content

    def stream(self) -> list[bytes]:
        return [self.content]


def refusal(code: str, status: int = 400) -> Answer:
    """An error as DynamoDB sends it."""
    return status, {"__type": f"com.amazonaws.dynamodb.v20120810#{code}", "message": f"{code} for a test"}


class FakeDynamoDB:
    """One table; `faults` are used up one a request, None meaning an answer without fault.

    Reads that need not be consistent are answered by the `replica`, if there is one that lags behind.
    """

    def __init__(self, client: BaseClient, table_name: str) -> None:
        self.table_name = table_name
        self.items: dict[Key, dict[str, Any]] = {}
        self.requests: list[tuple[str, dict[str, Any]]] = []
        self.faults: deque[Fault | None] = deque()
        self.replica: dict[Key, dict[str, Any]] | None = None
        self.lock = threading.Lock()
        client.meta.events.register("before-send.dynamodb", self.on_request)

    def begin(self, faults: Iterable[Fault | None] = ()) -> None:
        """Forget everything, and have these faults ahead."""
        self.items.clear()
        self.requests.clear()
        self.faults = deque(faults)

    def on_request(self, request: Any, **_: Any) -> Any:
        operation = bytes(request.headers["X-Amz-Target"]).decode().split(".")[1]
        body = json.loads(request.body)
        with self.lock:
            self.requests.append((operation, body))
            fault = self.faults.popleft() if self.faults else None
            status, answer = (fault or FakeDynamoDB.answer)(self, operation, body)
        return AWSResponse(request.url, status, HTTPHeaders(), Body(json.dumps(answer).encode()))

    def answer(self, operation: str, body: dict[str, Any]) -> Answer:
        if operation == "BatchWriteItem":
            return self.batch_write(body)
        if body["TableName"] != self.table_name:
            return refusal("ResourceNotFoundException")
        return {"PutItem": self.put, "Query": self.query}[operation](body)

    def put(self, body: dict[str, Any]) -> Answer:
        """https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Expressions.ConditionExpressions.html"""
        stored = self.items.get(key_of(body["Item"]), {})
        if condition := body.get("ConditionExpression"):
            assert condition == "attribute_not_exists(countedAt) OR countedAt <= :countedAt"
            limit = Decimal(body["ExpressionAttributeValues"][":countedAt"]["N"])
            if "countedAt" in stored and Decimal(stored["countedAt"]["N"]) > limit:
                return refusal("ConditionalCheckFailedException")
        self.items[key_of(body["Item"])] = body["Item"]
        return 200, {}

    def batch_write(self, body: dict[str, Any]) -> Answer:
        """https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_BatchWriteItem.html"""
        ((table_name, requests),) = body["RequestItems"].items()
        if table_name != self.table_name:
            return refusal("ResourceNotFoundException")
        items = [request["PutRequest"]["Item"] for request in requests]
        keys = {key_of(item) for item in items}
        if not 1 <= len(items) <= 25 or len(keys) < len(items) or any(map(is_too_large, items)):
            return refusal("ValidationException")
        for item in items:
            self.items[key_of(item)] = item
        return 200, {"UnprocessedItems": {}}

    def query(self, body: dict[str, Any]) -> Answer:
        """https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_Query.html"""
        assert body["KeyConditionExpression"] == "dataType = :partition AND processedAt BETWEEN :first AND :last"
        assert body["Select"] == "COUNT"
        values = body["ExpressionAttributeValues"]
        partition, first, last = (
            values[":partition"]["S"],
            Decimal(values[":first"]["N"]),
            Decimal(values[":last"]["N"]),
        )
        after = Decimal(body["ExclusiveStartKey"]["processedAt"]["N"]) if "ExclusiveStartKey" in body else first - 1
        items = self.items if self.replica is None or body.get("ConsistentRead") else self.replica
        found = sorted(at for kind, at in items if kind == partition and first <= at <= last and at > after)
        page = found[: body.get("Limit", 1000)]
        answer: dict[str, Any] = {"Count": len(page), "ScannedCount": len(page)}
        if len(page) < len(found) or len(page) == body.get("Limit"):
            answer["LastEvaluatedKey"] = {"dataType": {"S": partition}, "processedAt": {"N": str(page[-1])}}
        return 200, answer


def is_too_large(item: dict[str, Any]) -> bool:
    """Whether DynamoDB refuses an item for its size, and with it the whole request."""
    return len(json.dumps(item)) > 400 * 1024


def failing(code: str, status: int = 400) -> Fault:
    """Refuse a request without doing it."""
    return lambda fake, operation, body: refusal(code, status)


def reset_before(fake: FakeDynamoDB, operation: str, body: dict[str, Any]) -> Answer:
    """Break the connection before the request takes effect."""
    raise ConnectionClosedError(endpoint_url="https://dynamodb")


def reset_after(fake: FakeDynamoDB, operation: str, body: dict[str, Any]) -> Answer:
    """Break the connection after the request took effect."""
    fake.answer(operation, body)
    raise ConnectionClosedError(endpoint_url="https://dynamodb")


def cut_short(fake: FakeDynamoDB, operation: str, body: dict[str, Any]) -> Answer:
    """Do a request, and lose the end of the answer's body: botocore makes an answer without members of it."""
    fake.answer(operation, body)
    return 200, {}


def leaving_unprocessed(number: int) -> Fault:
    """Write a batch but for its last items, and give those back with their numbers trimmed, as DynamoDB stores them."""

    def fault(fake: FakeDynamoDB, operation: str, body: dict[str, Any]) -> Answer:
        requests = body["RequestItems"][fake.table_name]
        written, left = requests[:-number], requests[-number:]
        if written:
            fake.answer(operation, {"RequestItems": {fake.table_name: written}})
        for request in left:
            attribute = request["PutRequest"]["Item"]["processedAt"]
            attribute["N"] = attribute["N"].rstrip("0")
        return 200, {"UnprocessedItems": {fake.table_name: left}}

    return fault
