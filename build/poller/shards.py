"""The shards of a stream: which of them may be read, reading one of them, and its records as Lambda hands them on."""

import json
from base64 import b64encode
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any
from zlib import crc32

from botocore.exceptions import ClientError

from build.aws_errors import error_code

if TYPE_CHECKING:
    from mypy_boto3_dynamodbstreams import DynamoDBStreamsClient
    from mypy_boto3_dynamodbstreams.type_defs import RecordTypeDef, ShardTypeDef, StreamDescriptionTypeDef

_OLDEST = "TRIM_HORIZON"
_AFTER = "AFTER_SEQUENCE_NUMBER"
_GONE: "StreamDescriptionTypeDef" = {"StreamStatus": "DISABLED"}

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
class Page:
    """The result of one read.

    Args:
        records: in order.
        at_end: whether the shard held no more at that time.
    """

    records: "Sequence[RecordTypeDef]" = ()
    at_end: bool = False


class ShardReader:
    """A shard that is read page by page.

    Args:
        client: for the streams' API.
        stream_arn: the stream.
        shard_id: the shard.
        position: where reading begins, TRIM_HORIZON or LATEST.
    """

    def __init__(self, client: "DynamoDBStreamsClient", stream_arn: str, shard_id: str, position: str) -> None:
        self._client = client
        self._shard: dict[str, Any] = {"StreamArn": stream_arn, "ShardId": shard_id}
        self._position: dict[str, Any] = {"ShardIteratorType": position}
        self._iterator: str | None = None
        self.closed = False

    def read(self) -> Page:
        """Read the next page.

        An iterator older than 15 minutes is replaced. When the records after the position are trimmed, which happens
        after 24 hours, reading continues with the oldest that is left. A shard that is gone is closed.

        Raises:
            ClientError, BotoCoreError: reading may work later.
        """
        try:
            return self._read(self._iterator or self._new_iterator())
        except ClientError as error:
            self._recover(error)
            return Page()

    def _new_iterator(self) -> str:
        return self._client.get_shard_iterator(**self._shard, **self._position)["ShardIterator"]

    def _read(self, iterator: str) -> Page:
        answer = self._client.get_records(ShardIterator=iterator)
        records = answer["Records"]
        self._iterator = answer.get("NextShardIterator")
        self.closed = self._iterator is None
        if records:
            self._position = {"ShardIteratorType": _AFTER, "SequenceNumber": records[-1]["dynamodb"]["SequenceNumber"]}
        return Page(records, at_end=not records)

    def _recover(self, error: ClientError) -> None:
        match error_code(error):
            case "ExpiredIteratorException":
                self._iterator = None
            case "TrimmedDataAccessException":
                self._iterator = None
                self._position = {"ShardIteratorType": _OLDEST}
            case "ResourceNotFoundException":
                self.closed = True
            case _:
                raise error


class ShardTree:
    """The known shards of one stream; a child may be read only after its parent is processed (DDB Streams guide).

    Args:
        client: for the streams' API.
        stream_arn: the stream.
        starting_position: TRIM_HORIZON, or LATEST to leave out what the stream holds already.
    """

    def __init__(self, client: "DynamoDBStreamsClient", stream_arn: str, starting_position: str) -> None:
        self._client = client
        self._stream_arn = stream_arn
        self._starting_position = starting_position
        self._parents: dict[str, str | None] = {}
        self._positions: dict[str, str] = {}
        self._started: set[str] = set()
        self._finished: set[str] = set()
        self._ended = False

    @property
    def complete(self) -> bool:
        """Whether no further shard can appear before a known one is finished, so that listing them again is useless."""
        childless = self._finished.difference(filter(None, self._parents.values()))
        return self._ended or (bool(self._parents) and not childless)

    def refresh(self) -> None:
        """Look for new shards; those that appear after the first time are read from their beginning.

        Raises:
            ClientError, BotoCoreError: looking may work later.
        """
        pages = self._describe()
        shards = [shard for page in pages for shard in page.get("Shards", ())]
        self._ended = pages[-1].get("StreamStatus") == "DISABLED"
        for shard in shards:
            if shard["ShardId"] not in self._parents:
                self._add(shard)
        self._starting_position = _OLDEST

    def readers(self) -> list[tuple[str, ShardReader]]:
        """Readers of the shards that may be read from now on, with their ids; each is returned once."""
        ready = [shard_id for shard_id, parent in self._parents.items() if self._may_start(shard_id, parent)]
        self._started.update(ready)
        return [(shard_id, self._reader(shard_id)) for shard_id in ready]

    def finish(self, shard_id: str) -> None:
        """Note that everything in a closed shard is processed."""
        self._finished.add(shard_id)

    def _describe(self) -> "list[StreamDescriptionTypeDef]":
        pages: "list[StreamDescriptionTypeDef]" = []
        last: dict[str, Any] = {}
        while not pages or last:
            pages.append(self._describe_page(last))
            last_shard = pages[-1].get("LastEvaluatedShardId")
            last = {"ExclusiveStartShardId": last_shard} if last_shard else {}
        return pages

    def _describe_page(self, last: dict[str, Any]) -> "StreamDescriptionTypeDef":
        try:
            return self._client.describe_stream(StreamArn=self._stream_arn, **last)["StreamDescription"]
        except ClientError as error:
            if error_code(error) != "ResourceNotFoundException":
                raise
            return _GONE

    def _add(self, shard: "ShardTypeDef") -> None:
        shard_id = shard["ShardId"]
        self._parents[shard_id] = shard.get("ParentShardId")
        self._positions[shard_id] = self._starting_position
        if self._starting_position != _OLDEST and "EndingSequenceNumber" in shard.get("SequenceNumberRange", {}):
            self._started.add(shard_id)
            self._finished.add(shard_id)

    def _may_start(self, shard_id: str, parent: str | None) -> bool:
        return shard_id not in self._started and (parent not in self._parents or parent in self._finished)

    def _reader(self, shard_id: str) -> ShardReader:
        return ShardReader(self._client, self._stream_arn, shard_id, self._positions[shard_id])


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
