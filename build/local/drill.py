"""A drill: the analytics table is damaged, then deleted, and each time restored, its summary made again, and every
activity compared with what the mappings processed.

It restores, looks and summarises with the code of `build restore`, `build days` and `build backfill`.
`build.local.point_in_time` serves what the emulator lacks for that.
"""

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from build.cloudformation.operations import Operations
from build.cloudformation.stacks import existing_stack
from build.days.backfill import Backfill
from build.days.day import Day
from build.days.reading import day_reader
from build.deploy.artifacts import artifact_bucket
from build.deploy.unused_tables import delete_table
from build.errors import CommandError
from build.local.cloud import LocalCloud, connected, with_new_mappings
from build.local.drill_report import DrillReport, TableLossReport
from build.local.point_in_time import PointInTimeRecovery, point_in_time_recovery
from build.local.scenario import failed_events, reconciled, table_writer, wait_until_idle
from build.local.writing import TableWriter, Write, numbered_item
from build.progress import NullProgress, Progress
from build.recovery.journal import JournalFile
from build.recovery.restoration import Restoration, begin
from handlers.summaries import DAILY_ANALYTICS, requested_kind

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

_TABLE_ID = "AnalyticsTable"
_RECORDS = 10
"""Written to each source at a time."""
_ACTIVITIES_DELETED = 5
_SUMMARY_TYPE = requested_kind(DAILY_ANALYTICS, ()).summary_type
_DAY = timedelta(days=1)
_DOUBLE = (
    "the emulator keeps no past of a table and nothing of a deleted one, so a double answers "
    "RestoreTableToPointInTime and makes the backup that DynamoDB makes of a table that is deleted; backups, imports, "
    "streams and all else are the emulator's"
)
_CLOCK = (
    "today counts as over, as records of another day cannot be written: `days` and `backfill` are told that it is "
    "past midnight UTC"
)


@dataclass(frozen=True)
class TableLoss:
    """Something that happens to the analytics table.

    Args:
        name: of the loss.
        cause: what is done to the table.
        inflict: does it, given the table's name.
        deletes_table: whether no table is left, of which DynamoDB then keeps the last state and no other.
    """

    name: str
    cause: str
    inflict: Callable[["DynamoDBClient", str], None]
    deletes_table: bool = False


def _delete_items(dynamodb: "DynamoDBClient", table: str) -> None:
    keys = _keys(dynamodb, table)
    activities = [key for key in keys if not _is_of_summary(key)]
    _delete_summaries(dynamodb, table)
    for key in activities[:_ACTIVITIES_DELETED]:
        dynamodb.delete_item(TableName=table, Key=key)


def _delete_table(dynamodb: "DynamoDBClient", table: str) -> None:
    _delete_summaries(dynamodb, table)
    delete_table(dynamodb, table, NullProgress().waiting)


def _delete_summaries(dynamodb: "DynamoDBClient", table: str) -> None:
    for key in filter(_is_of_summary, _keys(dynamodb, table)):
        dynamodb.delete_item(TableName=table, Key=key)


def _keys(dynamodb: "DynamoDBClient", table: str) -> list[dict[str, Any]]:
    pages = dynamodb.get_paginator("scan").paginate(
        TableName=table, ProjectionExpression="dataType, processedAt", ConsistentRead=True
    )
    return [item for page in pages for item in page["Items"]]


def _is_of_summary(key: dict[str, Any]) -> bool:
    data_type: str = key["dataType"]["S"]
    return data_type == _SUMMARY_TYPE


LOSSES = (
    TableLoss(
        name="damaged",
        cause=f"DeleteItem deletes the day's summary and {_ACTIVITIES_DELETED} activities, as a careless script does",
        inflict=_delete_items,
    ),
    TableLoss(
        name="deleted",
        cause="DeleteItem deletes the day's summary, UpdateTable lifts the deletion protection, and DeleteTable "
        "deletes the table, as a careless person does",
        inflict=_delete_table,
        deletes_table=True,
    ),
)


def run_drill(cloud: LocalCloud, progress: Progress) -> DrillReport:
    """Inflict each loss on the analytics table, and recover from it.

    Args:
        cloud: the deployed stack, its tables empty.
        progress: hears what is done.

    Raises:
        CommandError: when something cannot be done.
    """
    progress.step(_DOUBLE)
    progress.step(_CLOCK)
    with point_in_time_recovery(cloud.clients.dynamodb) as recovery, ExitStack() as streams:
        answered = replace(cloud, clients=connected(cloud.emulator))
        drill = _Drill(answered, recovery, progress, table_writer(answered), streams)
        return DrillReport(tuple(drill.recover_from(loss) for loss in LOSSES))


