"""What an event source mapping says about reading a DynamoDB stream, and which mappings can be polled here."""

import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from build.errors import CommandError

if TYPE_CHECKING:
    from mypy_boto3_lambda import LambdaClient

_RETENTION_SECONDS = 24 * 60 * 60

_EVENT_NAMES = frozenset({"INSERT", "MODIFY", "REMOVE"})
_STREAM_ARN = re.compile(r"arn:[^:]+:dynamodb:[^:]+:\d+:table/[^/]+/stream/.+")
_BUCKET_ARN = re.compile(r"arn:[^:]+:s3:::([^/]+)")
_STARTING_POSITIONS = ("TRIM_HORIZON", "LATEST")
_UNLIMITED = -1


@dataclass(frozen=True)
class EventSourceMapping:
    """A mapping of a DynamoDB stream to a function (LDG services-ddb-params).

    Args:
        uuid: the mapping's own id.
        function_arn: what it invokes, with version or alias if it has one.
        stream_arn: what it reads.
        batch_size: records that one invocation gets at most.
        batching_window: seconds to wait for a full batch, counted from its first record.
        starting_position: TRIM_HORIZON or LATEST.
        event_names: the events that are sent to the function, the others being filtered out; None means every event.
        parallelization_factor: batches of one shard that are processed at once.
        report_batch_item_failures: whether the function's response names the records that failed.
        bisect_batch_on_function_error: whether a failed batch is split in two.
        maximum_retry_attempts: retries of a batch; infinite means until its records expire.
        maximum_record_age: seconds after which a record is discarded; never more than the stream's retention.
        on_failure_bucket: name of the bucket that is the on-failure destination, if there is one.
    """

    uuid: str
    function_arn: str
    stream_arn: str
    batch_size: int = 100
    batching_window: float = 0
    starting_position: str = "TRIM_HORIZON"
    event_names: frozenset[str] | None = None
    parallelization_factor: int = 1
    report_batch_item_failures: bool = False
    bisect_batch_on_function_error: bool = False
    maximum_retry_attempts: float = math.inf
    maximum_record_age: float = _RETENTION_SECONDS
    on_failure_bucket: str | None = None

    @property
    def function_name(self) -> str:
        """The name of the function, without version or alias."""
        return self.function_arn.split(":function:")[-1].split(":")[0]

    def selects(self, event_name: str | None) -> bool:
        """Whether a record is sent to the function, given the name of its event if it has one."""
        return self.event_names is None or event_name in self.event_names


def mapping_from_response(response: Mapping[str, Any]) -> EventSourceMapping:
    """Read one mapping, whether it is enabled or not.

    Args:
        response: GetEventSourceMapping's answer, or an element of ListEventSourceMappings'.

    Raises:
        CommandError: the mapping asks for something that this poller does not do as Lambda does.
    """
    _require_supported(response)
    return EventSourceMapping(
        uuid=response["UUID"],
        function_arn=response["FunctionArn"],
        stream_arn=response["EventSourceArn"],
        batch_size=response.get("BatchSize") or 100,
        batching_window=response.get("MaximumBatchingWindowInSeconds") or 0,
        starting_position=response.get("StartingPosition", _STARTING_POSITIONS[0]),
        event_names=_event_names(response),
        parallelization_factor=response.get("ParallelizationFactor") or 1,
        report_batch_item_failures="ReportBatchItemFailures" in (response.get("FunctionResponseTypes") or ()),
        bisect_batch_on_function_error=bool(response.get("BisectBatchOnFunctionError")),
        maximum_retry_attempts=_limit(response.get("MaximumRetryAttempts")),
        maximum_record_age=min(_limit(response.get("MaximumRecordAgeInSeconds")), _RETENTION_SECONDS),
        on_failure_bucket=_on_failure_bucket(response),
    )


def find_mappings(client: "LambdaClient") -> tuple[EventSourceMapping, ...]:
    """Every mapping of the account that reads a DynamoDB stream.

    Raises:
        CommandError: one of them cannot be polled here.
    """
    pages = client.get_paginator("list_event_source_mappings").paginate()
    responses = (response for page in pages for response in page["EventSourceMappings"])
    streams = (response for response in responses if _STREAM_ARN.fullmatch(response.get("EventSourceArn", "")))
    return tuple(map(mapping_from_response, streams))


def _require_supported(response: Mapping[str, Any]) -> None:
    name = _name(response)
    if not _STREAM_ARN.fullmatch(response.get("EventSourceArn", "")):
        raise CommandError(f"{name} reads no DynamoDB stream; leave it to the service that it belongs to.")
    if response.get("StartingPosition", _STARTING_POSITIONS[0]) not in _STARTING_POSITIONS:
        raise CommandError(f"{name} starts at a position that DynamoDB streams lack; use TRIM_HORIZON or LATEST.")
    if response.get("TumblingWindowInSeconds"):
        raise CommandError(f"{name} has tumbling windows, which cannot be run here; set TumblingWindowInSeconds to 0.")


def _name(response: Mapping[str, Any]) -> str:
    return f"the event source mapping {response['UUID']}"


def _event_names(response: Mapping[str, Any]) -> frozenset[str] | None:
    """A record has to match one of the filters, if there are any (LDG invocation-eventfiltering)."""
    filters = (response.get("FilterCriteria") or {}).get("Filters") or ()
    selected = [_names_in_pattern(filter_["Pattern"], _name(response)) for filter_ in filters]
    return frozenset().union(*selected) if selected else None


def _names_in_pattern(text: str, name: str) -> frozenset[str]:
    match _json(text):
        case {"eventName": [*names], **others} if names and not others and all(map(_is_event_name, names)):
            return frozenset(names)
    raise CommandError(
        f"{name} has the filter pattern {text!r}, which cannot be applied here; "
        'select events by their names alone, as in {"eventName": ["INSERT", "MODIFY"]}.'
    )


def _is_event_name(value: object) -> bool:
    return isinstance(value, str) and value in _EVENT_NAMES


def _json(text: str) -> object:
    try:
        return json.loads(text)
    except ValueError:
        return None


def _limit(value: int | None) -> float:
    return math.inf if value in (None, _UNLIMITED) else float(value or 0)


def _on_failure_bucket(response: Mapping[str, Any]) -> str | None:
    arn = ((response.get("DestinationConfig") or {}).get("OnFailure") or {}).get("Destination")
    if not arn:
        return None
    bucket = _BUCKET_ARN.fullmatch(arn)
    if not bucket:
        raise CommandError(
            f"{_name(response)} has the on-failure destination {arn}, which cannot be used here; use an S3 bucket."
        )
    return bucket[1]
