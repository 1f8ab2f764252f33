"""Writes any number of items with BatchWriteItem: what can be tried again is, until the time is up."""

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
FIRST_BACKOFF = 0.05
LONGEST_BACKOFF = 5.0
TRANSIENT_ERRORS = (ConnectionError, HTTPClientError)
TRANSIENT_CODES = frozenset(
    {
        "ProvisionedThroughputExceededException",
        "ReplicatedWriteConflictException",
        "RequestLimitExceeded",
        "ThrottlingException",
    }
)
CODES_THAT_BLAME_AN_ITEM = frozenset({"SerializationException", "ValidationException"})


@dataclass(frozen=True)
class Unwritten:
    """An item that the table does not have, and why: an error code, never a value."""

    item: Item
    reason: str


@dataclass(frozen=True)
class Outcome:
    """What is left of some items after a request: those worth another, and those that no request will write."""

    retryable: list[Unwritten]
    refused: list[Unwritten]

    def __add__(self, other: "Outcome") -> "Outcome":
        return Outcome(self.retryable + other.retryable, self.refused + other.refused)


@dataclass(frozen=True)
class BatchWriter:
    """Writes items to one table.

    Args:
        client: its own retries have to be few, since these here come on top.
        table_name: the table.
        time_left: seconds until no request may begin any more.
        sleep: waits for a number of seconds.
        jitter: a random number from 0 to 1.
    """

    client: "DynamoDBClient"
    table_name: str
    time_left: Callable[[], float]
    sleep: Callable[[float], None] = time.sleep
    jitter: Callable[[], float] = random.random

    def write(self, items: Sequence[Item]) -> list[Unwritten]:
        """Write items, all of different keys, in as few requests as DynamoDB allows.

        Unprocessed items, throttled and failed requests are tried again together with exponential backoff and full
        jitter (https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_BatchWriteItem.html).

        Returns:
            The items that could not be written; every other one is in the table.
        """
        outcome, backoff = self.write_once(items), FIRST_BACKOFF
        while outcome.retryable and (pause := backoff * self.jitter()) < self.time_left():
            self.sleep(pause)
            again = self.write_once([unwritten.item for unwritten in outcome.retryable])
            outcome, backoff = Outcome([], outcome.refused) + again, min(2 * backoff, LONGEST_BACKOFF)
        return outcome.refused + outcome.retryable

    def write_once(self, items: Sequence[Item]) -> Outcome:
        """Send every item in one request or, where a request is refused for the sake of one item, in several."""
        requests = (items[start:][:ITEMS_PER_REQUEST] for start in range(0, len(items), ITEMS_PER_REQUEST))
        return sum(map(self.request, requests), Outcome([], []))

    def request(self, items: Sequence[Item]) -> Outcome:
        """Send one request of at most 25 items, unless the time is up."""
        if self.time_left() <= 0:
            return retryable(items, "NoTimeLeft")
        try:
            response = self.client.batch_write_item(
                RequestItems={self.table_name: [{"PutRequest": {"Item": item}} for item in items]}
            )
        except ClientError as error:
            return self.after_error(items, error)
        except TRANSIENT_ERRORS as error:
            return retryable(items, type(error).__name__)
        unprocessed = response["UnprocessedItems"].get(self.table_name, [])
        return retryable([request["PutRequest"]["Item"] for request in unprocessed], "UnprocessedItems")

    def after_error(self, items: Sequence[Item], error: ClientError) -> Outcome:
        """Judge a request that DynamoDB answered with an error, splitting it to find the item that is to blame."""
        code = error.response["Error"]["Code"]
        if code in TRANSIENT_CODES or error.response["ResponseMetadata"]["HTTPStatusCode"] >= 500:
            return retryable(items, code)
        if code in CODES_THAT_BLAME_AN_ITEM and len(items) > 1:
            middle = len(items) // 2
            return self.request(items[:middle]) + self.request(items[middle:])
        return Outcome([], [Unwritten(item, code) for item in items])


def retryable(items: Sequence[Item], reason: str) -> Outcome:
    """The outcome of items that may be written by another request."""
    return Outcome([Unwritten(item, reason) for item in items], [])