@dataclass
class _Drill:
    """One loss after the other.

    Args:
        cloud: its clients are those that the double answers.
        recovery: the double.
        progress: hears what is done.
        writer: of records.
        streams: ends what processes the streams after a restoration.
    """

    cloud: LocalCloud
    recovery: PointInTimeRecovery
    progress: Progress
    writer: TableWriter
    streams: ExitStack
    _seconds: dict[str, float] = field(default_factory=dict, init=False)

    def recover_from(self, loss: TableLoss) -> TableLossReport:
        """Fill the table, lose it, and bring everything back."""
        self._seconds = {}
        self.recovery.switch_on(self._table)
        self._record(loss, "long before")
        noted, moment = self._days(), self._noted_time()
        self._record(loss, "before")
        before = self._days()
        self._summarise(before)
        self._lose(loss)
        restored = self._restored(None if loss.deletes_table else moment)
        self._restart_streams()
        self._record(loss, "after")
        found = self._completed()
        return TableLossReport(
            name=loss.name,
            before=_total(before),
            recoverable=_total(before if loss.deletes_table else noted),
            restored=_total(restored),
            found=found,
            written=sum(self.writer.counts(source).recorded for source in self.cloud.config.sources),
            processed=sum(mapping.processed for mapping in self.cloud.poller.statistics.values()),
            failed_events=failed_events(self.cloud),
            balances=tuple(reconciled(self.cloud).values()),
            days=self._told_days(),
            seconds=self._seconds,
        )

    @property
    def _table(self) -> str:
        return self.cloud.outputs["AnalyticsTableName"]

    @property
    def _suffix(self) -> str:
        return f"--suffix {self.cloud.config.suffix}"

    def _record(self, loss: TableLoss, when: str) -> None:
        """Write new records, and wait until they are processed or given up."""
        sources = self.cloud.config.sources
        self.progress.step(f"writing {_RECORDS * len(sources)} records {when} the loss")
        for source in sources:
            for number in range(_RECORDS):
                self.writer.write(Write(source, numbered_item(source, f"{loss.name}-{when.replace(' ', '-')}", number)))
        self.writer.flush()
        wait_until_idle(self.cloud)

    def _lose(self, loss: TableLoss) -> None:
        self.progress.step(f"the loss: {loss.cause}")
        loss.inflict(self.cloud.clients.dynamodb, self._table)
        self._record(loss, "since")

    def _noted_time(self) -> datetime:
        moment = self.recovery.mark(self._table)
        self.progress.step(f"noting the time: it is {moment.isoformat()}")
        return moment

    def _summarise(self, days: Iterable[Day]) -> None:
        """Have the workflow summarise days.

        Raises:
            CommandError: when it fails.
        """
        backfill = Backfill(self.cloud.clients.workflow, self.cloud.outputs["StepFunctionsStateMachineArn"])
        for day in days:
            self.progress.step(f"running the workflow for {day.date}, of {day.total} activities")
            _, execution = backfill.summarise(day.date)
            if execution.problem:
                raise CommandError(
                    f"{day.date} has no summary: {execution.problem}; "
                    f"read {self.cloud.emulator.log_file} and try again."
                )

    def _restored(self, to: datetime | None) -> Sequence[Day]:
        """Restore as `build restore` does, where nobody is asked; returns the days of the restored table."""
        options = f" --to {to.isoformat()}" if to else ""
        command = f"python -m build restore {self._suffix} --table {_TABLE_ID}{options}"
        self.progress.step(f"restoring, as `{command}` does")
        clients, config = self.cloud.clients, self.cloud.config
        operations = Operations(clients.cloudformation, self.progress, command="restore")
        stack = existing_stack(clients.cloudformation, config.stack_name)
        file = JournalFile(artifact_bucket(clients, stack), stack)
        if file.read():
            raise CommandError(f"a restoration in {stack.name} is under way; finish or undo it before the drill.")
        with self._timed("restore"):
            journal = begin(clients, operations, config.stack_name, _TABLE_ID, to)
            file.write(journal)
            Restoration(clients, config, operations, file, lambda: None).run(journal)
        return self._days()

    def _restart_streams(self) -> None:
        """Process the streams by the new mappings, which begin with the oldest record, as Lambda does."""
        self.progress.step("waiting until the new mappings have delivered the last 24 hours of the streams again")
        with self._timed("streams"):
            self.cloud = self.streams.enter_context(with_new_mappings(self.cloud))
            wait_until_idle(self.cloud)
        self.cloud.monitor.refresh()

    def _completed(self) -> Sequence[Day]:
        """Make the summaries that are missing or stale; returns the days before."""
        with self._timed("days"):
            days = self._told_days()
        self.progress.step(f"making what is missing, as `python -m build backfill {self._suffix}` does")
        with self._timed("backfill"):
            self._summarise(day for day in days if day.lacks_summary)
        return days

    def _days(self) -> Sequence[Day]:
        """What `build days` reads, tomorrow."""
        clients, config = self.cloud.clients, self.cloud.config
        stack = existing_stack(clients.cloudformation, config.stack_name)
        reader = day_reader(clients, config, stack, NullProgress().step)
        first, midnight = reader.first_day(), (reader.now + _DAY).replace(hour=0, minute=0, second=0, microsecond=0)
        days = [first + number * _DAY for number in range((midnight.date() - first).days)]
        return replace(reader, now=midnight).read(days)

    def _told_days(self) -> Sequence[Day]:
        self.progress.step(f"looking at every day, as `python -m build days {self._suffix}` does")
        days = self._days()
        for day in days:
            self.progress.step("; ".join([f"{day.date} is {day.state}: {day.number} activities", *day.reasons]))
        return days

    @contextmanager
    def _timed(self, name: str) -> Iterator[None]:
        began = time.monotonic()
        yield
        self._seconds[name] = round(time.monotonic() - began, 1)


def _total(days: Sequence[Day]) -> int:
    return sum(day.total for day in days)
