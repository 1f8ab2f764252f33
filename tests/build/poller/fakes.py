"""A stream, a function, a destination and a clock whose faults are under a test's control."""

import json
from collections import defaultdict, deque
from dataclasses import dataclass, field
from datetime import UTC, datetime
from uuid import uuid4

from botocore.exceptions import ClientError

from build.poller.clock import Clock
from build.poller.configuration import EventSourceMapping
from build.poller.invocation import FunctionUnreached, Response
from build.poller.options import Options
from build.poller.retries import Backoff
from build.poller.services import Services
from build.poller.stepwise import StepwisePoller

STREAM_ARN = "arn:aws:dynamodb:us-west-2:123456789012:table/things/stream/2026-01-01T00:00:00.000"
FUNCTION_ARN = "arn:aws:lambda:us-west-2:123456789012:function:recorder"
EPOCH = 1_800_000_000.0
SHARDS_PER_PAGE = 2


def aws_error(code):
    """What a client raises for an error that AWS answers."""
    return ClientError({"Error": {"Code": code, "Message": f"{code} was injected"}}, "AnyOperation")


def mapping(**settings):
    """A mapping without batching window; every field can be set."""
    defaults = {"uuid": "mapping", "function_arn": FUNCTION_ARN, "stream_arn": STREAM_ARN}
    return EventSourceMapping(**{**defaults, **settings})


class VirtualTime:
    """A clock that only moves when someone sleeps."""

    def __init__(self):
        self.now = EPOCH
        self.clock = Clock(now=lambda: self.now, sleep=self.sleep)

    def sleep(self, seconds):
        assert 0 <= seconds < float("inf")
        self.now += max(seconds, 0.001)


@dataclass
class FakeShard:
    """A shard: records in order, and whether it is closed."""

    parent: str | None = None
    closed: bool = False
    records: list = field(default_factory=list)


class FakeStreams:
    """The streams' API over shards in memory, with faults to be raised by operation before it works."""

    def __init__(self, time, shards=("shard-0",)):
        self.time = time
        self.status = "ENABLED"
        self.shards = {shard_id: FakeShard() for shard_id in shards}
        self.faults = defaultdict(deque)
        self.calls = []
        self.page_size = 1000
        self._sequence = 10**20

    def put(self, item="item", shard="shard-0", name="INSERT", image=None):
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

    def put_many(self, count, shard="shard-0"):
        """Write changes of as many items."""
        return [self.put(f"item-{number}", shard) for number in range(count)]

    def describe_stream(self, StreamArn, ExclusiveStartShardId=None):
        self._call("describe_stream", StreamArn)
        names = list(self.shards)
        start = names.index(ExclusiveStartShardId) + 1 if ExclusiveStartShardId else 0
        end = start + SHARDS_PER_PAGE
        page = names[start:end]
        description = {"StreamStatus": self.status, "Shards": [self._describe(name) for name in page]}
        if end < len(names):
            description["LastEvaluatedShardId"] = page[-1]
        return {"StreamDescription": description}

    def _describe(self, shard_id):
        shard = self.shards[shard_id]
        numbers = {"StartingSequenceNumber": "1", **({"EndingSequenceNumber": "2"} if shard.closed else {})}
        parent = {"ParentShardId": shard.parent} if shard.parent else {}
        return {"ShardId": shard_id, "SequenceNumberRange": numbers, **parent}

    def get_shard_iterator(self, StreamArn, ShardId, ShardIteratorType, SequenceNumber=None):
        self._call("get_shard_iterator", (ShardId, ShardIteratorType, SequenceNumber))
        numbers = [record["dynamodb"]["SequenceNumber"] for record in self.shards[ShardId].records]
        position = {
            "TRIM_HORIZON": lambda: 0,
            "LATEST": lambda: len(numbers),
            "AFTER_SEQUENCE_NUMBER": lambda: numbers.index(SequenceNumber) + 1,
        }[ShardIteratorType]()
        return {"ShardIterator": f"{ShardId}/{position}"}

    def get_records(self, ShardIterator):
        self._call("get_records", ShardIterator)
        shard_id, start = ShardIterator.split("/")
        shard, position = self.shards[shard_id], int(start)
        end = min(position + self.page_size, len(shard.records))
        page = shard.records[position:end]
        done = shard.closed and end == len(shard.records)
        return {"Records": page, **({} if done else {"NextShardIterator": f"{shard_id}/{end}"})}

    def _call(self, operation, detail):
        self.calls.append((operation, detail))
        if self.faults[operation]:
            raise self.faults[operation].popleft()


def response(payload=None, function_error=None):
    """An answer of the Invoke operation."""
    return Response(str(uuid4()), 200, "$LATEST", function_error, json.dumps(payload).encode())


class FakeFunction:
    """A function: `handler` takes the list of sequence numbers and returns or raises; every batch is noted."""

    def __init__(self, time, handler=lambda numbers: None):
        self.time = time
        self.handler = handler
        self.events = []
        self.times = []

    def __call__(self, payload):
        self.events.append(json.loads(payload))
        self.times.append(self.time.now)
        answer = self.handler(self.batches[-1])
        return answer if isinstance(answer, Response) else response(answer)

    @property
    def batches(self):
        """The sequence numbers of every batch."""
        return [[record["dynamodb"]["SequenceNumber"] for record in event["Records"]] for event in self.events]


class FakeDestination:
    """A destination that keeps records in a list, after as many failures as it is given."""

    def __init__(self, failures=()):
        self.failures = deque(failures)
        self.records = []

    def __call__(self, record):
        if self.failures:
            raise self.failures.popleft()
        self.records.append(record)

    @property
    def sequence_numbers(self):
        """Of all records kept, batch by batch."""
        return [list(record.discard.batch.sequence_numbers) for record in self.records]


def crash(numbers):
    """A handler that raises, as Lambda reports it."""
    return response({"errorMessage": "crashed"}, function_error="Unhandled")


def throttled(numbers):
    """A handler that is never reached."""
    raise FunctionUnreached("TooManyRequestsException")


def script(*handlers):
    """A handler that behaves like each of several in turn, then succeeds."""
    queue = deque(handlers)
    return lambda numbers: queue.popleft()(numbers) if queue else None


def poisoned_by(*poison):
    """A handler that crashes on any batch with one of these sequence numbers."""
    return lambda numbers: crash(numbers) if set(poison) & set(numbers) else None


def failing_items(*identifiers):
    """A handler that reports these identifiers as failed."""
    return lambda numbers: {"batchItemFailures": [{"itemIdentifier": identifier} for identifier in identifiers]}


class World:
    """A mapping with everything around it in memory, polled step by step in virtual time."""

    def __init__(
        self, handler=lambda numbers: None, shards=("shard-0",), destination=None, poll_interval=0.25, **settings
    ):
        self.time = VirtualTime()
        self.streams = FakeStreams(self.time, shards)
        self.function = FakeFunction(self.time, handler)
        self.destination = destination
        self.dropped = []
        self.mapping = mapping(**settings)
        self.poller = StepwisePoller(
            [self.mapping],
            Services(self.streams, lambda _: self.function, lambda _: self.destination),
            Options(poll_interval, Backoff(1, 60), clock=self.time.clock, on_dropped=self.dropped.append),
        )

    def run(self):
        """Process everything that was written; returns the statistics."""
        self.poller.run_until_idle()
        return self.statistics

    @property
    def statistics(self):
        return self.poller.statistics["mapping"]
