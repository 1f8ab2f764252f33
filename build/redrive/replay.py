"""Replaying a batch through the deployed function."""

import json
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from build.aws import error_code, error_message
from build.poller.invocation import count_before_first_failure
from build.redrive.failed_batch import FailedBatch
from build.text import one_line

if TYPE_CHECKING:
    from mypy_boto3_lambda import LambdaClient

LARGEST_EVENT = 6_000_000
"""Bytes; Invoke takes 6 MB (https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html)."""

BLAMED_ON_THE_EVENT = frozenset({"InvalidRequestContentException", "RequestTooLargeException"})

Record = dict[str, Any]


def replay(client: "LambdaClient", batch: FailedBatch, largest_event: int = LARGEST_EVENT) -> str | None:
    """Invoke the function with a batch, in as many events as its size takes.

    What an earlier delivery recorded is recorded again under the same keys, so all records are replayed.

    Args:
        client: waits as long as the function may run.
        batch: the records and their source.
        largest_event: in bytes.

    Returns:
        Why some of the records may not be recorded; None when all are.

    Raises:
        ClientError: when the function cannot be invoked at all.
    """
    problems = [invoke(client, batch.source.function_arn, event) for event in events(batch.records, largest_event)]
    return next(filter(None, problems), None)


def events(records: Iterable[Record], largest: int) -> Iterator[list[Record]]:
    """Cut records into events that are no larger than allowed, unless one record alone is."""
    event: list[Record] = []
    size = 0
    for record in records:
        length = len(encoded([record]))
        if event and size + length > largest:
            yield event
            event, size = [], 0
        event.append(record)
        size += length
    yield event


def encoded(records: Sequence[Record]) -> bytes:
    """An event as JSON."""
    return json.dumps({"Records": records}, separators=(",", ":")).encode()


def invoke(client: "LambdaClient", function_arn: str, records: Sequence[Record]) -> str | None:
    """Invoke a function with one event; says why some of the records may not be recorded, None when all are."""
    try:
        answer = client.invoke(FunctionName=function_arn, InvocationType="RequestResponse", Payload=encoded(records))
    except ClientError as error:
        if error_code(error) not in BLAMED_ON_THE_EVENT:
            raise
        return f"Lambda refuses the event: {one_line(error_message(error))}"
    content = answer["Payload"].read()
    if "FunctionError" in answer:
        return f"the function ended with {error_type(content, answer['FunctionError'])}; its log says more"
    return unrecorded([record["dynamodb"]["SequenceNumber"] for record in records], content)


def unrecorded(sequence_numbers: Sequence[str], content: bytes) -> str | None:
    """Why a function's partial batch response does not stand for all records, None when it does."""
    recorded = count_before_first_failure(sequence_numbers, content)
    if recorded == len(sequence_numbers):
        return None
    return f"the function did not record all, from {sequence_numbers[recorded]} on; its log gives the reasons"


def error_type(content: bytes, otherwise: str) -> str:
    """The type of the error that a function ended with; never its message, which may tell of the data."""
    try:
        return one_line(str(json.loads(content)["errorType"]))
    except (KeyError, TypeError, ValueError):
        return otherwise
