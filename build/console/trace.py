"""The way of a record: its item, its changes in the stream, their activities, and the summaries or the failure of each.

The key of an activity is computed with the functions that the stream processor computes it with, so that looking it up
tells whether a change was recorded: nothing is sampled.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from decimal import Decimal
from functools import cached_property
from time import time
from typing import TYPE_CHECKING, Any

from build.aws import Clients
from build.cloudformation.stacks import DeployedStack
from build.reconcile.ledger import comparable_key
from build.reconcile.reading import (
    DeployedActivities,
    Pace,
    deployed_activities,
    recorded_keys,
    streamed_records,
)
from build.redrive.failed_events import DeployedPipeline, FailedEventsBucket, deployed_pipeline
from build.redrive.redrive import ObjectReader
from handlers.activities import RecordError, activity_key
from handlers.keys import Item
from handlers.windows import Window
from stack.config import StackConfig, StreamSource

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

REMOVAL = "REMOVE"
_SUMMARY_OF_ALL = "DAILY_SUMMARY"
_MOST_OBJECTS = 200
_PAGES = 50
"""Of a stream, in a second, at most."""


@dataclass(frozen=True)
class CoveringSummary:
    """A summary whose window covers an activity.

    Args:
        summary_type: its `dataType`.
        start: of the window.
        end: of the window, which is not in it.
        total: the activities that it counted.
    """

    summary_type: str
    start: datetime
    end: datetime
    total: int


@dataclass(frozen=True)
class FailureObject:
    """An object of the bucket of failed events that holds a change.

    Args:
        key: its name.
        reason: why Lambda gave the batch up.
    """

    key: str
    reason: str


@dataclass(frozen=True)
class TracedChange:
    """A change of the record, and what became of it.

    Args:
        event: INSERT, MODIFY or REMOVE.
        created: when the change was made, to the second.
        sequence_number: of the stream record.
        activity: the `dataType` and `processedAt` that its activity has; None for what no activity can be made of.
        recorded: whether the analytics table holds that activity.
        summaries: those that cover the activity.
        failure: where the change is stored after it failed.
    """

    event: str
    created: datetime
    sequence_number: str
    activity: tuple[str, str] | None
    recorded: bool = False
    summaries: Sequence[CoveringSummary] = ()
    failure: FailureObject | None = None

    @property
    def well(self) -> bool:
        """Whether nothing is left to be done."""
        return self.recorded or self.event == REMOVAL

    @property
    def outcome(self) -> str:
        """What became of it, in a few words."""
        if self.recorded:
            return "recorded"
        if self.event == REMOVAL:
            return "removals lead to no activity"
        if self.failure:
            return f"failed: {self.failure.reason}"
        return "not recorded yet" if self.activity else "no activity can be made of it"


@dataclass(frozen=True)
class RecordTrace:
    """The way of one record.

    Args:
        source: its source's name.
        record_id: the value of the source's id attribute.
        items: the sort keys of the items with this id that the table holds now.
        changes: what the stream, and else the failed events, hold of it, oldest first.
    """

    source: str
    record_id: str
    items: tuple[str, ...]
    changes: tuple[TracedChange, ...]

    @property
    def found(self) -> bool:
        """Whether anything is known of it."""
        return bool(self.items or self.changes)

    @property
    def well(self) -> bool:
        """Whether every change that is known is recorded."""
        return all(change.well for change in self.changes)


class RecordTracer:
    """Follows records of one stack; it reads and changes nothing.

    Args:
        clients: of the account and region.
        config: of the stack.
        stack: as it is deployed.
    """

    def __init__(self, clients: Clients, config: StackConfig, stack: DeployedStack) -> None:
        self._clients = clients
        self._config = config
        self._stack = stack
        self._sources: dict[str, DeployedActivities] = {}

    def trace(self, source: StreamSource, record_id: str) -> RecordTrace:
        """Follow every change of a record that the stream still holds, which it does for 24 hours.

        Raises:
            CommandError: when the stack lacks an output that names a resource.
        """
        failures: dict[str, FailureObject] = {}
        changes = {_sequence_number(record): record for record in self._changes(source, record_id)}
        traced = self._traced(source, list(changes.values()))
        if not traced or not all(change.well for change in traced):
            older: dict[str, Mapping[str, Any]] = {}
            for failure, change in self._failures(source, record_id):
                failures[_sequence_number(change)] = failure
                if _sequence_number(change) not in changes:
                    older[_sequence_number(change)] = change
            traced += self._traced(source, list(older.values()))
        traced.sort(key=lambda change: int(change.sequence_number))
        summaries = self._summaries(source, traced)
        complete = (_completed(change, summaries, failures) for change in traced)
        return RecordTrace(source.name, record_id, self._items(source, record_id), tuple(complete))

    @cached_property
    def _pipeline(self) -> DeployedPipeline:
        return deployed_pipeline(self._stack, self._config)

    @property
    def _dynamodb(self) -> "DynamoDBClient":
        return self._clients.dynamodb

    def _table(self, source: StreamSource) -> str:
        return self._stack.outputs[f"{source.name}TableName"]

    def _items(self, source: StreamSource, record_id: str) -> tuple[str, ...]:
        answer = self._dynamodb.query(
            TableName=self._table(source),
            KeyConditionExpression="#id = :id",
            ProjectionExpression="#time",
            ExpressionAttributeNames={"#id": source.id_attribute, "#time": source.time_attribute},
            ExpressionAttributeValues={":id": {"S": record_id}},
            ConsistentRead=True,
        )
        return tuple(item[source.time_attribute]["N"] for item in answer["Items"])

    def _changes(self, source: StreamSource, record_id: str) -> Iterator[dict[str, Any]]:
        """The stream records of a record, each as its function gets it."""
        now = Window(0, int(time() * 1000))
        for records in streamed_records(self._clients.streams, self._deployed(source.name).source, now, Pace(_PAGES)):
            yield from (record for record in records if _is_of(record, source, record_id))

    def _traced(self, source: StreamSource, records: Sequence[Mapping[str, Any]]) -> list[TracedChange]:
        """The changes that stream records are, and whether each is recorded."""
        changes = [_change(record, self._deployed(source.name)) for record in records]
        keys = sorted({comparable_key(change.activity) for change in changes if change.activity and not change.well})
        pages = recorded_keys(self._dynamodb, self._stack.outputs["AnalyticsTableName"], keys, Pace(_PAGES))
        recorded = {comparable_key(key) for page in pages for key in page}
        return [
            (
                replace(change, recorded=True)
                if change.activity and comparable_key(change.activity) in recorded
                else change
            )
            for change in changes
        ]

    def _deployed(self, name: str) -> DeployedActivities:
        """A source, with what its deployed function makes of its records."""
        if name not in self._sources:
            source = next(source for source in self._pipeline.sources if source.name == name)
            self._sources[name] = deployed_activities(self._clients, source)
        return self._sources[name]

    def _summaries(self, source: StreamSource, changes: Sequence[TracedChange]) -> list[CoveringSummary]:
        """The summaries of windows that end after the first of some activities, those that end first at the front."""
        oldest = min((change.activity[1] for change in changes if change.activity and change.recorded), default=None)
        if oldest is None:
            return []
        return [
            _covering_summary(item)
            for summary_type in (_SUMMARY_OF_ALL, source.summary_type)
            for page in self._dynamodb.get_paginator("query").paginate(
                TableName=self._stack.outputs["AnalyticsTableName"],
                KeyConditionExpression="dataType = :type AND processedAt > :oldest",
                ExpressionAttributeValues={":type": {"S": summary_type}, ":oldest": {"N": oldest}},
            )
            for item in page["Items"]
        ]

    def _failures(self, source: StreamSource, record_id: str) -> Iterator[tuple[FailureObject, Mapping[str, Any]]]:
        """The changes of a record in the newest failed events, each with the object that holds it."""
        bucket = FailedEventsBucket(self._clients.s3, self._pipeline.bucket, self._pipeline.account)
        reader = ObjectReader(bucket, self._pipeline, source.name)
        for stored in bucket.objects()[-_MOST_OBJECTS:]:
            read = reader.read(stored)
            if read and read.batch:
                changes = (change for change in read.batch.records if _is_of(change, source, record_id))
                yield from ((FailureObject(stored.key, read.batch.error), change) for change in changes)


def _change(record: Mapping[str, Any], deployed: DeployedActivities) -> TracedChange:
    """The change that a stream record is, as long as nobody knows what became of it."""
    created = datetime.fromtimestamp(record["dynamodb"]["ApproximateCreationDateTime"], UTC)
    try:
        activity = activity_key(record, deployed.activity)
    except RecordError:
        activity = None
    return TracedChange(record["eventName"], created, _sequence_number(record), activity)


def _is_of(record: Mapping[str, Any], source: StreamSource, record_id: str) -> bool:
    """Whether a stream record is a change of a record."""
    key = record["dynamodb"].get("Keys", {}).get(source.id_attribute)
    return bool(key == {"S": record_id})


def _sequence_number(record: Mapping[str, Any]) -> str:
    return str(record["dynamodb"]["SequenceNumber"])


def _completed(
    change: TracedChange, summaries: Sequence[CoveringSummary], failures: Mapping[str, FailureObject]
) -> TracedChange:
    """A change with the summaries that cover its activity, or with its failure."""
    covering: tuple[CoveringSummary, ...] = ()
    if change.recorded and change.activity:
        moment = datetime.fromtimestamp(int(Decimal(change.activity[1])) / 1000, UTC)
        covering = tuple(summary for summary in summaries if summary.start <= moment < summary.end)
    failure = None if change.well else failures.get(change.sequence_number)
    return replace(change, summaries=covering, failure=failure)


def _covering_summary(item: Item) -> CoveringSummary:
    start, end = (datetime.fromtimestamp(int(item[name]["N"]) / 1000, UTC) for name in ("windowStart", "windowEnd"))
    return CoveringSummary(item["dataType"]["S"], start, end, int(item["totalRecords"]["N"]))
