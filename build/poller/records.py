"""Stream records as Lambda hands them to a function."""

import json
from base64 import b64encode
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any
from zlib import crc32

if TYPE_CHECKING:
    from mypy_boto3_dynamodbstreams.type_defs import RecordTypeDef

ENCODERS: dict[type, Callable[[Any], str | int]] = {
    bytes: lambda binary: b64encode(binary).decode(),
    datetime: lambda moment: int(moment.timestamp()),
}
EVENT_START = b'{"Records":['
SEPARATOR = b","
EVENT_END = b"]}"


@dataclass(frozen=True)
class StreamRecord:
    """One record of a shard.

    Args:
        sequence_number: its place in the shard, 21 to 40 digits.
        keys: the item's key attributes, the same text for every record of the item.
        created_at: ApproximateCreationDateTime, in seconds since 1970.
        polled_at: when it was read, in seconds since 1970.
        json: its element of `Records` in the function's event.
    """

    sequence_number: str
    keys: str
    created_at: float
    polled_at: float
    json: bytes

    @property
    def event(self) -> dict[str, Any]:
        """The record as the function gets it."""
        return dict(json.loads(self.json))

    def lane(self, lanes: int) -> int:
        """Which of so many lanes the record's item belongs to."""
        return crc32(self.keys.encode()) % lanes


def encode(value: object) -> str | int:
    """What JSON lacks, as Lambda writes it: binary as base64, a time as whole seconds."""
    return ENCODERS[type(value)](value)


def lambda_event(record: "RecordTypeDef", stream_arn: str) -> dict[str, Any]:
    """What GetRecords answers, made what LDG with-ddb-example shows: with the stream's ARN and lower-case identity."""
    event: dict[str, Any] = {**record, "eventSourceARN": stream_arn}
    if "userIdentity" in record:
        identity = record["userIdentity"]
        event["userIdentity"] = {"type": identity["Type"], "principalId": identity["PrincipalId"]}
    return event


def stream_record(record: "RecordTypeDef", stream_arn: str, polled_at: float) -> StreamRecord:
    """A record of GetRecords' answer, ready to be filtered, put in a batch and sent.

    Args:
        record: the element of `Records`.
        stream_arn: the stream that it was read from.
        polled_at: when, in seconds since 1970.
    """
    change = record["dynamodb"]
    event = json.dumps(lambda_event(record, stream_arn), default=encode, separators=(",", ":"), ensure_ascii=False)
    return StreamRecord(
        sequence_number=change["SequenceNumber"],
        keys=json.dumps(change["Keys"], default=encode, sort_keys=True),
        created_at=change["ApproximateCreationDateTime"].timestamp(),
        polled_at=polled_at,
        json=event.encode(),
    )


def payload(records: Iterable[StreamRecord]) -> bytes:
    """The event that a function is invoked with."""
    return EVENT_START + SEPARATOR.join(record.json for record in records) + EVENT_END
