"""The two that count a day's activities, ready to do laps."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from itertools import repeat
from typing import TYPE_CHECKING, Any

from benchmarks.systems.capacity import ReadUnits
from benchmarks.systems.days import DAY, END_OF_DAY
from benchmarks.systems.lambda_environment import LambdaContext, enter_function
from benchmarks.systems.parallel_dynamodb import ParallelDynamoDB

if TYPE_CHECKING:
    from types import ModuleType

BATCH_SIZE = 100
"""Items that a page counts: what the schedule asks for."""


@dataclass(frozen=True)
class Counted:
    """What a summary said, and what it took to know it: capacity units and requests that read."""

    total: int
    units: float
    requests: int


def ours(variables: Mapping[str, str]) -> Iterator[Callable[[], Counted]]:
    """Laps of the analytics processor, asked for one day.

    Args:
        variables: environment of the function, with the endpoint of its DynamoDB.
    """
    module = analytics_processor(variables)
    return repeat(partial(count_ours, module, ReadUnits(module.dynamodb.meta.events)))


def ours_in_parallel(variables: Mapping[str, str], shards: int, activities: int) -> Iterator[Callable[[], Counted]]:
    """Laps of the analytics processor before a DynamoDB that answers requests side by side.

    Args:
        variables: environment of the function.
        shards: partitions that each activity type is spread over.
        activities: in the day.
    """
    module = analytics_processor({**variables, "ACTIVITY_SHARDS": str(shards)})
    ParallelDynamoDB(activities // (shards * len(module.SOURCES)), BATCH_SIZE).answer_for(module.dynamodb)
    return repeat(partial(count_ours, module, ReadUnits(module.dynamodb.meta.events)))


def reference(variables: Mapping[str, str], every_page: bool) -> Iterator[Callable[[], Counted]]:
    """Laps of the reference's scan, of one page as it is, or of every page as it would have to be."""
    enter_function(variables)
    from benchmarks.systems.reference import analytics_table, summarize

    table = analytics_table()
    units = ReadUnits(table.meta.client.meta.events)
    return repeat(partial(counted, partial(summarize, table, END_OF_DAY, every_page), units))


def analytics_processor(variables: Mapping[str, str]) -> Any:
    """The module of the analytics processor, imported in a process made like Lambda's."""
    enter_function(variables)
    import handlers.analytics_processor as module

    return module


def count_ours(module: "ModuleType", units: ReadUnits) -> Counted:
    """Invoke the analytics processor."""
    request = {"dataType": "DAILY_ANALYTICS", "batchSize": BATCH_SIZE, "date": DAY.isoformat()}
    return counted(lambda: module.handler(request, LambdaContext())["summaries"][0], units)


def counted(summary: Callable[[], dict[str, Any]], reads: ReadUnits) -> Counted:
    """Make a summary and say what it took."""
    units, requests = reads.total, reads.requests
    total = summary()["totalRecords"]
    return Counted(total, reads.total - units, reads.requests - requests)
