"""A scheduled execution of the daily summary: what it reads, how long it takes, and how many steps it has.

Requests take what the other measurements assume: 5 ms, and up to 50 ms where a page has up to 1 MB.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from math import inf
from typing import Any, cast

from benchmarks.systems.billion_table import (
    PAGE_BYTES,
    PAGE_SECONDS,
    UNITS_PER_SECOND,
    BillionTable,
    Invocation,
    Timing,
    simulate,
)
from benchmarks.systems.capacity import READ_UNIT_BYTES
from benchmarks.systems.parallel_dynamodb import LATENCY
from benchmarks.systems.stream_events import SUMMARISED_DAY, midnight_milliseconds
from handlers.activity_settings import ShardHistory
from handlers.counting import PageLimit, count_partition
from handlers.keys import partition_keys
from handlers.slices import MOST_SHARD_GROUPS, Slice, slices_of
from handlers.windows import Window
from stack.config import ANALYTICS_PROCESSOR, StackConfig
from stack.sizing import MEGABYTES_PER_CPU
from stack.workflow import definition

DAYS_SUMMARISED = 2
"""Each scheduled run counts the last two days again, for activities that arrived late."""
SCHEDULED_DAY = SUMMARISED_DAY + timedelta(days=1)
"""When the simulated executions run."""
OVERHEAD = 1.0
"""Seconds of an invocation beside reading, as though each were a cold start."""

EXECUTION_SECONDS = 15 * 60
"""That a scheduled execution may take in all."""

UNITS_PER_PAGE = PAGE_BYTES / READ_UNIT_BYTES
"""Read units of 1 MB, where a page ends."""
_DAY = 86_400_000
_TRANSITIONS = 4
"""Start, ValidateData, IsDataValid?, ProcessAnalytics."""
_TRANSITIONS_OF_SLICES = 2
"""PlanSlices and CountSlices; each slice is one more."""
_INVOCATIONS_BESIDE_SLICES = 2
"""PlanSlices and ProcessAnalytics."""


@dataclass(frozen=True)
class SummaryObservation:
    """A summary of a day.

    Args:
        cpu_seconds_per_page: of the process that follows the pages.
        activities_per_page: that a page counts or returns.
        units_per_activity: capacity units that reading one takes.
    """

    cpu_seconds_per_page: float
    activities_per_page: float
    units_per_activity: float


@dataclass(frozen=True)
class SummaryReads:
    """What the daily summary reads.

    Args:
        units: capacity units.
        requests: to DynamoDB.
        concurrency: requests that are in flight at once.
        partitions: that the units are spread over.
    """

    units: float
    requests: float
    concurrency: int
    partitions: float = inf


@dataclass(frozen=True)
class DailyExecution:
    """What an execution takes.

    Args:
        seconds: of all of it.
        longest_invocation: in seconds.
        billed_seconds: of the analytics processor, all invocations together.
        invocations: of the analytics processor.
        transitions: from state to state.
    """

    seconds: float
    longest_invocation: float
    billed_seconds: float
    invocations: int
    transitions: int


def in_one_invocation(seconds: float) -> DailyExecution:
    """An execution that counts in one invocation, which takes some seconds."""
    return DailyExecution(seconds, seconds, seconds, 1, _TRANSITIONS)


def reading_seconds(observed: SummaryObservation, reads: SummaryReads) -> float:
    """How long an invocation reads: pages wait in parallel, share one CPU, and come from partitions with limits."""
    page = max(LATENCY, PAGE_SECONDS * min(1.0, reads.units / reads.requests / UNITS_PER_PAGE))
    cpu = observed.cpu_seconds_per_page * max(1.0, MEGABYTES_PER_CPU / ANALYTICS_PROCESSOR.memory_size)
    return max(
        reads.requests * (page + cpu) / reads.concurrency,
        reads.requests * cpu,
        reads.units / reads.partitions / UNITS_PER_SECOND,
    )


@cache
def in_slices(config: StackConfig, activities_a_day: float, item_bytes: int) -> DailyExecution:
    """An execution that counts in slices side by side, simulated; the CPU time of a page is too small to matter there.

    Args:
        config: says how many partitions there are, and with that how many slices are counted at once.
        activities_a_day: of all sources, on each of the two days.
        item_bytes: of an activity.
    """
    slices = _reading_slices(config, scheduled_table(config, activities_a_day, item_bytes))
    timing, beside = simulated(config, slices), _INVOCATIONS_BESIDE_SLICES * OVERHEAD
    return DailyExecution(
        timing.seconds + beside,
        timing.longest_invocation,
        timing.billed_seconds + beside,
        len(slices) + _INVOCATIONS_BESIDE_SLICES,
        _TRANSITIONS + _TRANSITIONS_OF_SLICES + len(slices),
    )


def scheduled_table(config: StackConfig, activities_a_day: float, item_bytes: int) -> BillionTable:
    """The table with the two days that a scheduled execution counts."""
    keys = [key for name in _types(config) for key in partition_keys(name, config.shards_in_force)]
    end = midnight_milliseconds(SCHEDULED_DAY)
    activities = int(DAYS_SUMMARISED * activities_a_day / len(keys))
    return BillionTable(frozenset(keys), end - DAYS_SUMMARISED * _DAY, end, activities, item_bytes)


def simulated(config: StackConfig, slices: Sequence[Invocation]) -> Timing:
    """How long counting slices takes when as many run at once as the state machine lets."""
    return simulate(slices, definition(config)["States"]["CountSlices"]["MaxConcurrency"], OVERHEAD)


def _types(config: StackConfig) -> list[str]:
    return [source.activity_type for source in config.sources]


def _reading_slices(config: StackConfig, table: BillionTable) -> list[Invocation]:
    """What each slice reads, counted by the analytics processor's own code."""
    windows = [Window(start, start + _DAY) for start in range(table.first, table.end, _DAY)]
    shards = ShardHistory(((0, config.shards_in_force),))
    return [_reading(part, table) for part in slices_of(windows, _types(config), shards, MOST_SHARD_GROUPS)]


def _reading(part: Slice, table: BillionTable) -> Invocation:
    table.queries.clear()
    for key in part.partition_keys:
        count_partition(cast(Any, table), "", None, False, PageLimit(), key, part.hour)
    return Invocation(tuple(table.queries))
