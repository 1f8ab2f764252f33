"""The two daily summaries, ready for iterations."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from itertools import repeat
from typing import TYPE_CHECKING, Any

from benchmarks.systems.capacity import ReadUnits
from benchmarks.systems.lambda_environment import LambdaContext, enter_function
from benchmarks.systems.parallel_dynamodb import ParallelDynamoDB
from benchmarks.systems.stream_events import END_OF_DAY, SUMMARISED_DAY

if TYPE_CHECKING:
    from types import ModuleType

BATCH_SIZE = 100
"""Items that a page counts, as in the schedule's input."""


@dataclass(frozen=True)
class CountedDay:
    """The total of a summary, and the capacity units and requests that reading it took."""

    total: int
    units: float
    requests: int


def this_summary(variables: Mapping[str, str]) -> Iterator[Callable[[], CountedDay]]:
    """Iterations of the analytics processor, for one day.

    Args:
        variables: environment of the function, with the endpoint of its DynamoDB.
    """
    module = _analytics_processor(variables)
    return repeat(partial(_invoke_analytics_processor, module, ReadUnits(module.dynamodb.meta.events)))


def sharded_summary(variables: Mapping[str, str], shards: int, activities: int) -> Iterator[Callable[[], CountedDay]]:
    """Iterations of the analytics processor against a DynamoDB that answers requests in parallel.

    Args:
        variables: environment of the function.
        shards: partitions that each activity type is spread over.
        activities: in the day.
    """
    module = _analytics_processor({**variables, "ACTIVITY_SHARDS": f"[[0,{shards}]]"})
    ParallelDynamoDB(activities // (shards * len(module.SOURCES)), BATCH_SIZE).answer_for(module.dynamodb)
    return repeat(partial(_invoke_analytics_processor, module, ReadUnits(module.dynamodb.meta.events)))


def reference_summary(variables: Mapping[str, str], every_page: bool) -> Iterator[Callable[[], CountedDay]]:
    """Iterations of the reference's scan, of one page as it is, or of every page as it would have to be."""
    enter_function(variables)
    from benchmarks.systems.reference import open_table, put_summary

    table = open_table()
    units = ReadUnits(table.meta.client.meta.events)
    return repeat(partial(_counted, partial(put_summary, table, END_OF_DAY, every_page), units))


def _analytics_processor(variables: Mapping[str, str]) -> Any:
    """The module of the analytics processor, imported after this process was made like one of Lambda's."""
    enter_function(variables)
    import handlers.analytics_processor as module

    return module


def _invoke_analytics_processor(module: "ModuleType", units: ReadUnits) -> CountedDay:
    request = {"dataType": "DAILY_ANALYTICS", "batchSize": BATCH_SIZE, "date": SUMMARISED_DAY.isoformat()}
    return _counted(lambda: module.handler(request, LambdaContext())["summaries"][0], units)


def _counted(summary: Callable[[], dict[str, Any]], reads: ReadUnits) -> CountedDay:
    """Make a summary, and count what it reads."""
    units, requests = reads.total, reads.requests
    total = summary()["totalRecords"]
    return CountedDay(total, reads.total - units, reads.requests - requests)
