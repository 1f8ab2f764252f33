"""Turns a record of a table's stream into the activity that the analytics table stores."""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import reduce
from operator import getitem
from typing import Any

from handlers.activity_settings import ShardHistory, retention_days
from handlers.keys import SIGNIFICANT_DIGITS, Item, partition_keys, sort_key

_RECORDED_EVENTS = ("INSERT", "MODIFY")
_IGNORED_EVENT = "REMOVE"
_YEAR_10000 = 253_402_300_800
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d{1,4})?", re.ASCII | re.IGNORECASE)
_SECONDS_A_DAY = 24 * 60 * 60
_GREATEST_EXPONENT = 125
_LEAST_EXPONENT = -130


class RecordError(ValueError):
    """A stream record that no activity can be made of; the message names attributes and types, never values."""


@dataclass(frozen=True)
class ActivitySource:
    """The table whose stream is read, and how its records are recorded.

    Args:
        id_attribute: string attribute that identifies the changed item, `userId`.
        time_attribute: number attribute with the time of the item, `timestamp`.
        source_id_attribute: attribute of an activity that holds the id, `sourceUserId`.
        activity_type: `dataType` of the activities, `USER_ACTIVITY`.
        shards: how many partition keys the activity type is spread over, and since when.
        processed_by: the `processedBy` of its activities.
        retention_days: how long they are kept after their record was created; None for ever.
    """

    id_attribute: str
    time_attribute: str
    source_id_attribute: str
    activity_type: str
    shards: ShardHistory
    processed_by: str
    retention_days: int | None = None

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> "ActivitySource":
        """The source that the stream processor's environment variables describe."""
        return cls(
            id_attribute=environment["ID_ATTRIBUTE"],
            time_attribute=environment["TIME_ATTRIBUTE"],
            source_id_attribute=environment["SOURCE_ID_ATTRIBUTE"],
            activity_type=environment["ACTIVITY_TYPE"],
            shards=ShardHistory.from_json(environment["ACTIVITY_SHARDS"]),
            processed_by=environment["PROCESSED_BY"],
            retention_days=retention_days(environment),
        )


def activity_item(record: object, source: ActivitySource) -> Item | None:
    """Make the activity of a stream record; the same record always makes the same item.

    Args:
        record: one of `Records` of the event, whatever it is.
        source: the table that it comes from.

    Returns:
        The typed item, or None for a removal, which is no activity.

    Raises:
        RecordError: when the record is not what DynamoDB Streams sends for such a table.
    """
    event_name = value_at(record, "eventName")
    if event_name == _IGNORED_EVENT:
        return None
    if event_name not in _RECORDED_EVENTS:
        raise RecordError("eventName must be INSERT, MODIFY or REMOVE")
    data_type, processed_at = activity_key(record, source)
    return {
        "dataType": {"S": data_type},
        "processedAt": {"N": processed_at},
        source.source_id_attribute: {"S": _image_attribute(record, source.id_attribute, "S")},
        "sourceTimestamp": {"N": _exact_number(record, source.time_attribute)},
        "eventType": {"S": event_name},
        "processedBy": {"S": source.processed_by},
        **_expiry(record, source.retention_days),
    }


def _expiry(record: object, days: int | None) -> Item:
    """The attribute after whose second DynamoDB may delete an activity, if any may be deleted."""
    if days is None:
        return {}
    return {"expiresAt": {"N": str(creation_milliseconds(record) // 1000 + days * _SECONDS_A_DAY)}}


def activity_key(record: object, source: ActivitySource) -> tuple[str, str]:
    """The `dataType` and `processedAt` of a record's activity, a function of its eventID and creation time alone."""
    digest = hashlib.sha256(_event_id(record).encode(errors="surrogatepass")).digest()
    fraction, shard = int.from_bytes(digest[:24], "big"), int.from_bytes(digest[24:], "big")
    created = creation_milliseconds(record)
    partitions = partition_keys(source.activity_type, source.shards.at(created))
    return partitions[shard % len(partitions)], sort_key(created, fraction)


def _event_id(record: object) -> str:
    """The identifier that a stream record keeps however often it is delivered."""
    identifier = value_at(record, "eventID")
    if not isinstance(identifier, str) or not identifier:
        raise RecordError("eventID must be a string that is not empty")
    return identifier


def creation_milliseconds(record: object) -> int:
    """When a record was created, in milliseconds since 1970, which decides the day and the shard of its activity.

    Raises:
        RecordError: when the record does not say it.
    """
    seconds = value_at(record, "dynamodb", "ApproximateCreationDateTime")
    if type(seconds) not in (int, float) or not 0 <= seconds < _YEAR_10000:
        raise RecordError("dynamodb.ApproximateCreationDateTime must be a number of seconds since 1970")
    whole = int(seconds)
    return whole * 1000 if whole == seconds else int(Decimal(str(seconds)) * 1000)


def _exact_number(record: object, name: str) -> str:
    """A number attribute of the new image, in the digits that the stream has."""
    number: str = _image_attribute(record, name, "N")
    if not is_dynamodb_number(number):
        raise RecordError(f"dynamodb.NewImage.{name}.N must be a number that DynamoDB can hold")
    return number


def is_dynamodb_number(text: str) -> bool:
    """Whether DynamoDB takes a number: 38 significant digits, magnitude 1E-130 to 9.9…9E+125, or zero.

    https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/HowItWorks.NamingRulesDataTypes.html
    """
    if text.isascii() and text.isdigit() and len(text) <= SIGNIFICANT_DIGITS:
        return True
    if not _NUMBER.fullmatch(text):
        return False
    number = Decimal(text)
    significant = "".join(map(str, number.as_tuple().digits)).strip("0")
    return len(significant) <= SIGNIFICANT_DIGITS and (
        not number or _LEAST_EXPONENT <= number.adjusted() <= _GREATEST_EXPONENT
    )


def _image_attribute(record: object, name: str, attribute_type: str) -> str:
    """The text of an attribute of the new image, which must have the type `S` or `N`."""
    text = value_at(record, "dynamodb", "NewImage", name, attribute_type)
    if not isinstance(text, str):
        raise RecordError(f"dynamodb.NewImage.{name}.{attribute_type} must be a string")
    return text


def value_at(record: object, *path: str) -> Any:
    """What a record holds at a path of names."""
    value: Any = record
    try:
        return reduce(getitem, path, value)
    except (KeyError, TypeError) as error:
        raise RecordError(f"{'.'.join(path)} is missing") from error
