"""A stream, a function, a destination and a clock whose faults are under a test's control."""

import json
from collections import defaultdict, deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, NoReturn, Protocol
from uuid import uuid4

from botocore.exceptions import ClientError

from build.poller.destination import FailureRecord
from build.poller.invocation import FunctionUnreached, Response
from build.poller.mapping import EventSourceMapping

STREAM_ARN = "arn:aws:dynamodb:us-west-2:123456789012:table/things/stream/2026-01-01T00:00:00.000"
FUNCTION_ARN = "arn:aws:lambda:us-west-2:123456789012:function:recorder"
EPOCH = 1_800_000_000.0
SHARDS_PER_PAGE = 2

Handler = Callable[[list[str]], object]
"""What a function does with the sequence numbers of a batch: returns its answer, or raises."""


class Time(Protocol):
    """What the fakes tell the time by."""

    @property
    def now(self) -> float: ...


def aws_error(code: str) -> ClientError:
    """What a client raises for an error that AWS answers."""
    return ClientError({"Error": {"Code": code, "Message": f"{code} was injected"}}, "AnyOperation")


def mapping(**settings: Any) -> EventSourceMapping:
    """A mapping without batching window; every field can be set."""
    defaults = {"uuid": "mapping", "function_arn": FUNCTION_ARN, "stream_arn": STREAM_ARN}
    return EventSourceMapping(**{**defaults, **settings})


