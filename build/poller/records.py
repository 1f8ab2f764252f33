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

_ENCODERS: dict[type, Callable[[Any], str | int]] = {
    bytes: lambda binary: b64encode(binary).decode(),
    datetime: lambda moment: int(moment.timestamp()),
}
_EVENT_START = b'{"Records":['
_SEPARATOR = b","
_EVENT_END = b"]}"

EMPTY_PAYLOAD_SIZE = len(_EVENT_START + _EVENT_END)
"""Bytes."""


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
    def size(self) -> int:
        """The bytes that it adds to a payload, with the comma between it and the next record."""
        return len(self.json) + len(_SEPARATOR)

    def lane_index(self, lane_count: int) -> int:
        """The lane of the record, counted from 0; all records of an item share one, so that their order is kept."""
        return crc32(self.keys.encode()) % lane_count


def stream_record(record: "RecordTypeDef", stream_arn: str, polled_at: float) -> StreamRecord:
    """A record of GetRecords' answer, ready to be put in a batch and sent.

    Args:
        record: an element of `Records`.
        stream_arn: the stream that it was read from.
        polled_at: when it was read, in seconds since 1970.
    """
    change = record["dynamodb"]
    event = json.dumps(_lambda_event(record, stream_arn), default=_encode, separators=(",", ":"), ensure_ascii=False)
    return StreamRecord(
        sequence_number=change["SequenceNumber"],
        keys=json.dumps(change["Keys"], default=_encode, sort_keys=True),
        created_at=change["ApproximateCreationDateTime"].timestamp(),
        polled_at=polled_at,
        json=event.encode(),
    )


def payload(records: Iterable[StreamRecord]) -> bytes:
    """The event that a function is invoked with."""
    return _EVENT_START + _SEPARATOR.join(record.json for record in records) + _EVENT_END


def _encode(value: object) -> str | int:
    """How Lambda writes what JSON has no type for: binary as base64, a time as whole seconds."""
    return _ENCODERS[type(value)](value)


def _lambda_event(record: "RecordTypeDef", stream_arn: str) -> dict[str, Any]:
    """A record as LDG with-ddb-example shows it: with the stream's ARN, and its identity in lower case."""
    event: dict[str, Any] = {**record, "eventSourceARN": stream_arn}
    if "userIdentity" in record:
        identity = record["userIdentity"]
        event["userIdentity"] = {"type": identity["Type"], "principalId": identity["PrincipalId"]}
    return event
