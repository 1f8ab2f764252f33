"""Stream records as Lambda delivers them."""

from typing import Any

from handlers.activities import ActivitySource
from handlers.activity_settings import ShardHistory

USERS = ActivitySource(
    id_attribute="userId",
    time_attribute="timestamp",
    source_id_attribute="sourceUserId",
    activity_type="USER_ACTIVITY",
    shards=ShardHistory(((0, 1),)),
    processed_by="userDataProcessor",
)
USERS_ENVIRONMENT = {
    "ID_ATTRIBUTE": "userId",
    "TIME_ATTRIBUTE": "timestamp",
    "SOURCE_ID_ATTRIBUTE": "sourceUserId",
    "ACTIVITY_TYPE": "USER_ACTIVITY",
    "ACTIVITY_SHARDS": "[[0,1]]",
    "PROCESSED_BY": "userDataProcessor",
}
"""What the environment of its function says of that source."""


def stream_record(number: int = 1, event_name: str = "INSERT", timestamp: str = "1700000000000") -> dict[str, Any]:
    """A change of the user table; records of different numbers are different changes of one moment."""
    keys = {"userId": {"S": f"user-{number}"}, "timestamp": {"N": timestamp}}
    return {
        "eventID": f"event-{number}",
        "eventName": event_name,
        "eventVersion": "1.1",
        "eventSource": "aws:dynamodb",
        "awsRegion": "us-west-2",
        "dynamodb": {
            "ApproximateCreationDateTime": 1700000000.0,
            "Keys": keys,
            "NewImage": {**keys, "email": {"S": "someone@example.com"}},
            "SequenceNumber": f"{number:021d}",
            "SizeBytes": 100,
            "StreamViewType": "NEW_AND_OLD_IMAGES",
        },
        "eventSourceARN": "arn:aws:dynamodb:us-west-2:123456789012:table/dev-userdata-synth/stream/2026-01-01T00:00",
    }
