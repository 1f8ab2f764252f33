"""The reference's algorithms, rewritten in Python: a PutItem per record, one Scan with a filter for the summary.

boto3's table resource stands for the DocumentClient; `print` for `console.log`, with the prefix that Lambda's Node
runtime puts before a line.
"""

import os
import time
from typing import TYPE_CHECKING, Any

import boto3

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.service_resource import Table

DAY_MILLISECONDS = 24 * 60 * 60 * 1000
_LINE_PREFIX = "2026-01-01T00:00:00.000Z\t00000000-0000-0000-0000-000000000000\tINFO\t"


def _console_log(*words: object) -> None:
    """Print a line as the reference's runtime does."""
    print(_LINE_PREFIX, *words)


def open_table() -> "Table":
    """The table that the environment names."""
    return boto3.resource("dynamodb").Table(os.environ["ANALYTICS_TABLE_NAME"])


def process_user_data(table: "Table", event: dict[str, Any]) -> None:
    """Put an activity for every record, one request after the other, two lines of log for each."""
    _console_log("Processing user data stream records:", len(event["Records"]))
    for record in event["Records"]:
        if record["eventName"] in ("INSERT", "MODIFY"):
            _put_activity(table, record["eventName"], record["dynamodb"]["NewImage"])


def _put_activity(table: "Table", event_name: str, image: dict[str, Any]) -> None:
    """Put the activity of one record; activities of the same millisecond overwrite each other."""
    user_id = image["userId"]["S"]
    _console_log("Processing user record:", {"userId": user_id, "eventType": event_name})
    table.put_item(
        Item={
            "dataType": "USER_ACTIVITY",
            "processedAt": time.time_ns() // 1_000_000,
            "sourceUserId": user_id,
            "sourceTimestamp": int(image["timestamp"]["N"]),
            "eventType": event_name,
            "processedBy": "userDataProcessor",
        }
    )
    _console_log("Successfully processed user data:", user_id)


def put_summary(table: "Table", now: int, every_page: bool) -> dict[str, Any]:
    """Scan the table for what is newer than a day, count it and put a summary.

    Args:
        table: the analytics table.
        now: the current time in milliseconds since 1970.
        every_page: False as in the reference, which reads the first 1 MB and takes it for the whole table; True for
            what it would have to do to be right.
    """
    items = _scan(table, now - DAY_MILLISECONDS, every_page)
    summary = {
        "dataType": "DAILY_SUMMARY",
        "processedAt": now,
        "totalRecords": len(items),
        "userActivityCount": sum(item["dataType"] == "USER_ACTIVITY" for item in items),
        "orderActivityCount": sum(item["dataType"] == "ORDER_ACTIVITY" for item in items),
        "processedBy": "analyticsProcessor",
    }
    table.put_item(Item=summary)
    return summary


def _scan(table: "Table", since: int, every_page: bool) -> list[dict[str, Any]]:
    """The items that are newer than a time, of the first page or of every page."""
    request: dict[str, Any] = {
        "FilterExpression": "processedAt > :timestamp",
        "ExpressionAttributeValues": {":timestamp": since},
    }
    page = table.scan(**request)
    items = page["Items"]
    while every_page and "LastEvaluatedKey" in page:
        page = table.scan(**request, ExclusiveStartKey=page["LastEvaluatedKey"])
        items += page["Items"]
    return items
