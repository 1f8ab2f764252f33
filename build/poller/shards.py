"""Reading one shard of a stream."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

if TYPE_CHECKING:
    from mypy_boto3_dynamodbstreams import DynamoDBStreamsClient
    from mypy_boto3_dynamodbstreams.type_defs import RecordTypeDef

OLDEST = "TRIM_HORIZON"
AFTER = "AFTER_SEQUENCE_NUMBER"


def error_code(error: ClientError) -> str:
    """The name of an error that AWS answered."""
    return error.response.get("Error", {}).get("Code", "")


@dataclass(frozen=True)
class Page:
    """What one read brought.

    Args:
        records: in order.
        at_end: whether the shard held no more at that time.
    """

    records: "Sequence[RecordTypeDef]" = ()
    at_end: bool = False


class ShardReader:
    """A position in a shard.

    Args:
        client: for the streams' API.
        stream_arn: the stream.
        shard_id: the shard.
        position: TRIM_HORIZON or LATEST.
    """

    def __init__(self, client: "DynamoDBStreamsClient", stream_arn: str, shard_id: str, position: str) -> None:
        self._client = client
        self._shard: dict[str, Any] = {"StreamArn": stream_arn, "ShardId": shard_id}
        self._position: dict[str, Any] = {"ShardIteratorType": position}
        self._iterator: str | None = None
        self.closed = False

    def read(self) -> Page:
        """Read on.

        An iterator older than 15 minutes is replaced; when records after the position are gone for good, which is
        after 24 hours, reading goes on with the oldest that is left; a shard that is gone is closed.

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
            self._position = {"ShardIteratorType": AFTER, "SequenceNumber": records[-1]["dynamodb"]["SequenceNumber"]}
        return Page(records, at_end=not records)

    def _recover(self, error: ClientError) -> None:
        match error_code(error):
            case "ExpiredIteratorException":
                self._iterator = None
            case "TrimmedDataAccessException":
                self._iterator = None
                self._position = {"ShardIteratorType": OLDEST}
            case "ResourceNotFoundException":
                self.closed = True
            case _:
                raise error
