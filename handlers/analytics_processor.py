"""Counts activities and writes summaries of them, the second state of an execution."""

import os
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from functools import partial
from typing import Any

from aws_lambda_powertools import Logger, Metrics, Tracer
from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.typing import LambdaContext
from botocore.config import Config

from handlers.activities import retention_days
from handlers.counting import count_activities, count_partition
from handlers.dynamodb import create_client
from handlers.errors import table_errors
from handlers.shards import ShardHistory
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

logger = Logger()
tracer = Tracer(patch_modules=["botocore"])
metrics = Metrics()
metrics.set_default_dimensions(environment=os.environ["ENVIRONMENT"])

SOURCES = sources_from_json(os.environ["SOURCES"])
_RETENTION_DAYS = retention_days(os.environ)
_SHARDS = ShardHistory.from_json(os.environ["ACTIVITY_SHARDS"])
TABLE_NAME = os.environ["ANALYTICS_TABLE_NAME"]
dynamodb = create_client(
    Config(connect_timeout=5, read_timeout=10, retries={"mode": "standard", "total_max_attempts": 10})
)


@logger.inject_lambda_context
@tracer.capture_lambda_handler(capture_response=False)
@metrics.log_metrics(capture_cold_start_metric=True)
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Write the summaries that a validated request asks for.

    Args:
        event: the validator's answer: `dataType`, `batchSize` (items per page), `validatedAt`, and what names the
            window, see `requested_windows`.

    Returns:
        `statusCode`, `body`, and the `summaries` as they were counted, oldest first.

    Raises:
        InvalidRequestError: when there is no such summary.
        AnalyticsTableError: when the table cannot be read or written.
    """
    kind = requested_kind(event.get("dataType"), SOURCES)
    now = _request_time(event)
    windows = requested_windows(event, now)
    require_kept(windows, now, _RETENTION_DAYS)
    with table_errors(TABLE_NAME):
        summaries = _summaries(kind, windows, event.get("batchSize"), consistent=not is_scheduled(event))
        _store(summaries)
    _measure(kind, summaries[-1])
    return {"statusCode": 200, "body": "Successfully processed analytics", "summaries": summaries}


def _request_time(event: Mapping[str, Any]) -> datetime:
    """When the input was validated, so that a retried state covers the same window; else now."""
    return read_time(event, "validatedAt") if "validatedAt" in event else datetime.now(UTC)


def _summaries(kind: SummaryKind, windows: Sequence[Window], page_size: int | None, consistent: bool) -> list[Summary]:
    """Count every window."""
    counting = Counting(milliseconds_since_1970(datetime.now(UTC)), consistent)
    counts = count_activities(
        partial(count_partition, dynamodb, TABLE_NAME, page_size, consistent),
        windows,
        [source.activity_type for source in kind.sources],
        _SHARDS,
    )
    return [summary_of(kind, window, counts[window], counting) for window in windows]


def _store(summaries: Sequence[Summary]) -> None:
    """Store each summary that is not older than the one stored already."""
    written = [summary for summary in summaries if store_summary(dynamodb, TABLE_NAME, summary)]
    logger.info("summaries written", summaries=written)
    if older := [summary for summary in summaries if summary not in written]:
        logger.info("summaries that were counted later are stored already", summaries=older)


def _measure(kind: SummaryKind, newest: Summary) -> None:
    """Measure the newest summary, so that a day that is counted twice is not measured twice."""
    for attribute in ("totalRecords", *(source.count_attribute for source in kind.sources)):
        name = attribute[0].upper() + attribute[1:]
        metrics.add_metric(name, MetricUnit.Count, int(newest[attribute]))
