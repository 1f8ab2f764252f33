"""A DynamoDB that answers counting queries in parallel, each after the time that a request takes in the cloud.

Servers that run on one machine do one thing at a time; with them more partitions could never be faster.
"""

import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from botocore.compat import HTTPHeaders

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

LATENCY = 0.005
"""Seconds that a request takes
(https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Introduction.html: single-digit milliseconds)."""


class _Body:
    """The body of an answer, as botocore reads it."""

    def __init__(self, content: bytes) -> None:
        self.content = content

    def stream(self) -> list[bytes]:
        return [self.content]


@dataclass(frozen=True)
class ParallelDynamoDB:
    """A table in which every query finds the same number of items.

    Args:
        items: that a query finds.
        page_size: items that one page counts.
    """

    items: int
    page_size: int

    def answer_for(self, client: "DynamoDBClient") -> None:
        """Answer the requests of a client in place of a server."""
        client.meta.events.register("before-send.dynamodb", cast(Callable[..., None], self._answer))

    def _answer(self, request: AWSPreparedRequest, **_: object) -> AWSResponse:
        """Answer one request after the time that it takes."""
        time.sleep(LATENCY)
        content = json.dumps(self._page(json.loads(cast(bytes, request.body)))).encode()
        return AWSResponse(request.url, 200, HTTPHeaders(), _Body(content))

    def _page(self, request: dict[str, object]) -> dict[str, object]:
        """The page that follows where the one before ended; an answer that means nothing for a PutItem."""
        start = request.get("ExclusiveStartKey")
        end = int(start["processedAt"]["N"]) if isinstance(start, dict) else 0
        count = min(self.page_size, self.items - end)
        answer = {"Count": count, "ScannedCount": count, "ConsumedCapacity": {"CapacityUnits": 0}}
        if end + count == self.items:
            return answer
        return answer | {"LastEvaluatedKey": {"dataType": {"S": "type"}, "processedAt": {"N": str(end + count)}}}
