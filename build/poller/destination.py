"""On-failure destinations: the record of a failed batch, as Lambda writes it, and the bucket that stores it."""

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Protocol
from uuid import uuid4

from botocore.exceptions import BotoCoreError, ClientError

from build.poller.batches import Discard
from build.poller.mapping import EventSourceMapping
from build.poller.shards import payload

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

_RECORD_VERSION = "1.0"


@dataclass(frozen=True)
class FailureRecord:
    """The record of a failed batch (LDG services-dynamodb-errors).

    Args:
        mapping: the one that discards the records.
        shard_id: the shard that they were read from.
        discard: the records, and why they are discarded.
        failed_at: seconds since 1970.
    """

    mapping: EventSourceMapping
    shard_id: str
    discard: Discard
    failed_at: float

    @property
    def metadata(self) -> dict[str, Any]:
        """The document without the records, as a queue or topic gets it."""
        return {
            "requestContext": self._request_context(),
            "responseContext": self._response_context(),
            "version": _RECORD_VERSION,
            "timestamp": _milliseconds(self.failed_at),
            "DDBStreamBatchInfo": self._batch_info(),
        }

    @property
    def with_payload(self) -> dict[str, Any]:
        """The document with the whole event as an escaped JSON string, for S3."""
        return {**self.metadata, "payload": payload(self.discard.batch.records).decode()}

    def _request_context(self) -> dict[str, Any]:
        response = self.discard.batch.response
        return {
            "requestId": response.request_id if response else str(uuid4()),
            "functionArn": self.mapping.function_arn,
            "condition": self.discard.condition,
            "approximateInvokeCount": self.discard.batch.invocations,
        }

    def _response_context(self) -> dict[str, Any] | None:
        response = self.discard.batch.response
        if response is None:
            return None
        return {
            "statusCode": response.status_code,
            "executedVersion": response.executed_version,
            "functionError": response.function_error,
        }

    def _batch_info(self) -> dict[str, Any]:
        records = self.discard.batch.records
        return {
            "shardId": self.shard_id,
            "startSequenceNumber": records[0].sequence_number,
            "endSequenceNumber": records[-1].sequence_number,
            "approximateArrivalOfFirstRecord": _whole_seconds(records[0].created_at),
            "approximateArrivalOfLastRecord": _whole_seconds(records[-1].created_at),
            "batchSize": len(records),
            "streamArn": self.mapping.stream_arn,
        }

    @property
    def object_key(self) -> str:
        """The key in an S3 destination, a new one each time."""
        day = _utc(self.failed_at).strftime("%Y/%m/%d")
        moment = _utc(self.failed_at).strftime("%Y-%m-%dT%H.%M.%S")
        return f"aws/lambda/{self.mapping.uuid}/{self.shard_id}/{day}/{moment}-{uuid4()}"


class Destination(Protocol):
    """Something that stores failure records, or raises the ClientError or BotoCoreError of the call that failed."""

    def __call__(self, record: FailureRecord) -> None: ...


@dataclass(frozen=True)
class S3Destination:
    """A bucket; of all destinations that Lambda has, only buckets get the records themselves."""

    client: "S3Client"
    bucket: str

    def __call__(self, record: FailureRecord) -> None:
        self.client.put_object(Bucket=self.bucket, Key=record.object_key, Body=json.dumps(record.with_payload).encode())


def deliver(destination: Destination, record: FailureRecord) -> str | None:
    """Send a record to a destination, once.

    Returns:
        What went wrong, or None when the record is stored.
    """
    try:
        destination(record)
    except (BotoCoreError, ClientError) as error:
        return str(error)
    return None


def _utc(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


def _whole_seconds(seconds: float) -> str:
    """As the record writes arrivals: `2019-11-14T00:13:19Z`."""
    return _utc(seconds).strftime("%Y-%m-%dT%H:%M:%SZ")


def _milliseconds(seconds: float) -> str:
    """As the record writes its own time: `2019-11-14T00:13:49.717Z`."""
    return _utc(seconds).isoformat(timespec="milliseconds").replace("+00:00", "Z")
