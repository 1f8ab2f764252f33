"""Reads days: summaries, activities counted again, failed events, metrics, and executions that are running."""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any, TypeAlias

from build.aws import Clients
from build.cloudformation.stacks import DeployedStack, stack_resources
from build.days.day import Counts, Day
from build.days.losses import MeasuredSource, failed_records, losses_of, source_metrics
from build.deploy.unused_tables import described_table
from build.executions import running_executions
from build.output import Heartbeat
from build.parallel import in_parallel
from build.reconcile.reading import DeployedActivities, deployed_activities, partition_query
from build.redrive.failed_events import DeployedPipeline, FailedEventsBucket, deployed_pipeline
from build.redrive.redrive import ObjectReader
from handlers.errors import InvalidRequestError
from handlers.keys import partition_keys
from handlers.summaries import DAILY_ANALYTICS, requested_kind
from handlers.windows import Window, day_of, milliseconds_since_1970, requested_windows
from stack.config import StackConfig

if TYPE_CHECKING:
    from mypy_boto3_stepfunctions.type_defs import DescribeExecutionOutputTypeDef

_SUMMARY_TYPE = requested_kind(DAILY_ANALYTICS, ()).summary_type
_DAY = timedelta(days=1)
_MILLISECONDS_IN_A_DAY = 24 * 60 * 60 * 1000
_BYTES_IN_A_READ_UNIT = 4096
"""Of a consistent read
(https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/read-write-operations.html)."""
_DOLLARS_PER_READ_UNIT = 0.125 / 1_000_000
"""On demand in us-west-2 (https://aws.amazon.com/dynamodb/pricing/on-demand/)."""

_Partition: TypeAlias = tuple[date, DeployedActivities, str]


@dataclass(frozen=True)
class Reading:
    """What counting some days will read, approximately.

    Args:
        items: activities.
        average_size: of an item, in bytes.
    """

    items: int
    average_size: float

    @property
    def sentence(self) -> str:
        """What is read and what it costs, for somebody who is about to pay for it."""
        units = self.items * self.average_size / _BYTES_IN_A_READ_UNIT
        return (
            f"counting reads up to about {self.items:,} activities of {self.average_size:,.0f} bytes, "
            f"{units:,.0f} read units, which cost ${units * _DOLLARS_PER_READ_UNIT:.2f} on demand in us-west-2"
        )


