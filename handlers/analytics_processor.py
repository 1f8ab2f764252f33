"""Counts activities and writes summaries of them, the second state of an execution; plans and counts slices of them."""

import os
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Any

from aws_lambda_powertools import Logger, Metrics, Tracer
from aws_lambda_powertools.metrics import MetricUnit
from botocore.config import Config

from handlers.activity_settings import ShardHistory, retention_days
from handlers.counting import PageLimit, count_partition, count_slices
from handlers.dynamodb import create_client
from handlers.errors import table_errors
from handlers.slices import MOST_SHARD_GROUPS, CountedSlice, Slice, hourly_counts, slices_of
from handlers.summaries import (
    Counting,
    Summary,
    SummaryKind,
    requested_kind,
    sources_from_json,
    store_summary,
    summary_of,
)
from handlers.windows import (
    Window,
    is_scheduled,
    milliseconds_since_1970,
    read_time,
    requested_windows,
    require_kept,
)

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext

logger = Logger()
tracer = Tracer(patch_modules=["botocore"])
metrics = Metrics()
metrics.set_default_dimensions(environment=os.environ["ENVIRONMENT"])

SOURCES = sources_from_json(os.environ["SOURCES"])
_RETENTION_DAYS = retention_days(os.environ)
_SHARDS = ShardHistory.from_json(os.environ["ACTIVITY_SHARDS"])
_PAGES = int(os.environ["PAGES_IN_ONE_INVOCATION"])
TABLE_NAME = os.environ["ANALYTICS_TABLE_NAME"]
dynamodb = create_client(
    Config(connect_timeout=5, read_timeout=10, retries={"mode": "standard", "total_max_attempts": 10})
)


@logger.inject_lambda_context
@tracer.capture_lambda_handler(capture_response=False)
@metrics.log_metrics(capture_cold_start_metric=True)
def handler(event: dict[str, Any], context: "LambdaContext") -> dict[str, Any]:
    """Write the summaries that a validated request asks for, or do one step of counting them in slices.

    Args:
        event: the validator's answer: `dataType`, `batchSize`, `pageSize` (see `count_partition`), `validatedAt`, and
            what names the window, see `requested_windows`; after counting in slices also `countedAt`, `consistent` and
            the counted `slices`. The state PlanSlices sends `{"step": "PLAN", "request": …}` instead, and CountSlice
            `{"step": "COUNT", "slice": …, "pageSize": …, "consistent": …}`.

    Returns:
        `statusCode`, `body`, and the `summaries` as they were counted, oldest first; for a plan, the request with the
        `slices` to count; for a slice, the slice with its `count`.

    Raises:
        InvalidRequestError: when there is no such summary.
        AnalyticsTableError: when the table cannot be read or written.
        LargeDayError: when it has to be counted in slices.
        SlicesError: when a slice is missing, or is there twice.
    """
    steps = {"PLAN": _plan, "COUNT": _count_slice}
    with table_errors(TABLE_NAME):
        return steps.get(event.get("step", ""), _process)(event)


def _plan(event: Mapping[str, Any]) -> dict[str, Any]:
    """Cut a request into slices; what they need beside themselves is passed on with them."""
    request = event["request"]
    kind, windows = _requested(request)
    return {
        **request,
        "countedAt": _now(),
        "consistent": not is_scheduled(request),
        "pageSize": request.get("pageSize"),
        "slices": [part.to_json() for part in slices_of(windows, _types(kind), _SHARDS, MOST_SHARD_GROUPS)],
    }


def _count_slice(event: Mapping[str, Any]) -> dict[str, Any]:
    count = partial(count_partition, dynamodb, TABLE_NAME, event["pageSize"], event["consistent"], PageLimit())
    ((part, number),) = count_slices(count, [Slice.from_json(event["slice"])])
    return {**part.to_json(), "count": number}


def _process(event: Mapping[str, Any]) -> dict[str, Any]:
    """Write the summaries of slices that are counted, here unless it was done before."""
    kind, windows = _requested(event)
    counting = Counting(
        event.get("countedAt", _now()), event.get("consistent", not is_scheduled(event)), event.get("batchSize")
    )
    if "slices" in event:
        counted = [(Slice.from_json(part), int(part["count"])) for part in event["slices"]]
    else:
        counted = _count_all(kind, windows, event.get("pageSize"), counting.consistent)
    summaries = [
        summary_of(kind, window, hourly_counts(window, _types(kind), _SHARDS, counted), counting) for window in windows
    ]
    _store(summaries)
    _measure(kind, summaries[-1])
    return {"statusCode": 200, "body": "Successfully processed analytics", "summaries": summaries}


def _count_all(
    kind: SummaryKind, windows: Sequence[Window], page_size: int | None, consistent: bool
) -> list[CountedSlice]:
    """Count every slice in this invocation."""
    slices = list(slices_of(windows, _types(kind), _SHARDS, 1))
    limit = PageLimit(_PAGES)
    limit.require(sum(len(part.partition_keys) for part in slices))
    return count_slices(partial(count_partition, dynamodb, TABLE_NAME, page_size, consistent, limit), slices)


def _requested(request: Mapping[str, Any]) -> tuple[SummaryKind, tuple[Window, ...]]:
    """The kind of summary and the windows of a request; of when it was validated, so that a retried state covers the
    same windows, else of now."""
    kind = requested_kind(request.get("dataType"), SOURCES)
    moment = read_time(request, "validatedAt") if "validatedAt" in request else datetime.now(UTC)
    windows = requested_windows(request, moment)
    require_kept(windows, moment, _RETENTION_DAYS)
    return kind, windows


def _types(kind: SummaryKind) -> list[str]:
    return [source.activity_type for source in kind.sources]


def _now() -> int:
    return milliseconds_since_1970(datetime.now(UTC))


def _store(summaries: Sequence[Summary]) -> None:
    """Store each summary that is not older than the one stored already."""
    written = [summary for summary in summaries if store_summary(dynamodb, TABLE_NAME, summary)]
    logger.info("summaries written", summaries=written)
    if older := [summary for summary in summaries if summary not in written]:
        logger.info("summaries that were counted later are stored already", summaries=older)


def _measure(kind: SummaryKind, newest: Summary) -> None:
    """Measure the newest summary, so that a day that is counted twice is not measured twice."""
    numbers = {name: value for name, value in newest.items() if isinstance(value, int)}
    for attribute in ("totalRecords", *(source.count_attribute for source in kind.sources)):
        name = attribute[0].upper() + attribute[1:]
        metrics.add_metric(name, MetricUnit.Count, numbers[attribute])
