"""Replaying a batch through its function, and running the workflow again for the days that it changed."""

import json
from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from build.aws import Clients
from build.aws_errors import error_code, error_message
from build.executions import execute, summary_request
from build.poller.invocation import count_before_first_failure
from build.redrive.failed_events import FailedBatch
from build.text import one_line
from stack.config import StackConfig, stream_processor

if TYPE_CHECKING:
    from mypy_boto3_lambda import LambdaClient
    from mypy_boto3_stepfunctions import SFNClient

_LARGEST_EVENT = 6_000_000
"""Bytes; Invoke accepts 6 MB (https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html)."""

_EVENT_ERRORS = frozenset({"InvalidRequestContentException", "RequestTooLargeException"})
"""Codes that blame the event; with any other, no event would be accepted."""

_NETWORK_SECONDS = 30

_Record = dict[str, Any]


def invoking_client(clients: Clients, config: StackConfig) -> "LambdaClient":
    """A client of Lambda that waits for an answer longer than any stream processor may run.

    Source: https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html, on functions with a long timeout.
    """
    longest = max(stream_processor(source).timeout for source in config.sources)
    return clients.configured(read_timeout=longest + _NETWORK_SECONDS, tcp_keepalive=True).functions


def replay(client: "LambdaClient", batch: FailedBatch, largest_event: int = _LARGEST_EVENT) -> str | None:
    """Invoke the function with a batch, in as many events as its size requires.

    What an earlier delivery recorded is recorded again under the same keys, so all records are replayed.

    Args:
        client: of `invoking_client`.
        batch: the records and their source.
        largest_event: in bytes.

    Returns:
        Why some of the records may not be recorded; None when all are.

    Raises:
        ClientError: when the function cannot be invoked at all.
    """
    problems = [
        _invoke(client, batch.source.function_arn, event) for event in _split_into_events(batch.records, largest_event)
    ]
    return next(filter(None, problems), None)


def recompute_summary(client: "SFNClient", state_machine: str, day: date) -> str | None:
    """Run the workflow for a day, and wait until the execution has ended.

    Args:
        client: of Step Functions.
        state_machine: ARN of the workflow.
        day: in UTC, not in the future.

    Returns:
        Why the summary was not recomputed; None when it was.
    """
    return execute(client, state_machine, summary_request(day)).problem


def _split_into_events(records: Iterable[_Record], largest: int) -> Iterator[list[_Record]]:
    """Divide records among events no larger than so many bytes; a record that is larger by itself goes alone."""
    event: list[_Record] = []
    size = 0
    for record in records:
        length = len(_encode([record]))
        if event and size + length > largest:
            yield event
            event, size = [], 0
        event.append(record)
        size += length
    yield event


def _encode(records: Sequence[_Record]) -> bytes:
    """An event as Lambda delivers it, in JSON."""
    return json.dumps({"Records": records}, separators=(",", ":")).encode()


def _invoke(client: "LambdaClient", function_arn: str, records: Sequence[_Record]) -> str | None:
    """Invoke the function with one event; the result is that of `replay`."""
    try:
        answer = client.invoke(FunctionName=function_arn, InvocationType="RequestResponse", Payload=_encode(records))
    except ClientError as error:
        if error_code(error) not in _EVENT_ERRORS:
            raise
        return f"Lambda refuses the event: {one_line(error_message(error))}"
    content = answer["Payload"].read()
    if "FunctionError" in answer:
        return f"the function failed with {_error_type(content, answer['FunctionError'])}; its log says more"
    return _unrecorded([record["dynamodb"]["SequenceNumber"] for record in records], content)


def _unrecorded(sequence_numbers: Sequence[str], content: bytes) -> str | None:
    recorded = count_before_first_failure(sequence_numbers, content)
    if recorded == len(sequence_numbers):
        return None
    return f"the function did not record all, from {sequence_numbers[recorded]} on; its log gives the reasons"


def _error_type(content: bytes, default: str) -> str:
    """The type of the error that a function failed with; never its message, which may contain data."""
    try:
        return one_line(str(json.loads(content)["errorType"]))
    except (KeyError, TypeError, ValueError):
        return default
