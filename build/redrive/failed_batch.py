"""Reading the record that Lambda leaves of a batch it gave up."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any, NoReturn

from build.redrive.pipeline import DeployedSource, Pipeline
from build.text import one_line

YEAR_10000 = 253_402_300_800


class DamagedObject(Exception):
    """An object that cannot be replayed; the message is the end of a sentence about it."""


@dataclass(frozen=True)
class FailedBatch:
    """A batch that was given up.

    Args:
        source: whose records they are.
        error: why Lambda gave up, in its own words.
        records: the elements of the event's `Records`, at least one.
    """

    source: DeployedSource
    error: str
    records: tuple[dict[str, Any], ...]

    @property
    def days(self) -> frozenset[date]:
        """The UTC days in which the records were created; a record that does not tell belongs to none."""
        times = (record["dynamodb"].get("ApproximateCreationDateTime") for record in self.records)
        return frozenset(datetime.fromtimestamp(time, UTC).date() for time in times if is_time(time))


def failed_batch(body: bytes, pipeline: Pipeline) -> FailedBatch:
    """Read an object's content.

    Source: https://docs.aws.amazon.com/lambda/latest/dg/services-dynamodb-errors.html

    Raises:
        DamagedObject: when it is not what Lambda writes for a mapping of this stack.
    """
    document = json_object(body, "it")
    function_arn = text(document, "requestContext", "functionArn")
    source = pipeline.source_of(function_arn, text(document, "DDBStreamBatchInfo", "streamArn"))
    if source is None:
        raise DamagedObject(f"it was left by {one_line(function_arn)}, which processes no stream of this stack")
    event = json_object(text(document, "payload"), "its payload")
    return FailedBatch(source, error_of(document), records_of(event, source))


def json_object(content: bytes | str, name: str) -> dict[str, Any]:
    """Parse strict JSON that must be an object."""
    try:
        document = json.loads(content, parse_constant=refuse)
    except (RecursionError, ValueError) as error:
        raise DamagedObject(f"{name} is not JSON") from error
    if not isinstance(document, dict):
        raise DamagedObject(f"{name} is not a JSON object")
    return document


def refuse(constant: str) -> NoReturn:
    """Python reads NaN and the infinities, JSON has none."""
    raise ValueError(constant)


def text(document: Mapping[str, Any], *path: str) -> str:
    """A string in a document, at a path of names."""
    value = member(document, *path)
    if not isinstance(value, str):
        raise DamagedObject(f"it has no {'.'.join(path)}")
    return value


def member(document: object, *path: str) -> Any:
    """What a document holds at a path of names; None when there is nothing."""
    for name in path:
        document = document.get(name) if isinstance(document, dict) else None
    return document


def error_of(document: Mapping[str, Any]) -> str:
    """The condition and, when the function raised, its kind of error."""
    words = (member(document, "requestContext", "condition"), member(document, "responseContext", "functionError"))
    return one_line(", ".join(str(word) for word in words if word))


def records_of(event: Mapping[str, Any], source: DeployedSource) -> tuple[dict[str, Any], ...]:
    """The records of an event, all of which must be of one of the source's streams."""
    records = event.get("Records")
    if not isinstance(records, list) or not records:
        raise DamagedObject("its payload has no list of records")
    for position, record in enumerate(records, start=1):
        if not is_record(record, source):
            raise DamagedObject(f"record {position} in its payload is none of the stream of {source.name}")
    return tuple(records)


def is_record(record: object, source: DeployedSource) -> bool:
    """Whether something is a record of a stream of the source, with a number to report it by."""
    number = member(record, "dynamodb", "SequenceNumber")
    return isinstance(number, str) and source.is_stream(member(record, "eventSourceARN"))


def is_time(value: object) -> bool:
    """Whether something is a number of seconds since 1970 that falls on a day."""
    return isinstance(value, (int, float)) and not isinstance(value, bool) and 0 <= value < YEAR_10000
