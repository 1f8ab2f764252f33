"""The day that is summarised, and stream records as Lambda delivers them."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from itertools import count
from typing import Any

from stack.config import StreamSource

SECONDS_A_DAY = 24 * 60 * 60
SUMMARISED_DAY = date(2026, 1, 31)


def midnight_milliseconds(day: date) -> int:
    """The beginning of a UTC day in milliseconds since 1970."""
    return int(datetime.combine(day, time(), UTC).timestamp()) * 1000


END_OF_DAY = midnight_milliseconds(SUMMARISED_DAY + timedelta(days=1))


def insertion(source: StreamSource, number: int, created: int) -> dict[str, Any]:
    """The stream record of an insertion.

    Args:
        source: whose table it is.
        number: distinguishes records.
        created: seconds since 1970.
    """
    keys = {
        source.id_attribute: {"S": f"{source.words[0].lower()}-{number:08d}"},
        source.time_attribute: {"N": str(created * 1000 + number % 1000)},
    }
    return {
        "eventID": f"{number:032x}",
        "eventName": "INSERT",
        "eventVersion": "1.1",
        "eventSource": "aws:dynamodb",
        "awsRegion": "us-west-2",
        "dynamodb": {
            "ApproximateCreationDateTime": created,
            "Keys": keys,
            "NewImage": {**keys, "state": {"S": "new"}},
            "SequenceNumber": f"{number:021d}",
            "SizeBytes": 100,
            "StreamViewType": "NEW_AND_OLD_IMAGES",
        },
        "eventSourceARN": "arn:aws:dynamodb:us-west-2:123456789012:table/users/stream/2026-01-01T00:00:00.000",
    }


def stream_events(source: StreamSource, records: int) -> Iterator[dict[str, Any]]:
    """Endless batches of insertions, no two of the same record."""
    for first in count(0, records):
        yield {"Records": [insertion(source, first + number, 1_750_000_000) for number in range(records)]}
