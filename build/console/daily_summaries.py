"""The summaries that the analytics table holds, and a fresh count of a day by hour to compare one with."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal

from build.console.target import Target
from build.reconcile.reading import deployed_activities
from handlers.keys import Item, items_between

DAYS_SHOWN = 30
_HOUR = 3_600_000


@dataclass(frozen=True)
class DailySummary:
    """A summary of one window.

    Args:
        start: of its window.
        end: of its window.
        counts: activities by source.
        total: the summary's own.
    """

    start: datetime
    end: datetime
    counts: Mapping[str, int]
    total: int

    @property
    def whole_day(self) -> date | None:
        """The UTC day that it covers; None for a window that is no day."""
        midnight = self.start.time() == time() and self.end - self.start == timedelta(days=1)
        return self.start.date() if midnight else None

    @property
    def name(self) -> str:
        """Its day, or the end of its window."""
        return str(self.whole_day or f"24 h to {self.end:%Y-%m-%d %H:%M}")


@dataclass(frozen=True)
class DayCount:
    """What the analytics table holds of a UTC day: the activities by source, each for the 24 hours."""

    day: date
    hours: Mapping[str, Sequence[int]]

    @property
    def totals(self) -> dict[str, int]:
        """The activities of the day by source."""
        return {name: sum(counts) for name, counts in self.hours.items()}


def newest_summaries(target: Target) -> tuple[DailySummary, ...]:
    """The summaries of all sources that end last, oldest first."""
    answer = target.clients.dynamodb.query(
        TableName=target.analytics_table,
        KeyConditionExpression="dataType = :type",
        ExpressionAttributeValues={":type": {"S": "DAILY_SUMMARY"}},
        ScanIndexForward=False,
        Limit=DAYS_SHOWN,
    )
    return tuple(_summary(target, item) for item in reversed(answer["Items"]))


def count_day(target: Target, day: date) -> DayCount:
    """Count the activities of a day by source and hour; it reads every key of the day once."""
    deployed = (deployed_activities(target.clients, source) for source in target.pipeline.sources)
    return DayCount(day, {source.name: _by_hour(target, source.partitions, day) for source in deployed})


def _by_hour(target: Target, partitions: Sequence[str], day: date) -> list[int]:
    start = int(datetime.combine(day, time(), UTC).timestamp() * 1000)
    counts: Counter[int] = Counter()
    for partition in partitions:
        pages = target.clients.dynamodb.get_paginator("query").paginate(
            TableName=target.analytics_table,
            ProjectionExpression="processedAt",
            **items_between(partition, start, start + 24 * _HOUR),
        )
        counts.update(
            (int(Decimal(item["processedAt"]["N"])) - start) // _HOUR for page in pages for item in page["Items"]
        )
    return [counts[hour] for hour in range(24)]


def _summary(target: Target, item: Item) -> DailySummary:
    start, end = (datetime.fromtimestamp(int(item[name]["N"]) / 1000, UTC) for name in ("windowStart", "windowEnd"))
    counts = {
        source.name: int(item[source.count_attribute]["N"])
        for source in target.config.sources
        if source.count_attribute in item
    }
    return DailySummary(start, end, counts, int(item["totalRecords"]["N"]))
