"""What a stack under test holds and tells: failed events, summaries, metrics and alarms that ring."""

import json
import math
from datetime import UTC, datetime, time, timedelta
from typing import Any

from build.cloudformation.stacks import DeployedStack
from build.console.metrics import Metric
from build.console.target import Target
from build.local.cloud import LocalCloud
from build.redrive.failed_events import deployed_pipeline
from handlers.summaries import DAILY_ANALYTICS, CountedSource, Counting, requested_kind, summary_item, summary_of
from handlers.windows import Window
from stack.config import SOURCES
from tests.build.redrive.failure_records import failure

SOURCE = SOURCES[0]
_HOUR = 3_600_000


def store_failure(
    cloud: LocalCloud, stack: DeployedStack, record_id: str, moment: str = "1", error: str = "Unhandled"
) -> str:
    """Store what Lambda leaves of a record that it gave up, which the stream does not hold any more; its key."""
    source = deployed_pipeline(stack, cloud.config).sources[0]
    keys = {SOURCE.id_attribute: {"S": record_id}, SOURCE.time_attribute: {"N": moment}}
    change: dict[str, Any] = {
        "eventID": f"event of {record_id}",
        "eventName": "INSERT",
        "eventSourceARN": f"{source.table_arn}/stream/2026-01-01T00:00:00.000",
        "dynamodb": {
            "ApproximateCreationDateTime": 1_770_000_000,
            "Keys": keys,
            "NewImage": keys,
            "SequenceNumber": "100000000000000000001",
        },
    }
    document = failure(change)
    document["requestContext"]["functionArn"] = source.function_arn
    document["responseContext"]["functionError"] = error
    document["DDBStreamBatchInfo"]["streamArn"] = change["eventSourceARN"]
    document["payload"] = json.dumps({"Records": [change]})
    key = f"aws/lambda/mapping/shard/2026/03/01/2026-03-01T12.30.00-{record_id}"
    body = json.dumps(document).encode()
    cloud.clients.s3.put_object(Bucket=cloud.outputs["FailedEventsBucketName"], Key=key, Body=body)
    return key


def seed_summaries(cloud: LocalCloud, days: int) -> None:
    """Write a summary of each of the last days, today excluded, as the function would."""
    counted = tuple(
        CountedSource(source.data_type, source.activity_type, source.summary_type, source.count_attribute)
        for source in cloud.config.sources
    )
    kind = requested_kind(DAILY_ANALYTICS, counted)
    for age in range(1, days + 1):
        start = _midnight(age)
        window = Window(start, start + 24 * _HOUR)
        counts = {source.activity_type: _hours_of(age, number) for number, source in enumerate(counted)}
        item = summary_item(summary_of(kind, window, counts, Counting(window.end, True)))
        cloud.clients.dynamodb.put_item(TableName=cloud.outputs["AnalyticsTableName"], Item=item)


def seed_activities(cloud: LocalCloud, age: int) -> None:
    """Write the activities of a day so many days ago that `seed_summaries` counts."""
    activities = [
        {"PutRequest": {"Item": {"dataType": {"S": source.activity_type}, "processedAt": {"N": str(moment)}}}}
        for number, source in enumerate(cloud.config.sources)
        for hour, count in enumerate(_hours_of(age, number))
        for moment in range(_midnight(age) + hour * _HOUR, _midnight(age) + hour * _HOUR + count)
    ]
    for first in range(0, len(activities), 25):
        requests: Any = {cloud.outputs["AnalyticsTableName"]: activities[first : first + 25]}
        cloud.clients.dynamodb.batch_write_item(RequestItems=requests)


def _midnight(age: int) -> int:
    """The first millisecond of a UTC day so many days ago."""
    return int((datetime.combine(datetime.now(UTC).date(), time(), UTC) - timedelta(days=age)).timestamp() * 1000)


def _hours_of(age: int, source: int) -> list[int]:
    """How many activities a source has in each hour of a day: more on some days, and most at noon."""
    usual = 18 + 3 * (age * (3 + source) % 7) + age % 5
    return [round(usual * (1.2 - math.cos((hour + source) * math.tau / 24))) for hour in range(24)]


def seed_metrics(target: Target, metrics: dict[Metric, list[float]]) -> None:
    """Publish values of metrics, a value a period, the last of them now."""
    now = datetime.now(UTC)
    for metric, values in metrics.items():
        dimensions: Any = metric.query["MetricStat"]["Metric"]["Dimensions"]
        target.clients.cloudwatch.put_metric_data(
            Namespace=metric.namespace,
            MetricData=[
                {
                    "MetricName": metric.name,
                    "Dimensions": dimensions,
                    "Timestamp": now - timedelta(seconds=metric.period * (len(values) - 1 - number)),
                    "Value": value,
                }
                for number, value in enumerate(values)
            ],
        )


def ring(target: Target, logical_id: str) -> None:
    """Publish what makes an alarm ring, until its period is over."""
    name = target.resources[logical_id].physical_id
    (alarm,) = target.clients.cloudwatch.describe_alarms(AlarmNames=[name])["MetricAlarms"]
    value: Any = {
        "MetricName": alarm["MetricName"],
        "Dimensions": alarm["Dimensions"],
        "Timestamp": datetime.now(UTC),
        "Value": alarm["Threshold"] + 1,
    }
    target.clients.cloudwatch.put_metric_data(Namespace=alarm["Namespace"], MetricData=[value])
