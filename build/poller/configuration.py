"""What an event source mapping says about reading a DynamoDB stream."""

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from build.errors import CommandError
from build.poller.filters import Pattern, parse_pattern

if TYPE_CHECKING:
    from mypy_boto3_lambda import LambdaClient

STREAM_ARN = re.compile(r"arn:[^:]+:dynamodb:[^:]+:\d+:table/[^/]+/stream/.+")
STARTING_POSITIONS = ("TRIM_HORIZON", "LATEST")
RETENTION_SECONDS = 24 * 60 * 60
UNLIMITED = -1


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
        filters: patterns of which a record must satisfy one; none means every record.
        parallelization_factor: batches of one shard that are processed at once.
        report_batch_item_failures: whether the function's response names the records that failed.
        bisect_batch_on_function_error: whether a failed batch is split in two.
        maximum_retry_attempts: retries of a batch; infinite means until its records expire.
        maximum_record_age: seconds after which a record is given up; never more than the stream's retention.
        destination_arn: on-failure destination, if it has one.
    """

    uuid: str
    function_arn: str
    stream_arn: str
    batch_size: int = 100
    batching_window: float = 0
    starting_position: str = "TRIM_HORIZON"
    filters: tuple[Pattern, ...] = ()
    parallelization_factor: int = 1
    report_batch_item_failures: bool = False
    bisect_batch_on_function_error: bool = False
    maximum_retry_attempts: float = math.inf
    maximum_record_age: float = RETENTION_SECONDS
    destination_arn: str | None = None


def require_supported(response: Mapping[str, Any]) -> None:
    """Refuse a mapping that this poller would not process as Lambda does.

    Raises:
        CommandError: it reads no DynamoDB stream, starts at a time, or has tumbling windows.
    """
    name = f"the event source mapping {response['UUID']}"
    if not STREAM_ARN.fullmatch(response.get("EventSourceArn", "")):
        raise CommandError(f"{name} reads no DynamoDB stream; leave it to the service that it belongs to.")
    if response.get("StartingPosition", STARTING_POSITIONS[0]) not in STARTING_POSITIONS:
        raise CommandError(f"{name} has a starting position that streams lack; use TRIM_HORIZON or LATEST.")
    if response.get("TumblingWindowInSeconds"):
        raise CommandError(f"{name} has tumbling windows, which cannot be run here; set TumblingWindowInSeconds to 0.")


def limit(value: int | None, infinite: float) -> float:
    """A limit of the API as a number to compare with, given what its default of -1 stands for."""
    return infinite if value in (None, UNLIMITED) else float(value or 0)


def mapping_from_response(response: Mapping[str, Any]) -> EventSourceMapping:
    """Read one mapping; whether it is enabled is not looked at.

    Args:
        response: GetEventSourceMapping's answer, or an element of ListEventSourceMappings'.

    Raises:
        CommandError: the mapping is none that can be polled here.
    """
    require_supported(response)
    criteria = response.get("FilterCriteria") or {}
    on_failure = (response.get("DestinationConfig") or {}).get("OnFailure") or {}
    return EventSourceMapping(
        uuid=response["UUID"],
        function_arn=response["FunctionArn"],
        stream_arn=response["EventSourceArn"],
        batch_size=response.get("BatchSize") or 100,
        batching_window=response.get("MaximumBatchingWindowInSeconds") or 0,
        starting_position=response.get("StartingPosition", STARTING_POSITIONS[0]),
        filters=tuple(parse_pattern(filter_["Pattern"]) for filter_ in criteria.get("Filters") or ()),
        parallelization_factor=response.get("ParallelizationFactor") or 1,
        report_batch_item_failures="ReportBatchItemFailures" in (response.get("FunctionResponseTypes") or ()),
        bisect_batch_on_function_error=bool(response.get("BisectBatchOnFunctionError")),
        maximum_retry_attempts=limit(response.get("MaximumRetryAttempts"), math.inf),
        maximum_record_age=min(limit(response.get("MaximumRecordAgeInSeconds"), math.inf), RETENTION_SECONDS),
        destination_arn=on_failure.get("Destination"),
    )


def get_mapping(client: "LambdaClient", uuid: str) -> EventSourceMapping:
    """The mapping with this id.

    Raises:
        CommandError: the mapping is none that can be polled here.
    """
    return mapping_from_response(client.get_event_source_mapping(UUID=uuid))


def find_mappings(client: "LambdaClient") -> tuple[EventSourceMapping, ...]:
    """Every mapping of the account that reads a DynamoDB stream.

    Raises:
        CommandError: one of them cannot be polled here.
    """
    pages = client.get_paginator("list_event_source_mappings").paginate()
    responses = (response for page in pages for response in page["EventSourceMappings"])
    streams = (response for response in responses if STREAM_ARN.fullmatch(response.get("EventSourceArn", "")))
    return tuple(map(mapping_from_response, streams))
