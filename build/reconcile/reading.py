"""Reads what a reconciliation compares: streams from their oldest record, the analytics table, the failed events."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from json import loads
from time import monotonic, sleep
from typing import TYPE_CHECKING, Any

from build.aws import Clients
from build.errors import CommandError
from build.poller.shards import ShardReader, ShardTree, stream_record
from build.reconcile.ledger import ActivityKey
from build.redrive.failed_events import DeployedSource, FailedBatch
from build.redrive.redrive import ObjectReader
from handlers.activities import ActivitySource, RecordError, activity_key, creation_milliseconds
from handlers.keys import items_between, partition_keys
from handlers.windows import Window

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_dynamodb.type_defs import AttributeValueTypeDef
    from mypy_boto3_dynamodbstreams import DynamoDBStreamsClient

_RECORDED_EVENTS = ("INSERT", "MODIFY")
_READS_AT_THE_END = 10
"""Of an open shard, one after the other without a record: an empty page alone does not say that the shard ends
(https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_streams_GetRecords.html)."""
KEYS_IN_A_REQUEST = 100
"""Of BatchGetItem, at most."""

Keys = list[ActivityKey]


ALWAYS = Window(0, 253_402_300_800_000)
"""Every record there is until the year 10000, those of the second that has just begun included."""


@dataclass
class Pace:
    """Lets reads begin no faster than so many a second, so that a table and its readers notice little.

    Args:
        per_second: reads.
    """

    per_second: float
    _next: float = field(default=0.0, init=False)

    def wait(self) -> None:
        """Return when the next read may begin."""
        now = monotonic()
        if now < self._next:
            sleep(self._next - now)
        self._next = max(now, self._next) + 1 / self.per_second


@dataclass(frozen=True)
class DeployedActivities:
    """A source, and what its deployed function makes of its records.

    Args:
        source: as it is deployed.
        activity: how its function records.
        table: name of the analytics table.
    """

    source: DeployedSource
    activity: ActivitySource
    table: str

    @property
    def name(self) -> str:
        return self.source.name

    @property
    def partitions(self) -> tuple[str, ...]:
        """The keys of every partition that an activity was ever written to."""
        return partition_keys(self.activity.activity_type, max(shards for _, shards in self.activity.shards.entries))


def deployed_activities(clients: Clients, source: DeployedSource) -> DeployedActivities:
    """Read from a function's environment what it does.

    Raises:
        CommandError: when its environment is another version's.
    """
    answer = clients.functions.get_function_configuration(FunctionName=source.function_arn)
    variables = answer.get("Environment", {}).get("Variables", {})
    try:
        return DeployedActivities(source, ActivitySource.from_environment(variables), variables["ANALYTICS_TABLE_NAME"])
    except (KeyError, TypeError, ValueError) as error:
        raise CommandError(
            f"{source.function_arn} was deployed by another version of this project; deploy it again."
        ) from error


def streamed_keys(
    client: "DynamoDBStreamsClient", deployed: DeployedActivities, span: Window, pace: Pace
) -> Iterator[Keys]:
    """The keys of a table's stream records, a page at a time; mappings that read them notice nothing."""
    for records in streamed_records(client, deployed.source, span, pace):
        yield list(_keys(records, deployed.activity, span))


def streamed_records(
    client: "DynamoDBStreamsClient", source: DeployedSource, span: Window, pace: Pace
) -> Iterator[list[dict[str, Any]]]:
    """The records of a table's streams as their function gets them, a page at a time, from the oldest.

    A shard is read to its end or to the first record after the span.
    """
    table = source.table_arn.rpartition("/")[2]
    for stream in client.list_streams(TableName=table)["Streams"]:
        tree = ShardTree(client, stream["StreamArn"], "TRIM_HORIZON")
        tree.refresh()
        while readers := tree.readers():
            for shard_id, reader in readers:
                yield from _pages(reader, stream["StreamArn"], span, pace)
                if reader.closed:
                    tree.finish(shard_id)
            tree.refresh()


def _pages(reader: ShardReader, stream_arn: str, span: Window, pace: Pace) -> Iterator[list[dict[str, Any]]]:
    """The records of a shard as their function gets them, to the end that it has now."""
    empty = newest = 0
    while not reader.closed and empty < _READS_AT_THE_END and newest < span.end:
        pace.wait()
        page = reader.read()
        records = [loads(stream_record(record, stream_arn, polled_at=0).json) for record in page.records]
        yield records
        empty = 0 if records else empty + 1
        newest = max([newest, *map(creation_milliseconds, records)])


def _keys(records: list[dict[str, Any]], activity: ActivitySource, span: Window) -> Iterator[ActivityKey]:
    """The keys of the activities that a page of records has to become."""
    for record in records:
        if record.get("eventName") in _RECORDED_EVENTS and span.start <= creation_milliseconds(record) < span.end:
            yield activity_key(record, activity)


def partition_query(table: str, partition: str, span: Window) -> dict[str, Any]:
    """The parameters of a Query that reads the items of one partition in a span, consistently."""
    return {
        "TableName": table,
        "ConsistentRead": True,
        **items_between(partition, span.start, span.end),
    }


def activity_keys(client: "DynamoDBClient", deployed: DeployedActivities, span: Window, pace: Pace) -> Iterator[Keys]:
    """The keys of a source's activities in the analytics table, a page at a time."""
    for partition in deployed.partitions:
        pages = client.get_paginator("query").paginate(
            **partition_query(deployed.table, partition, span), ProjectionExpression="dataType, processedAt"
        )
        pace.wait()
        for page in pages:
            yield [_activity_key(item) for item in page["Items"]]
            pace.wait()


def recorded_keys(client: "DynamoDBClient", table: str, keys: Sequence[ActivityKey], pace: Pace) -> Iterator[Keys]:
    """Those of some keys whose activities are in the analytics table, which is asked for a hundred at a time."""
    for first in range(0, len(keys), KEYS_IN_A_REQUEST):
        wanted: Any = {
            table: {
                "Keys": [
                    {"dataType": {"S": data_type}, "processedAt": {"N": at}}
                    for data_type, at in keys[first : first + KEYS_IN_A_REQUEST]
                ],
                "ProjectionExpression": "dataType, processedAt",
                "ConsistentRead": True,
            }
        }
        while wanted:
            pace.wait()
            answer = client.batch_get_item(RequestItems=wanted)
            yield [_activity_key(item) for item in answer["Responses"].get(table, [])]
            wanted = answer.get("UnprocessedKeys")


def _activity_key(item: "Mapping[str, AttributeValueTypeDef]") -> ActivityKey:
    return item["dataType"]["S"], item["processedAt"]["N"]


def failed_batches(reader: ObjectReader, tell: Callable[[str], None]) -> Iterator[FailedBatch]:
    """The batches in the bucket of failed events, one at a time; what cannot be read is told."""
    for stored in reader.bucket.objects():
        read = reader.read(stored)
        if read and read.batch:
            yield read.batch
        elif read:
            tell(read.result.line)


def failed_keys(batch: FailedBatch, activity: ActivitySource) -> Iterator[ActivityKey]:
    """The keys of the records in a failed batch; one without an identifier or a time has none."""
    for record in batch.records:
        try:
            yield activity_key(record, activity)
        except RecordError:
            continue
