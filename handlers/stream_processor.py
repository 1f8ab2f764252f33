"""Records a table's changes as activities in the analytics table, each exactly once."""

import os
from functools import partial
from typing import TYPE_CHECKING, Any

from aws_lambda_powertools import Logger, Metrics, Tracer
from aws_lambda_powertools.metrics import MetricUnit
from botocore.config import Config

from handlers.activities import ActivitySource, activity_item
from handlers.activity_batch import BatchReport, process_batch, records_of
from handlers.batch_writer import BatchWriter
from handlers.dynamodb import create_client

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext

_REASONS_LOGGED = 20
# The longest that the last request can take: two attempts of the client below, a backoff, the answer.
RESERVED_SECONDS = 15

logger = Logger()
tracer = Tracer(patch_modules=["botocore"])
metrics = Metrics()
metrics.set_default_dimensions(environment=os.environ["ENVIRONMENT"])

SOURCE = ActivitySource.from_environment(os.environ)
TABLE_NAME = os.environ["ANALYTICS_TABLE_NAME"]
# Every attribute of an item was checked when it was made; to check them again took a third of the CPU time of a batch.
dynamodb = create_client(
    Config(
        connect_timeout=2,
        read_timeout=3,
        retries={"mode": "standard", "total_max_attempts": 2},
        parameter_validation=False,
    )
)


@logger.inject_lambda_context
@tracer.capture_lambda_handler(capture_response=False)
@metrics.log_metrics(capture_cold_start_metric=True)
def handler(event: dict[str, Any], context: "LambdaContext") -> dict[str, Any]:
    """Record a batch of a DynamoDB stream.

    Args:
        event: `Records` of the stream.
        context: of the invocation; its remaining time limits the retries.

    Returns:
        The records to deliver again, by sequence number
        (https://docs.aws.amazon.com/lambda/latest/dg/services-ddb-batchfailurereporting.html).

    Raises:
        ValueError: when the event is not one of a stream.
    """
    writer = BatchWriter(dynamodb, TABLE_NAME, time_left=partial(_seconds_left, context))
    report = process_batch(records_of(event), partial(activity_item, source=SOURCE), writer.write)
    _publish(report)
    return report.response


def _seconds_left(context: "LambdaContext") -> float:
    """The seconds in which requests to DynamoDB may still begin."""
    return context.get_remaining_time_in_millis() / 1000 - RESERVED_SECONDS


def _publish(report: BatchReport) -> None:
    failed = len(report.failed)
    metrics.add_metric("RecordsProcessed", MetricUnit.Count, report.records - failed)
    metrics.add_metric("RecordsFailed", MetricUnit.Count, failed)
    metrics.add_metric("ActivitiesWritten", MetricUnit.Count, report.written)
    logger.info(
        "batch processed", records=report.records, written=report.written, ignored=report.ignored, failed=failed
    )
    if report.failed:
        logger.warning("records failed", failures=[vars(record) for record in report.failed[:_REASONS_LOGGED]])
