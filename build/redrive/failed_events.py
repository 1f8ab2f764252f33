"""The failed events of a stack: the bucket that Lambda stores them in, and the sources whose records they hold.

Source for the keys and the content: https://docs.aws.amazon.com/lambda/latest/dg/services-dynamodb-errors.html
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any, NoReturn

from botocore.exceptions import ClientError

from build.aws_errors import error_code
from build.cloudformation.stacks import DeployedStack
from build.errors import CommandError
from build.text import one_line
from handlers.activities import RecordError, creation_milliseconds
from handlers.windows import day_of
from stack.config import StackConfig, StreamSource, stream_processor

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

_KEY = re.compile(r"aws/lambda/[^/]+/[^/]+/\d{4}/\d{2}/\d{2}/(\d{4}-\d{2}-\d{2}T\d{2}\.\d{2}\.\d{2})-[^/]+", re.ASCII)
_PARTS_OF_AN_UNQUALIFIED_ARN = 7
"""`arn:aws:lambda:us-west-2:123456789012:function:name`; a version or an alias is the eighth."""
_REPLACED = frozenset({"ConditionalRequestConflict", "PreconditionFailed"})


@dataclass(frozen=True)
class DeployedSource:
    """A source as it is deployed.

    Args:
        name: of its StreamSource.
        function_arn: of its stream processor, without version.
        table_arn: of its table.
    """

    name: str
    function_arn: str
    table_arn: str

    def is_stream(self, stream_arn: object) -> bool:
        """Whether an ARN is that of a stream of the table, the current one or an earlier one."""
        return isinstance(stream_arn, str) and stream_arn.startswith(f"{self.table_arn}/stream/")


@dataclass(frozen=True)
class DeployedPipeline:
    """The bucket of failed events, the workflow that summarises days, and the sources.

    Args:
        account: that the bucket has to belong to.
        bucket: name of the bucket of failed events.
        state_machine: ARN of the workflow.
        sources: those of the stack.
    """

    account: str
    bucket: str
    state_machine: str
    sources: tuple[DeployedSource, ...]

    def find_source(self, function_arn: str, stream_arn: str) -> DeployedSource | None:
        """The source that has both this stream processor and this stream; None when this stack has no such source."""
        unqualified = ":".join(function_arn.split(":")[:_PARTS_OF_AN_UNQUALIFIED_ARN])
        matches = (
            source for source in self.sources if source.function_arn == unqualified and source.is_stream(stream_arn)
        )
        return next(matches, None)


def deployed_pipeline(stack: DeployedStack, config: StackConfig) -> DeployedPipeline:
    """Find the resources in a stack's outputs.

    Raises:
        CommandError: when an output is missing.
    """
    return DeployedPipeline(
        account=stack.account,
        bucket=_output(stack, "FailedEventsBucketName"),
        state_machine=_output(stack, "StepFunctionsStateMachineArn"),
        sources=tuple(_deployed_source(stack, source) for source in config.sources),
    )


def _deployed_source(stack: DeployedStack, source: StreamSource) -> DeployedSource:
    function = _output(stack, f"{stream_processor(source).logical_id}FunctionName")
    table = _output(stack, f"{source.name}TableName")
    return DeployedSource(
        name=source.name,
        function_arn=_arn(stack, "lambda", f"function:{function}"),
        table_arn=_arn(stack, "dynamodb", f"table/{table}"),
    )


def _arn(stack: DeployedStack, service: str, resource: str) -> str:
    return f"arn:{stack.partition}:{service}:{stack.region}:{stack.account}:{resource}"


def _output(stack: DeployedStack, name: str) -> str:
    if name not in stack.outputs:
        raise CommandError(
            f"{stack.name} is {stack.status} and has no output {name}; deploy it again, then repeat the command."
        )
    return stack.outputs[name]


@dataclass(frozen=True)
class StoredObject:
    """An object as the bucket lists it.

    Args:
        key: its name.
        size: in bytes.
        last_modified: when it was stored.
    """

    key: str
    size: int
    last_modified: datetime

    @property
    def failed_at(self) -> datetime | None:
        """When Lambda gave up the batch, which is part of the key; None for a key that Lambda does not write."""
        layout = _KEY.fullmatch(self.key)
        try:
            return datetime.strptime(layout[1], "%Y-%m-%dT%H.%M.%S").replace(tzinfo=UTC) if layout else None
        except ValueError:
            return None

    @property
    def when(self) -> datetime:
        """When Lambda gave up the batch or, if that is unknown, when the object was stored."""
        return self.failed_at or self.last_modified


@dataclass(frozen=True)
class ObjectContent:
    """What an object contained when it was read, and the entity tag of exactly that."""

    body: bytes
    etag: str


@dataclass(frozen=True)
class FailedEventsBucket:
    """The bucket of failed events.

    Args:
        s3: the client to call with.
        name: of the bucket.
        account: that it has to belong to.
    """

    s3: "S3Client"
    name: str
    account: str

    def objects(self) -> list[StoredObject]:
        """Everything in the bucket, oldest first.

        Raises:
            CommandError: when the bucket does not exist.
        """
        pages = self.s3.get_paginator("list_objects_v2").paginate(Bucket=self.name, ExpectedBucketOwner=self.account)
        try:
            listed = [
                StoredObject(content["Key"], content["Size"], content["LastModified"])
                for page in pages
                for content in page.get("Contents", [])
            ]
        except ClientError as error:
            if error_code(error) != "NoSuchBucket":
                raise
            raise CommandError(
                f"the bucket of failed events, {self.name}, is gone: create it again under this name, "
                "or the mappings cannot store what fails."
            ) from error
        return sorted(listed, key=lambda stored: (stored.when, stored.key))

    def read(self, key: str) -> ObjectContent | None:
        """The content of an object; None when it no longer exists."""
        try:
            answer = self.s3.get_object(Bucket=self.name, Key=key, ExpectedBucketOwner=self.account)
        except ClientError as error:
            if error_code(error) != "NoSuchKey":
                raise
            return None
        return ObjectContent(answer["Body"].read(), answer["ETag"])

    def delete(self, key: str, etag: str) -> bool:
        """Put a delete marker on an object unless it was replaced; its version is kept for 30 days.

        Source: https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-deletes.html

        Args:
            key: of the object.
            etag: of the content that was read.

        Returns:
            Whether it is deleted, by this call or another; False when it was replaced.
        """
        try:
            self.s3.delete_object(Bucket=self.name, Key=key, IfMatch=etag, ExpectedBucketOwner=self.account)
        except ClientError as error:
            if error_code(error) not in _REPLACED | {"NoSuchKey"}:
                raise
            return error_code(error) not in _REPLACED
        return True


class DamagedObject(Exception):
    """An object that cannot be replayed; the message is the second half of a sentence about it."""


@dataclass(frozen=True)
class FailedBatch:
    """A batch that Lambda gave up.

    Args:
        source: whose records they are.
        error: why Lambda gave up, in Lambda's words.
        records: the elements of the event's `Records`, at least one.
    """

    source: DeployedSource
    error: str
    records: tuple[dict[str, Any], ...]

    @property
    def days(self) -> frozenset[date]:
        """The UTC days on which the records were created; a record without a valid creation time has none."""
        return frozenset(day for record in self.records if (day := _day(record)))


def parse_failed_batch(body: bytes, pipeline: DeployedPipeline) -> FailedBatch:
    """The batch in an object's content.

    Raises:
        DamagedObject: when the content is not what Lambda stores for a mapping of this stack.
    """
    document = _parse_object(body, "it")
    function_arn = _text(document, "requestContext", "functionArn")
    source = pipeline.find_source(function_arn, _text(document, "DDBStreamBatchInfo", "streamArn"))
    if source is None:
        raise DamagedObject(f"it was stored for {one_line(function_arn)}, which processes no stream of this stack")
    event = _event(document)
    return FailedBatch(source, _error(document), _records(event, source))


def _event(document: Mapping[str, Any]) -> dict[str, Any]:
    """The event that the function was invoked with: an escaped string or, after tools that unescape it, an object."""
    payload = _member(document, "payload")
    return payload if isinstance(payload, dict) else _parse_object(_text(document, "payload"), "its payload")


def _day(record: Mapping[str, Any]) -> date | None:
    """The UTC day whose summary counts a record; None when it is no record that is ever counted."""
    try:
        return day_of(creation_milliseconds(record))
    except RecordError:
        return None


def _parse_object(content: bytes | str, name: str) -> dict[str, Any]:
    try:
        document = json.loads(content, parse_constant=_refuse_constant)
    except (RecursionError, ValueError) as error:
        raise DamagedObject(f"{name} is not JSON") from error
    if not isinstance(document, dict):
        raise DamagedObject(f"{name} is not a JSON object")
    return document


def _refuse_constant(constant: str) -> NoReturn:
    """Python reads NaN and the infinities, which are not JSON."""
    raise ValueError(constant)


def _text(document: Mapping[str, Any], *path: str) -> str:
    value = _member(document, *path)
    if not isinstance(value, str):
        raise DamagedObject(f"it has no {'.'.join(path)}")
    return value


def _member(document: object, *path: str) -> Any:
    """The value at a path of names; None when there is none."""
    for name in path:
        document = document.get(name) if isinstance(document, dict) else None
    return document


def _error(document: Mapping[str, Any]) -> str:
    """The condition and, when the function raised, the type of its error."""
    words = (_member(document, "requestContext", "condition"), _member(document, "responseContext", "functionError"))
    return one_line(", ".join(str(word) for word in words if word))


def _records(event: Mapping[str, Any], source: DeployedSource) -> tuple[dict[str, Any], ...]:
    records = event.get("Records")
    if not isinstance(records, list) or not records:
        raise DamagedObject("its payload has no list of records")
    for position, record in enumerate(records, start=1):
        if not _is_record(record, source):
            raise DamagedObject(f"record {position} in its payload is not from a stream of {source.name}")
    return tuple(records)


def _is_record(record: object, source: DeployedSource) -> bool:
    """Whether a value is a record of a stream of the source, with a sequence number to report it by."""
    number = _member(record, "dynamodb", "SequenceNumber")
    return isinstance(number, str) and source.is_stream(_member(record, "eventSourceARN"))