@dataclass(frozen=True)
class DayReader:
    """Reads the days of a stack, and changes nothing.

    Args:
        clients: of the account and region.
        pipeline: of the stack.
        sources: as they are deployed.
        count_attributes: of summaries, by name of the source.
        measured: the same sources, by what metrics know them.
        tell: hears how far it is.
        now: the current time in UTC.
    """

    clients: Clients
    pipeline: DeployedPipeline
    sources: Sequence[DeployedActivities]
    count_attributes: Mapping[str, str]
    measured: Sequence[MeasuredSource]
    tell: Callable[[str], None]
    now: datetime = field(default_factory=lambda: datetime.now(UTC))

    @property
    def today(self) -> date:
        return self.now.date()

    def first_day(self) -> date:
        """The first day that has an activity or a summary; today when there is none."""
        activities = (day_of(at) for source in self.sources for at in self._first_activities(source))
        return min([self.today, *map(_day_before, self._summaries()), *activities])

    def estimate(self, days: Sequence[date]) -> Reading:
        """What reading these days will cost: their summaries say it, and the table's size where there is none.

        DynamoDB counts the items of a table about every six hours.
        """
        table = self.clients.dynamodb.describe_table(TableName=self._table)["Table"]
        items, size = table.get("ItemCount", 0), table.get("TableSizeBytes", 0)
        totals = {_day_before(end): sum(counts.values()) for end, counts in self._summaries().items()}
        of_the_others = max(0, items - sum(totals.values())) if any(day not in totals for day in days) else 0
        return Reading(sum(totals.get(day, 0) for day in days) + of_the_others, size / items if items else 0)

    def read(self, days: Sequence[date]) -> list[Day]:
        """Read consecutive days, oldest first.

        Summaries before activities, so that nothing that is written meanwhile looks as if it had vanished; failed
        events before activities, so that what is replayed meanwhile does not look as if it had never been.

        Raises:
            CommandError: when the bucket of failed events does not exist.
        """
        windows = {day: self._window(day) for day in days}
        running = self._running()
        failed = self._failed(days)
        summaries = self._summaries()
        activities = self._count(windows)
        whole = Window(windows[days[0]].start, windows[days[-1]].end)
        metrics = source_metrics(self.clients.cloudwatch, self._measured_sources(), whole, self.now)
        return [
            Day(
                date=day,
                activities=activities[day],
                summarised=summaries.get(window.end),
                losses=losses_of(day, window, failed, metrics, self.now),
                running="the day is not over" if day == self.today else running.get(window, ""),
                over=day < self.today,
            )
            for day, window in windows.items()
        ]

    @property
    def _table(self) -> str:
        return self.sources[0].table

    def _window(self, day: date) -> Window:
        (window,) = requested_windows({"date": day.isoformat()}, self.now)
        return window

    def _failed(self, days: Sequence[date]) -> Mapping[str, Mapping[date, int]]:
        bucket = FailedEventsBucket(self.clients.s3, self.pipeline.bucket, self.pipeline.account)
        return failed_records(self.clients, self.sources, ObjectReader(bucket, self.pipeline), set(days), self.tell)

    def _summaries(self) -> dict[int, Counts]:
        """What the summaries of whole days counted, by the end of the day in milliseconds since 1970."""
        always = Window(0, milliseconds_since_1970(self.now + _DAY))
        pages = self.clients.dynamodb.get_paginator("query").paginate(
            **partition_query(self._table, _SUMMARY_TYPE, always)
        )
        return {
            int(item["processedAt"]["N"]): {
                name: int(item[attribute]["N"]) if attribute in item else 0
                for name, attribute in self.count_attributes.items()
            }
            for page in pages
            for item in page["Items"]
            if int(item["processedAt"]["N"]) % _MILLISECONDS_IN_A_DAY == 0
        }

    def _first_activities(self, source: DeployedActivities) -> Iterator[int]:
        """When the first activity in each partition was that has any, in milliseconds since 1970."""
        always = Window(0, milliseconds_since_1970(self.now))
        for partition in source.partitions:
            query = partition_query(source.table, partition, always)
            for item in self.clients.dynamodb.query(**query, Limit=1)["Items"]:
                yield int(item["processedAt"]["N"].partition(".")[0])

    def _measured_sources(self) -> list[MeasuredSource]:
        """The sources, each with the beginning of its stream where that is not the first one.

        A table that is restored or made again has a new stream, in which the records before it never were.
        """
        deployed = {source.name: source for source in self.sources}
        return [replace(source, began=self._later_stream(deployed[source.name])) for source in self.measured]

    def _later_stream(self, source: DeployedActivities) -> datetime | None:
        began = stream_began(self.clients, source.source.table_arn)
        first = min(self._first_activities(source), default=None)
        return began if began and first is not None and first < milliseconds_since_1970(began) else None

    def _running(self) -> dict[Window, str]:
        """The windows that executions are summarising now, each with who does it."""
        return {
            window: f"the execution {execution['executionArn']} summarises it"
            for execution in running_executions(self.clients.workflow, self.pipeline.state_machine)
            for window in _summarised_windows(execution)
        }

    def _count(self, windows: Mapping[date, Window]) -> dict[date, dict[str, int]]:
        """Count the activities of each day and source, several partitions at a time."""
        counts = {day: {source.name: 0 for source in self.sources} for day in windows}
        heartbeat, total, query = Heartbeat(), 0, self.clients.dynamodb.get_paginator("query")

        def count(partition: _Partition) -> tuple[_Partition, int]:
            day, source, key = partition
            pages = query.paginate(**partition_query(source.table, key, windows[day]), Select="COUNT")
            return partition, sum(page["Count"] for page in pages)

        for (day, source, _), number in in_parallel(count, list(self._partitions(windows))):
            counts[day][source.name] += number
            total += number
            if heartbeat.due():
                self.tell(f"{total:,} activities counted")
        return counts

    def _partitions(self, windows: Mapping[date, Window]) -> Iterator[_Partition]:
        for day, window in windows.items():
            for source in self.sources:
                shards = source.activity.shards.most_between(window.start, window.end)
                for key in partition_keys(source.activity.activity_type, shards):
                    yield day, source, key


def stream_began(clients: Clients, table: str) -> datetime | None:
    """When the stream of a table did, which its label says; None for a table that is gone or has no stream.

    Source: https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_TableDescription.html
    """
    description = described_table(clients.dynamodb, table.rpartition("/")[2])
    label = description.get("LatestStreamLabel") if description else None
    return datetime.fromisoformat(label.removesuffix("Z")).replace(tzinfo=UTC) if label else None


def day_reader(clients: Clients, config: StackConfig, stack: DeployedStack, tell: Callable[[str], None]) -> DayReader:
    """A reader of the days of a deployed stack.

    Raises:
        CommandError: when a resource is missing, or a function was deployed by another version of the project.
    """
    pipeline = deployed_pipeline(stack, config)
    resources = stack_resources(clients.cloudformation, stack.stack_id)
    physical_ids = {resource.logical_id: resource.physical_id for resource in resources}
    return DayReader(
        clients,
        pipeline,
        sources=[deployed_activities(clients, source) for source in pipeline.sources],
        count_attributes={source.name: source.count_attribute for source in config.sources},
        measured=[
            MeasuredSource(
                source.name, physical_ids[f"{source.name}EventSourceMapping"], source.function_arn.rpartition(":")[2]
            )
            for source in pipeline.sources
        ],
        tell=tell,
    )


def _day_before(end: int) -> date:
    """The day that ends at a moment."""
    return day_of(end - 1)


def _summarised_windows(execution: "DescribeExecutionOutputTypeDef") -> tuple[Window, ...]:
    """The windows whose daily summaries an execution that is running will make; none for input that it refuses."""
    try:
        request: Any = json.loads(execution["input"])
        of_all_sources = isinstance(request, dict) and request.get("dataType") == DAILY_ANALYTICS
        started = execution["startDate"].astimezone(UTC)
        return requested_windows(request, started) if of_all_sources and execution["status"] == "RUNNING" else ()
    except (InvalidRequestError, ValueError):
        return ()
