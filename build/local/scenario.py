"""What a local run does: records in, activities and a summary out, the workflow run with valid and invalid input."""

import math
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from boto3.dynamodb.types import TypeDeserializer
from rich.console import Console
from rich.progress import BarColumn
from rich.progress import Progress as Bars
from rich.progress import TaskProgressColumn, TextColumn, TimeRemainingColumn

from build.cloudformation.stacks import existing_stack
from build.errors import CommandError
from build.executions import execute_all
from build.local.cloud import LONGEST_WINDOW, LocalCloud, save_logs
from build.local.report import AlarmReport, LocalReport
from build.local.writing import TableWriter, Write, WriteCounts
from build.progress import NullProgress, Progress
from build.reconcile.ledger import SourceBalance
from build.reconcile.reading import ALWAYS
from build.reconcile.reconciliation import reconcile
from build.redrive.failed_events import deployed_pipeline

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

VALID_REQUEST = {"dataType": "DAILY_ANALYTICS"}
INVALID_REQUEST = {"dataType": "UNKNOWN_DATA", "batchSize": 5000}
_SECONDS_WITHOUT_PROGRESS = 300
_SECONDS_BETWEEN_LOOKS = 0.2
_WRITES_BETWEEN_LOOKS = 100


class Records(Protocol):
    """The input of a run."""

    @property
    def description(self) -> str:
        """What is written, as in "writing 40 records"."""

    @property
    def rejected(self) -> int:
        """Lines of the input that were no record, as far as it has been read."""

    @property
    def most_writes(self) -> int:
        """How many writes there can be, as far as that is known before the input is read."""

    def writes(self) -> Iterator[tuple[Write, float]]:
        """Every write, in order, and the part of the input, from 0 to 1, that is read with it."""


def run_scenario(cloud: LocalCloud, records: Records, logs: Path, progress: Progress) -> LocalReport:
    """Write records, wait until their streams are processed, run the workflow, and tell what came of it.

    Args:
        cloud: the deployed stack, its tables empty.
        records: what to write.
        logs: the folder to save logs in.
        progress: hears what is done.

    Raises:
        CommandError: when the records cannot be read or are not processed.
    """
    written = _write_records(cloud, records, progress)
    _wait_until_processed(cloud, sum(written.values(), WriteCounts()).streamed, progress)
    progress.step("running the workflow with valid and with invalid input")
    state_machine = cloud.outputs["StepFunctionsStateMachineArn"]
    executions = execute_all(cloud.clients.workflow, state_machine, [VALID_REQUEST, INVALID_REQUEST])
    cloud.monitor.refresh()
    dynamodb, table = cloud.clients.dynamodb, cloud.outputs["AnalyticsTableName"]
    save_logs(cloud.clients.logs, logs)
    progress.step("comparing every record of the streams with the activities")
    balances = reconciled(cloud)
    return LocalReport(
        written=written,
        rejected=records.rejected,
        activities={source.activity_type: balances[source.name].recorded for source in cloud.config.sources},
        summary=_newest_summary(dynamodb, table),
        executions=executions,
        failed_events=failed_events(cloud),
        alarms=_alarms(cloud),
        logs=logs,
        balances=tuple(balances.values()),
    )


def reconciled(cloud: LocalCloud) -> dict[str, SourceBalance]:
    """What became of every record, by source; nothing is on its way any more, and nobody else reads."""
    pipeline = deployed_pipeline(existing_stack(cloud.clients.cloudformation, cloud.config.stack_name), cloud.config)
    balances = reconcile(cloud.clients, pipeline, ALWAYS, NullProgress().step, reads_per_second=math.inf, patience=0)
    return {balance.source: balance for balance in balances}


def table_writer(cloud: LocalCloud) -> TableWriter:
    """Writes to the tables of the sources."""
    tables = {source.name: cloud.outputs[f"{source.name}TableName"] for source in cloud.config.sources}
    return TableWriter(cloud.clients.dynamodb, tables)


def wait_until_idle(cloud: LocalCloud) -> None:
    """Wait until everything that was written before is processed.

    Raises:
        CommandError: when it is not within minutes.
    """
    if not cloud.poller.wait_until_idle(_SECONDS_WITHOUT_PROGRESS):
        raise _not_processed(cloud)


