"""Failure records as Lambda writes them, and the stack that they come from."""

import json
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from build.redrive.failed_events import DeployedPipeline, DeployedSource, StoredObject

ACCOUNT = "123456789012"
MAPPING = "0a7a3d3c-6a0b-4e0f-9f0e-7f3a6d1f0c11"
SHARD = "shardId-00000001573689847184-864758bb"
FIRST_SEQUENCE_NUMBER = 10**20
MIDDAY = datetime(2026, 3, 1, 12, tzinfo=UTC)


def source(name: str) -> DeployedSource:
    """A source of the stack under test."""
    return DeployedSource(
        name,
        f"arn:aws:lambda:us-west-2:{ACCOUNT}:function:dev-{name.lower()}proc-synth",
        f"arn:aws:dynamodb:us-west-2:{ACCOUNT}:table/dev-{name.lower()}-synth",
    )


USERS, ORDERS = source("UserData"), source("OrderData")
PIPELINE = DeployedPipeline(
    account=ACCOUNT,
    bucket="failed-events",
    state_machine=f"arn:aws:states:us-west-2:{ACCOUNT}:stateMachine:dev-data-processing-synth",
    sources=(USERS, ORDERS),
)


def record(
    number: int = 0, created: datetime = MIDDAY, origin: DeployedSource = USERS, **changes: Any
) -> dict[str, Any]:
    """A record of a source's stream; `changes` replace its members."""
    entity = origin.name.removesuffix("Data").lower()
    time = {"User": "timestamp", "Order": "createdAt"}[entity.capitalize()]
    keys = {f"{entity}Id": {"S": f"{entity}-{number}"}, time: {"N": str(1_750_000_000_000 + number)}}
    return {
        "eventID": f"{origin.name}-{number}",
        "eventName": "INSERT",
        "eventVersion": "1.1",
        "eventSource": "aws:dynamodb",
        "awsRegion": "us-west-2",
        "dynamodb": {
            "ApproximateCreationDateTime": int(created.timestamp()),
            "Keys": keys,
            "NewImage": keys,
            "SequenceNumber": str(FIRST_SEQUENCE_NUMBER + number),
            "SizeBytes": 60,
            "StreamViewType": "NEW_AND_OLD_IMAGES",
        },
        "eventSourceARN": f"{origin.table_arn}/stream/2026-01-01T00:00:00.000",
        **changes,
    }


def failure(*records: object, origin: DeployedSource = USERS) -> dict[str, Any]:
    """The document that Lambda leaves of records it gave up."""
    return {
        "requestContext": {
            "requestId": str(uuid4()),
            "functionArn": origin.function_arn,
            "condition": "RetryAttemptsExhausted",
            "approximateInvokeCount": 4,
        },
        "responseContext": {"statusCode": 200, "executedVersion": "$LATEST", "functionError": "Unhandled"},
        "version": "1.0",
        "timestamp": "2026-03-01T12:30:00.000Z",
        "DDBStreamBatchInfo": {
            "shardId": SHARD,
            "startSequenceNumber": str(FIRST_SEQUENCE_NUMBER),
            "endSequenceNumber": str(FIRST_SEQUENCE_NUMBER),
            "approximateArrivalOfFirstRecord": "2026-03-01T12:00:00Z",
            "approximateArrivalOfLastRecord": "2026-03-01T12:00:00Z",
            "batchSize": len(records),
            "streamArn": f"{origin.table_arn}/stream/2026-01-01T00:00:00.000",
        },
        "payload": json.dumps({"Records": list(records)}),
    }


def body(*records: object, origin: DeployedSource = USERS) -> bytes:
    """The content of an object for records that were given up."""
    return json.dumps(failure(*records, origin=origin)).encode()


def key(moment: datetime = MIDDAY) -> str:
    """A key that Lambda would write at a moment, a new one each time."""
    return f"aws/lambda/{MAPPING}/{SHARD}/{moment:%Y/%m/%d/%Y-%m-%dT%H.%M.%S}-{uuid4()}"


def stored(name: str, size: int = 1000) -> StoredObject:
    """An object as the bucket lists it."""
    return StoredObject(name, size, MIDDAY)
