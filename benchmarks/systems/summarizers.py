"""The two daily summaries, ready for iterations."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from itertools import repeat
from typing import TYPE_CHECKING, Any

from benchmarks.systems.capacity import ReadUnits
from benchmarks.systems.lambda_environment import LambdaContext, enter_function
from benchmarks.systems.parallel_dynamodb import ParallelDynamoDB
from benchmarks.systems.stream_events import END_OF_DAY, SUMMARISED_DAY
from handlers import counting

if TYPE_CHECKING:
    from types import ModuleType

THE_SCHEDULE = {"scheduledTime": f"{(SUMMARISED_DAY + timedelta(days=1)).isoformat()}T02:00:00Z"}
"""Counts the day and the one before it, and reads them eventually consistently."""

_THE_DAY = {"date": SUMMARISED_DAY.isoformat()}
_HOURS = 24
_SMALL_PAGE = 100
"""Items that a page counts where many pages are wanted."""


@dataclass(frozen=True)
class CountedDay:
    """The total of a summary, and the capacity units and requests that reading it took."""

    total: int
    units: float
    requests: int


def this_summary(
    variables: Mapping[str, str], window: Mapping[str, str] = _THE_DAY
) -> Iterator[Callable[[], CountedDay]]:
    """Iterations of the analytics processor, for one day.

    Args:
        variables: environment of the function, with the endpoint of its DynamoDB.
        window: what of the request says which days to count.
    """
    module = _analytics_processor(variables)
    return repeat(partial(_invoke_analytics_processor, module, ReadUnits(module.dynamodb.meta.events), window))


def parallel_summary(
    variables: Mapping[str, str], queries_at_once: int, activities: int
) -> Iterator[Callable[[], CountedDay]]:
    """Iterations of the analytics processor against a DynamoDB that answers requests in parallel.

    Args:
        variables: environment of the function.
        queries_at_once: that are in flight at the same time.
        activities: in the day.
    """
    module = _analytics_processor(variables)
    counting.CONCURRENT_QUERIES = queries_at_once
    ParallelDynamoDB(activities // (_HOURS * len(module.SOURCES)), _SMALL_PAGE).answer_for(module.dynamodb)
    return repeat(partial(_invoke_analytics_processor, module, ReadUnits(module.dynamodb.meta.events), _THE_DAY))


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


def _invoke_analytics_processor(module: "ModuleType", units: ReadUnits, window: Mapping[str, Any]) -> CountedDay:
    request = {"dataType": "DAILY_ANALYTICS", "batchSize": 100, **window}
    return _counted(lambda: module.handler(request, LambdaContext())["summaries"][-1], units)


def _counted(summary: Callable[[], dict[str, Any]], reads: ReadUnits) -> CountedDay:
    """Make a summary, and count what it reads."""
    units, requests = reads.total, reads.requests
    total = summary()["totalRecords"]
    return CountedDay(total, reads.total - units, reads.requests - requests)