def _write_records(cloud: LocalCloud, records: Records, progress: Progress) -> dict[str, WriteCounts]:
    """Write everything; the result is by activity type."""
    progress.step(f"writing {records.description}")
    sources = cloud.config.sources
    writer = table_writer(cloud)
    with _bar("writing") as show:
        for number, (write, part) in enumerate(records.writes()):
            writer.write(write)
            if number % _WRITES_BETWEEN_LOOKS == 0:
                show(part)
    writer.flush()
    return {source.activity_type: writer.counts(source) for source in sources}


def _wait_until_processed(cloud: LocalCloud, streamed: int, progress: Progress) -> None:
    """Wait until the streams are processed to their end.

    Args:
        streamed: how many stream records there are to process.

    Raises:
        CommandError: when nothing has been processed for minutes.
    """
    progress.step(
        f"waiting until the streams are processed; a batch waits for {LONGEST_WINDOW:g} s at most to be full, "
        "however long the batching windows in the template are"
    )
    with _bar("processing") as show:
        for done in _records_done(cloud):
            if done >= streamed:
                break
            show(done / streamed)
            time.sleep(_SECONDS_BETWEEN_LOOKS)
    wait_until_idle(cloud)


def _records_done(cloud: LocalCloud) -> Iterator[int]:
    """How many stream records are done, again and again.

    Raises:
        CommandError: when none has even been tried for minutes.
    """
    seen, deadline = (-1, -1), 0.0
    while True:
        statistics = list(cloud.poller.statistics.values())
        given_up = sum(mapping.dropped + mapping.on_failure_destination_delivered for mapping in statistics)
        done = sum(mapping.filtered_out + mapping.processed for mapping in statistics) + given_up
        tried = sum(mapping.invoked for mapping in statistics)
        if (done, tried) != seen:
            seen, deadline = (done, tried), time.monotonic() + _SECONDS_WITHOUT_PROGRESS
        if time.monotonic() > deadline:
            raise _not_processed(cloud)
        yield done


def _not_processed(cloud: LocalCloud) -> CommandError:
    return CommandError(
        f"the streams were not processed any further for {_SECONDS_WITHOUT_PROGRESS} seconds: "
        f"read {cloud.emulator.log_file}."
    )


@contextmanager
def _bar(description: str) -> Iterator[Callable[[float], None]]:
    """A progress bar on a terminal, nothing elsewhere; it is told which part is done, from 0 to 1."""
    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeRemainingColumn())
    with Bars(*columns, console=console, disable=not console.is_terminal, transient=True) as bars:
        task = bars.add_task(description, total=1.0)
        yield lambda part: bars.update(task, completed=part)


def _newest_summary(dynamodb: "DynamoDBClient", table: str) -> dict[str, Any]:
    """The summary that was written last, its numbers as integers; empty when there is none."""
    items = dynamodb.query(
        TableName=table,
        KeyConditionExpression="dataType = :type",
        ExpressionAttributeValues={":type": {"S": "DAILY_SUMMARY"}},
        ScanIndexForward=False,
        Limit=1,
        ConsistentRead=True,
    )["Items"]
    return {name: _plain(TypeDeserializer().deserialize(value)) for item in items for name, value in item.items()}


def _plain(value: Any) -> Any:
    """A value of a summary, the numbers in it as integers."""
    if isinstance(value, list):
        return list(map(_plain, value))
    return int(value) if isinstance(value, Decimal) else value


def _alarms(cloud: LocalCloud) -> AlarmReport:
    """The alarms; two ring because an execution has invalid input, two until the other execution succeeds."""
    failing, missing = (
        {cloud.config.name(alarm) for alarm in alarms}
        for alarms in (("stepfunctions-failures", "broken"), ("daily-summary-missing", "late"))
    )
    return AlarmReport(cloud.monitor.alarms(), cloud.monitor.rang(), expected=failing | missing, tolerated=failing)


def failed_events(cloud: LocalCloud) -> int:
    """How many objects the bucket of failed events holds."""
    pages = cloud.clients.s3.get_paginator("list_objects_v2").paginate(Bucket=cloud.outputs["FailedEventsBucketName"])
    return sum(page["KeyCount"] for page in pages)
