"""Faults that a run can show, each made with the calls that would make it on AWS, and taken back with them."""

import io
import zipfile
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass

from build.local.cloud import LocalCloud
from stack.config import StreamSource, stream_processor

POISON_ATTRIBUTE = "poison"
"""A record with this attribute makes the function with the bug raise."""
_BUGGY_MODULE = "buggy_processor"
_BUGGY_CODE = f"""
from handlers.stream_processor import handler as correct_handler

def handler(event, context):
    for record in event["Records"]:
        if {POISON_ATTRIBUTE!r} in record["dynamodb"].get("NewImage", {{}}):
            raise RuntimeError("a bug that one kind of record runs into")
    return correct_handler(event, context)
"""
_UNLIMITED = -1


@dataclass(frozen=True)
class Fault:
    """Something that goes wrong, what has to be seen of it, and how it is put right.

    Args:
        cause: what is done to the stack.
        remedy: what puts it right.
        inject: makes the fault to the cloud and a source of it for as long as the block lasts.
        rings: the middles of the names of the alarms that have to ring; `{source}` stands for the name of the source,
            in lower case.
        may_ring: of those that ring if the fault lasts long enough.
        records: how many are written to the source while it lasts.
        poisoned: how many of them have the attribute POISON_ATTRIBUTE.
        fails_events: whether records fail every retry, so that there is something to redrive.
    """

    cause: str
    remedy: str
    inject: Callable[[LocalCloud, StreamSource], AbstractContextManager[None]]
    rings: tuple[str, ...]
    may_ring: tuple[str, ...] = ()
    records: int = 20
    poisoned: int = 0
    fails_events: bool = False

    def alarm_names(self, cloud: LocalCloud, source: StreamSource, name_parts: tuple[str, ...]) -> frozenset[str]:
        """The names of alarms, `rings` or `may_ring`."""
        return frozenset(cloud.config.name(part.format(source=source.name.lower())) for part in name_parts)


@contextmanager
def _throttled_table(cloud: LocalCloud, _: StreamSource) -> Iterator[None]:
    """Limit the writes of the analytics table to one a second, as UpdateTable does."""
    dynamodb, table = cloud.clients.dynamodb, cloud.outputs["AnalyticsTableName"]
    dynamodb.update_table(TableName=table, OnDemandThroughput={"MaxWriteRequestUnits": 1})
    try:
        yield
    finally:
        dynamodb.update_table(TableName=table, OnDemandThroughput={"MaxWriteRequestUnits": _UNLIMITED})


@contextmanager
def _missing_handler(cloud: LocalCloud, source: StreamSource) -> Iterator[None]:
    """Have the function's configuration name a handler that its code does not have."""
    with _handler(cloud, source, "handlers.stream_processor.no_such_handler"):
        yield


@contextmanager
def _buggy_code(cloud: LocalCloud, source: StreamSource) -> Iterator[None]:
    """Have the function run code with a bug."""
    name = _function_name(cloud, source)
    code = _packaged_code(cloud, source)
    cloud.clients.functions.update_function_code(FunctionName=name, ZipFile=_with_bug(code))
    try:
        with _handler(cloud, source, f"{_BUGGY_MODULE}.handler"):
            yield
    finally:
        cloud.clients.functions.update_function_code(FunctionName=name, ZipFile=code)


@contextmanager
def _disabled_mapping(cloud: LocalCloud, source: StreamSource) -> Iterator[None]:
    """Disable the event source mapping of the source's function."""
    functions = cloud.clients.functions
    (mapping,) = functions.list_event_source_mappings(FunctionName=_function_name(cloud, source))["EventSourceMappings"]
    functions.update_event_source_mapping(UUID=mapping["UUID"], Enabled=False)
    cloud.monitor.refresh()
    try:
        yield
    finally:
        functions.update_event_source_mapping(UUID=mapping["UUID"], Enabled=True)
        cloud.monitor.refresh()


@contextmanager
def _handler(cloud: LocalCloud, source: StreamSource, handler: str) -> Iterator[None]:
    functions, name = cloud.clients.functions, _function_name(cloud, source)
    before = functions.get_function_configuration(FunctionName=name)["Handler"]
    functions.update_function_configuration(FunctionName=name, Handler=handler)
    try:
        yield
    finally:
        functions.update_function_configuration(FunctionName=name, Handler=before)


def _function_name(cloud: LocalCloud, source: StreamSource) -> str:
    return cloud.outputs[f"{stream_processor(source).logical_id}FunctionName"]


def _packaged_code(cloud: LocalCloud, source: StreamSource) -> bytes:
    logical_id = stream_processor(source).logical_id
    return next(archive.read() for archive in cloud.package.archives if archive.name == logical_id)


def _with_bug(code: bytes) -> bytes:
    """The zip of a function with one more module."""
    buffer = io.BytesIO(code)
    with zipfile.ZipFile(buffer, "a") as archive:
        archive.writestr(f"{_BUGGY_MODULE}.py", _BUGGY_CODE)
    return buffer.getvalue()


_FAILING = ("{source}proc-errors", "{source}-mapping-failed-invokes", "broken")
_WAITING = ("{source}-mapping-failed-events", "data-at-risk")

FAULTS = {
    "throttle": Fault(
        cause="UpdateTable limits the analytics table to 1 write a second (OnDemandThroughput)",
        remedy="UpdateTable removes the limit",
        inject=_throttled_table,
        rings=("analytics-write-throttles", "late"),
    ),
    "poison": Fault(
        cause="UpdateFunctionCode deploys code with a bug, which one record out of many runs into",
        remedy="UpdateFunctionCode deploys the code without the bug",
        inject=_buggy_code,
        rings=_WAITING,
        may_ring=_FAILING,
        poisoned=1,
        fails_events=True,
    ),
    "crash": Fault(
        cause="UpdateFunctionConfiguration names a handler that does not exist, so every invocation crashes",
        remedy="UpdateFunctionConfiguration names the right handler",
        inject=_missing_handler,
        rings=("{source}-mapping-failed-invokes", "broken", *_WAITING),
        may_ring=_FAILING,
        records=6,
        fails_events=True,
    ),
    "disable-mapping": Fault(
        cause="UpdateEventSourceMapping disables the mapping, so nobody reads the stream",
        remedy="UpdateEventSourceMapping enables the mapping",
        inject=_disabled_mapping,
        rings=("{source}-mapping-stopped", "data-at-risk"),
    ),
}
"""By the name that `--fault` takes."""
