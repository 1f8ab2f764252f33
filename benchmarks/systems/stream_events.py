"""Stream records as Lambda delivers them, as many as wanted."""

from collections.abc import Iterator
from itertools import count
from typing import Any

from stack.config import StreamSource


def stream_record(source: StreamSource, number: int, created: int) -> dict[str, Any]:
    """The insertion of a record.

    Args:
        source: the table.
        number: tells records apart.
        created: when, in seconds since 1970.
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
    """Batches of insertions without end, no two of the same record."""
    for first in count(0, records):
        yield {"Records": [stream_record(source, first + number, 1_750_000_000) for number in range(records)]}
