"""Writes any number of items with BatchWriteItem, and retries until the time is up."""

import random
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError, ConnectionError, HTTPClientError

from handlers.keys import Item

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

ITEMS_PER_REQUEST = 25
_FIRST_BACKOFF = 0.05
_LONGEST_BACKOFF = 5.0
_TRANSIENT_ERRORS = (ConnectionError, HTTPClientError)
_TRANSIENT_CODES = frozenset(
    {
        "ProvisionedThroughputExceededException",
        "ReplicatedWriteConflictException",
        "RequestLimitExceeded",
        "ThrottlingException",
    }
)
_CODES_CAUSED_BY_AN_ITEM = frozenset({"SerializationException", "ValidationException"})


@dataclass(frozen=True)
class FailedWrite:
    """An item that was not written, and why: an error code, never a value."""

    item: Item
    reason: str


@dataclass(frozen=True)
class _WriteResult:
    """The items that a request did not write: those to retry, and those that DynamoDB will never take."""

    retryable: list[FailedWrite]
    refused: list[FailedWrite]

    def __add__(self, other: "_WriteResult") -> "_WriteResult":
        return _WriteResult(self.retryable + other.retryable, self.refused + other.refused)


@dataclass(frozen=True)
class BatchWriter:
    """Writes items to one table.

    Args:
        client: its own retries have to be few, since those of this class come on top.
        time_left: the seconds in which a request may still begin.
        sleep: waits for this many seconds.
        jitter: a random number from 0 to 1.
    """

    client: "DynamoDBClient"
    table_name: str
    time_left: Callable[[], float]
    sleep: Callable[[float], None] = time.sleep
    jitter: Callable[[], float] = random.random

    def write(self, items: Sequence[Item]) -> list[FailedWrite]:
        """Write items whose keys all differ, in as few requests as DynamoDB allows.

        Unprocessed items, throttled and failed requests are retried together with exponential backoff and full jitter
        (https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_BatchWriteItem.html).

        Returns:
            The items that could not be written; every other one is in the table.
        """
        result, backoff = self._write_once(items), _FIRST_BACKOFF
        while result.retryable and (pause := backoff * self.jitter()) < self.time_left():
            self.sleep(pause)
            again = self._write_once([unwritten.item for unwritten in result.retryable])
            result, backoff = _WriteResult([], result.refused) + again, min(2 * backoff, _LONGEST_BACKOFF)
        return result.refused + result.retryable

    def _write_once(self, items: Sequence[Item]) -> _WriteResult:
        """Send every item once or, where one item makes DynamoDB refuse a request, until that item is alone."""
        requests = (items[start:][:ITEMS_PER_REQUEST] for start in range(0, len(items), ITEMS_PER_REQUEST))
        return sum(map(self._request, requests), _WriteResult([], []))

    def _request(self, items: Sequence[Item]) -> _WriteResult:
        """Send one request of at most 25 items, unless the time is up.

        An answer that was cut short reaches us as one without members, and does not tell what is written.
        """
        if self.time_left() <= 0:
            return _retryable(items, "NoTimeLeft")
        try:
            response = self.client.batch_write_item(
                RequestItems={self.table_name: [{"PutRequest": {"Item": item}} for item in items]}
            )
        except ClientError as error:
            return self._after_error(items, error)
        except _TRANSIENT_ERRORS as error:
            return _retryable(items, type(error).__name__)
        if "UnprocessedItems" not in response:
            return _retryable(items, "IncompleteAnswer")
        unprocessed = response["UnprocessedItems"].get(self.table_name, [])
        return _retryable([request["PutRequest"]["Item"] for request in unprocessed], "UnprocessedItems")

    def _after_error(self, items: Sequence[Item], error: ClientError) -> _WriteResult:
        """Decide what an error means for the items, and split the request to find the item that caused it."""
        code = error.response["Error"]["Code"]
        if code in _TRANSIENT_CODES or error.response["ResponseMetadata"]["HTTPStatusCode"] >= 500:
            return _retryable(items, code)
        if code in _CODES_CAUSED_BY_AN_ITEM and len(items) > 1:
            middle = len(items) // 2
            return self._request(items[:middle]) + self._request(items[middle:])
        return _WriteResult([], [FailedWrite(item, code) for item in items])


def _retryable(items: Sequence[Item], reason: str) -> _WriteResult:
    return _WriteResult([FailedWrite(item, reason) for item in items], [])
