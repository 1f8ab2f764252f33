"""The promise of the pipeline, as one function: nothing is lost and nothing is recorded twice, whatever happened."""

import json
from collections import Counter
from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Any, Protocol

from tests.faults.changes import Change

Activity = tuple[str, int, str, str, Decimal, str, str]


class Table(Protocol):
    """Where activities are recorded."""

    def activities(self) -> Iterable[dict[str, Any]]:
        """Every item, with DynamoDB's types."""


class Destination(Protocol):
    """Where failed batches are kept."""

    def documents(self) -> Iterable[dict[str, Any]]:
        """Every failure record."""


def assert_promise(changes: Sequence[Change], table: Table, destination: Destination) -> set[str]:
    """Fail unless every insertion and modification is one activity, or in full in a failure record, and no more.

    A record in the failure bucket may be recorded too, because a function can write and then fail; one that no
    activity can be made of is in the bucket alone.

    Args:
        changes: everything that was in the streams.
        table: the analytics table.
        destination: the failure bucket.

    Returns:
        The sequence numbers in the failure bucket.
    """
    kept = kept_sequence_numbers({change.sequence_number: change for change in changes}, destination)
    wanted = [change for change in changes if change.counts]
    recorded = Counter(map(activity_of_item, table.activities()))
    possible = Counter(activity_of_change(change) for change in wanted if change.sound)
    certain = Counter(
        activity_of_change(change) for change in wanted if change.sound and change.sequence_number not in kept
    )
    assert not certain - recorded, "changes are neither recorded nor in the failure bucket"
    assert not recorded - possible, "items were recorded twice, or are activities of no change"
    assert {change.sequence_number for change in wanted if not change.sound} <= kept, "bad records were not kept"
    assert kept <= {change.sequence_number for change in wanted}, "removals are in the failure bucket"
    return kept


def kept_sequence_numbers(changes: dict[str, Change], destination: Destination) -> set[str]:
    """What the failure bucket holds, each record once and in full."""
    kept: Counter[str] = Counter()
    for document in destination.documents():
        numbers = [assert_in_full(changes, record, document) for record in json.loads(document["payload"])["Records"]]
        batch = document["DDBStreamBatchInfo"]
        assert (batch["startSequenceNumber"], batch["endSequenceNumber"]) == (numbers[0], numbers[-1])
        assert batch["batchSize"] == len(numbers)
        kept.update(numbers)
    assert all(times == 1 for times in kept.values()), "a record is in the failure bucket twice"
    return set(kept)


def assert_in_full(changes: dict[str, Change], record: dict[str, Any], document: dict[str, Any]) -> str:
    """Fail unless a record of a payload is what the stream had; returns its sequence number."""
    number: str = record["dynamodb"]["SequenceNumber"]
    assert record == {**changes[number].event, "eventSourceARN": document["DDBStreamBatchInfo"]["streamArn"]}
    return number


def activity_of_change(change: Change) -> Activity:
    """The activity that a change must become."""
    image, source = change.record["dynamodb"]["NewImage"], change.source
    created_at = change.record["dynamodb"]["ApproximateCreationDateTime"].timestamp()
    return (
        source.activity_type,
        int(created_at) * 1000,
        source.source_id_attribute,
        image[source.id_attribute]["S"],
        Decimal(image[source.time_attribute]["N"]),
        change.record["eventName"],
        source.processed_by,
    )


def activity_of_item(item: dict[str, Any]) -> Activity:
    """The activity that an item is, which has these attributes and no other."""
    (source_id,) = set(item) - {"dataType", "processedAt", "sourceTimestamp", "eventType", "processedBy"}
    return (
        item["dataType"]["S"].partition("#")[0],
        int(Decimal(item["processedAt"]["N"])),
        source_id,
        item[source_id]["S"],
        Decimal(item["sourceTimestamp"]["N"]),
        item["eventType"]["S"],
        item["processedBy"]["S"],
    )