class VirtualTime:
    """A clock that only moves when someone sleeps."""

    def __init__(self) -> None:
        self.now = EPOCH

    def read(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        assert 0 <= seconds < float("inf")
        self.now += max(seconds, 0.001)


@dataclass
class FakeShard:
    """A shard: records in order, and whether it is closed."""

    parent: str | None = None
    closed: bool = False
    records: list[Any] = field(default_factory=list)


class FakeStreams:
    """The streams' API over shards in memory, with faults to be raised by operation before it works."""

    def __init__(self, time: Time, shards: Iterable[str] = ("shard-0",)) -> None:
        self.time = time
        self.status = "ENABLED"
        self.shards = {shard_id: FakeShard() for shard_id in shards}
        self.faults: defaultdict[str, deque[Exception]] = defaultdict(deque)
        self.calls: list[tuple[str, Any]] = []
        self.page_size = 1000
        self._sequence = 10**20

    def put(
        self, item: str = "item", shard: str = "shard-0", name: str = "INSERT", image: dict[str, Any] | None = None
    ) -> str:
        """Write a change of an item, and return its sequence number."""
        self._sequence += 1
        keys = {"id": {"S": item}}
        self.shards[shard].records.append(
            {
                "eventID": str(uuid4()),
                "eventName": name,
                "eventVersion": "1.1",
                "eventSource": "aws:dynamodb",
                "awsRegion": "us-west-2",
                "dynamodb": {
                    "ApproximateCreationDateTime": datetime.fromtimestamp(int(self.time.now), UTC),
                    "Keys": keys,
                    "NewImage": {**keys, **(image or {})},
                    "SequenceNumber": str(self._sequence),
                    "SizeBytes": 26,
                    "StreamViewType": "NEW_AND_OLD_IMAGES",
                },
            }
        )
        return str(self._sequence)

    def put_many(self, count: int, shard: str = "shard-0") -> list[str]:
        """Write changes of as many items."""
        return [self.put(f"item-{number}", shard) for number in range(count)]

    def describe_stream(self, StreamArn: str, ExclusiveStartShardId: str | None = None) -> dict[str, Any]:
        self._call("describe_stream", StreamArn)
        names = list(self.shards)
        start = names.index(ExclusiveStartShardId) + 1 if ExclusiveStartShardId else 0
        end = start + SHARDS_PER_PAGE
        page = names[start:end]
        description: dict[str, Any] = {"StreamStatus": self.status, "Shards": [self._describe(name) for name in page]}
        if end < len(names):
            description["LastEvaluatedShardId"] = page[-1]
        return {"StreamDescription": description}

    def _describe(self, shard_id: str) -> dict[str, Any]:
        shard = self.shards[shard_id]
        numbers = {"StartingSequenceNumber": "1", **({"EndingSequenceNumber": "2"} if shard.closed else {})}
        parent = {"ParentShardId": shard.parent} if shard.parent else {}
        return {"ShardId": shard_id, "SequenceNumberRange": numbers, **parent}

    def get_shard_iterator(
        self, StreamArn: str, ShardId: str, ShardIteratorType: str, SequenceNumber: str | None = None
    ) -> dict[str, Any]:
        self._call("get_shard_iterator", (ShardId, ShardIteratorType, SequenceNumber))
        numbers = [record["dynamodb"]["SequenceNumber"] for record in self.shards[ShardId].records]
        positions: dict[str, Callable[[], int]] = {
            "TRIM_HORIZON": lambda: 0,
            "LATEST": lambda: len(numbers),
            "AFTER_SEQUENCE_NUMBER": lambda: numbers.index(SequenceNumber) + 1,
        }
        return {"ShardIterator": f"{ShardId}/{positions[ShardIteratorType]()}"}

    def get_records(self, ShardIterator: str) -> dict[str, Any]:
        self._call("get_records", ShardIterator)
        shard_id, start = ShardIterator.split("/")
        shard, position = self.shards[shard_id], int(start)
        end = min(position + self.page_size, len(shard.records))
        page = shard.records[position:end]
        done = shard.closed and end == len(shard.records)
        return {"Records": page, **({} if done else {"NextShardIterator": f"{shard_id}/{end}"})}

    def _call(self, operation: str, detail: object) -> None:
        self.calls.append((operation, detail))
        if self.faults[operation]:
            raise self.faults[operation].popleft()


def response(payload: object = None, function_error: str | None = None) -> Response:
    """An answer of the Invoke operation."""
    return Response(str(uuid4()), 200, "$LATEST", function_error, json.dumps(payload).encode())


def succeed(numbers: list[str]) -> None:
    """A handler without a fault."""


class FakeFunction:
    """A function: `handler` takes the list of sequence numbers and returns or raises; every batch is noted."""

    def __init__(self, time: Time, handler: Handler = succeed) -> None:
        self.time = time
        self.handler = handler
        self.events: list[dict[str, Any]] = []
        self.times: list[float] = []

    def __call__(self, payload: bytes) -> Response:
        self.events.append(json.loads(payload))
        self.times.append(self.time.now)
        answer = self.handler(self.batches[-1])
        return answer if isinstance(answer, Response) else response(answer)

    @property
    def batches(self) -> list[list[str]]:
        """The sequence numbers of every batch."""
        return [[record["dynamodb"]["SequenceNumber"] for record in event["Records"]] for event in self.events]


class FakeDestination:
    """A destination that keeps records in a list, after as many failures as it is given."""

    def __init__(self, failures: Iterable[Exception] = ()) -> None:
        self.failures = deque(failures)
        self.records: list[FailureRecord] = []

    def __call__(self, record: FailureRecord) -> None:
        if self.failures:
            raise self.failures.popleft()
        self.records.append(record)

    @property
    def sequence_numbers(self) -> list[list[str]]:
        """Of all records kept, batch by batch."""
        return [list(record.discard.batch.sequence_numbers) for record in self.records]


def crash(numbers: list[str]) -> Response:
    """A handler that raises, as Lambda reports it."""
    return response({"errorMessage": "crashed"}, function_error="Unhandled")


def throttled(numbers: list[str]) -> NoReturn:
    """A handler that is never reached."""
    raise FunctionUnreached("TooManyRequestsException")


def script(*handlers: Handler) -> Handler:
    """A handler that behaves like each of several in turn, then succeeds."""
    queue = deque(handlers)
    return lambda numbers: queue.popleft()(numbers) if queue else None


def poisoned_by(*poison: str) -> Handler:
    """A handler that crashes on any batch with one of these sequence numbers."""
    return lambda numbers: crash(numbers) if set(poison) & set(numbers) else None


def failing_items(*identifiers: str) -> Handler:
    """A handler that reports these identifiers as failed."""
    return lambda numbers: {"batchItemFailures": [{"itemIdentifier": identifier} for identifier in identifiers]}
