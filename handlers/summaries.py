"""What a summary counts, and storing the counts as an item."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from botocore.exceptions import ClientError

from handlers.errors import InvalidRequestError
from handlers.keys import Item
from handlers.windows import Window

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_dynamodb.type_defs import AttributeValueTypeDef

DAILY_ANALYTICS = "DAILY_ANALYTICS"
_DAILY_SUMMARY = "DAILY_SUMMARY"
_PROCESSED_BY = "analyticsProcessor"

Summary: TypeAlias = dict[str, str | int]


@dataclass(frozen=True)
class CountedSource:
    """A kind of activity to count.

    Args:
        data_type: what a request calls it, `USER_DATA`.
        activity_type: `dataType` of its activities, `USER_ACTIVITY`.
        summary_type: `dataType` of a summary of it alone, `USER_SUMMARY`.
        count_attribute: the attribute of a summary that holds its count, `userActivityCount`.
    """

    data_type: str
    activity_type: str
    summary_type: str
    count_attribute: str


@dataclass(frozen=True)
class SummaryKind:
    """A `dataType` of summaries, and the sources that they count."""

    summary_type: str
    sources: tuple[CountedSource, ...]


def sources_from_json(text: str) -> tuple[CountedSource, ...]:
    """The sources in a JSON list of objects with `dataType`, `activityType`, `summaryType` and `countAttribute`."""
    return tuple(
        CountedSource(entry["dataType"], entry["activityType"], entry["summaryType"], entry["countAttribute"])
        for entry in json.loads(text)
    )


def requested_kind(data_type: object, sources: tuple[CountedSource, ...]) -> SummaryKind:
    """The kind of summary that a request's `dataType` asks for: of all sources, or of one.

    Raises:
        InvalidRequestError: when there is no such kind.
    """
    kinds = {source.data_type: SummaryKind(source.summary_type, (source,)) for source in sources}
    kinds[DAILY_ANALYTICS] = SummaryKind(_DAILY_SUMMARY, sources)
    if not isinstance(data_type, str) or data_type not in kinds:
        raise InvalidRequestError(f"`dataType` is unknown: use one of {', '.join(sorted(kinds))}.")
    return kinds[data_type]


@dataclass(frozen=True)
class Counting:
    """How the activities of a summary were counted.

    Args:
        began_at: milliseconds since 1970; every write that succeeded before is counted, if it read consistently.
        consistent: whether it did.
    """

    began_at: int
    consistent: bool


def summary_of(kind: SummaryKind, window: Window, counts: Mapping[str, int], counting: Counting) -> Summary:
    """The summary of a window; its key is its type and the window's end, so making it again replaces it.

    Args:
        kind: what it counts.
        window: the span of time it is about.
        counts: the activities in the window, by activity type.
        counting: when and how they were counted.
    """
    of_sources = {source.count_attribute: counts[source.activity_type] for source in kind.sources}
    return {
        "dataType": kind.summary_type,
        "processedAt": window.end,
        "totalRecords": sum(of_sources.values()),
        **of_sources,
        "processedBy": _PROCESSED_BY,
        "windowStart": window.start,
        "windowEnd": window.end,
        "countedAt": counting.began_at,
        **({} if counting.consistent else {"consistent": False}),
    }


def summary_item(summary: Summary) -> Item:
    """A summary with DynamoDB's types."""
    return {name: _attribute_value(value) for name, value in summary.items()}


def _attribute_value(value: str | int) -> "AttributeValueTypeDef":
    if isinstance(value, bool):
        return {"BOOL": value}
    return {"N": str(value)} if isinstance(value, int) else {"S": value}


def store_summary(client: "DynamoDBClient", table_name: str, summary: Summary) -> bool:
    """Store a summary unless one is stored whose counting began later; returns whether it is stored now.

    Raises:
        ClientError, BotoCoreError: when the table cannot be written.
    """
    item = summary_item(summary)
    try:
        client.put_item(
            TableName=table_name,
            Item=item,
            ConditionExpression="attribute_not_exists(countedAt) OR countedAt <= :countedAt",
            ExpressionAttributeValues={":countedAt": item["countedAt"]},
        )
    except ClientError as error:
        if error.response["Error"]["Code"] != "ConditionalCheckFailedException":
            raise
        return False
    return True
