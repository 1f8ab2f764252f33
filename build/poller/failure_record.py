"""The record of a failed batch, as Lambda writes it for an on-failure destination."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from build.poller.configuration import EventSourceMapping
from build.poller.records import payload
from build.poller.retries import Discard

RECORD_VERSION = "1.0"


def utc(seconds: float) -> datetime:
    """A time in seconds since 1970, as a date."""
    return datetime.fromtimestamp(seconds, UTC)


def whole_seconds(seconds: float) -> str:
    """A time as the record writes arrivals: `2019-11-14T00:13:19Z`."""
    return utc(seconds).strftime("%Y-%m-%dT%H:%M:%SZ")


def milliseconds(seconds: float) -> str:
    """A time as the record writes its own: `2019-11-14T00:13:49.717Z`."""
    return utc(seconds).isoformat(timespec="milliseconds").replace("+00:00", "Z")


@dataclass(frozen=True)
class FailureRecord:
    """The record of a failed batch (LDG services-dynamodb-errors).

    Args:
        mapping: which mapping gave up.
        shard_id: where the records came from.
        discard: the records, and why.
        failed_at: when, in seconds since 1970.
    """

    mapping: EventSourceMapping
    shard_id: str
    discard: Discard
    failed_at: float

    @property
    def metadata(self) -> dict[str, Any]:
        """The JSON document that every destination gets."""
        return {
            "requestContext": self._request_context(),
            "responseContext": self._response_context(),
            "version": RECORD_VERSION,
            "timestamp": milliseconds(self.failed_at),
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
            "approximateArrivalOfFirstRecord": whole_seconds(records[0].created_at),
            "approximateArrivalOfLastRecord": whole_seconds(records[-1].created_at),
            "batchSize": len(records),
            "streamArn": self.mapping.stream_arn,
        }

    @property
    def object_key(self) -> str:
        """The key in an S3 destination, a new one each time."""
        day = utc(self.failed_at).strftime("%Y/%m/%d")
        moment = utc(self.failed_at).strftime("%Y-%m-%dT%H.%M.%S")
        return f"aws/lambda/{self.mapping.uuid}/{self.shard_id}/{day}/{moment}-{uuid4()}"
