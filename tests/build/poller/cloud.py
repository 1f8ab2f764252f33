"""A function, a bucket, tables and mappings in an emulated AWS."""

import io
import json
import zipfile
from dataclasses import replace
from itertools import count
from typing import Any, Final

import boto3

from build.aws import Clients
from build.poller.batches import Backoff
from build.poller.context import PollerOptions
from build.poller.invocation import Function, Response
from build.poller.mapping import EventSourceMapping, mapping_from_response
from build.poller.poller import Poller, open_poller_clients
from stack.config import DEFAULT_REGION

REGION: Final = "us-west-2"
OPTIONS = PollerOptions(backoff=Backoff(0.05, 0.2))
ROLE = "arn:aws:iam::000000000000:role/unused"
CODE = """
def handler(event, context):
    records = event["Records"]
    print(len(records), "records")
    images = [record["dynamodb"].get("NewImage", {}) for record in records]
    if any("crash" in image for image in images):
        raise ValueError("a record that crashes the function")
    failed = [record for record, image in zip(records, images, strict=True) if "fail" in image]
    return {"batchItemFailures": [{"itemIdentifier": record["dynamodb"]["SequenceNumber"]} for record in failed]}
"""
numbers = count()


def zipped(code: str, name: str = "index.py") -> bytes:
    """A function's only file, as the bytes of a zip."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        archive.writestr(name, code)
    return content.getvalue()


class Cloud:
    """Clients for one emulator, and what the tests need in it."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.dynamodb = boto3.client("dynamodb", endpoint_url=url)
        self.functions = boto3.client("lambda", endpoint_url=url)
        self.s3 = boto3.client("s3", endpoint_url=url)
        self.functions.create_function(
            FunctionName="recorder",
            Runtime="python3.13",
            Handler="index.handler",
            Role=ROLE,
            Code={"ZipFile": zipped(CODE)},
        )
        self.s3.create_bucket(Bucket="failed-events", CreateBucketConfiguration={"LocationConstraint": REGION})

    def table(self) -> tuple[str, str]:
        """Make a table with a stream; returns its name and the stream's ARN."""
        answer = self.dynamodb.create_table(
            TableName=f"things-{next(numbers)}",
            KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
            BillingMode="PAY_PER_REQUEST",
            StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"},
        )
        return answer["TableDescription"]["TableName"], answer["TableDescription"]["LatestStreamArn"]

    def mapping(self, stream_arn: str, **settings: Any) -> EventSourceMapping:
        """Make a disabled mapping of a stream to the function."""
        answer = self.functions.create_event_source_mapping(
            FunctionName="recorder",
            EventSourceArn=stream_arn,
            Enabled=False,
            StartingPosition="TRIM_HORIZON",
            FunctionResponseTypes=["ReportBatchItemFailures"],
            **settings,
        )
        return mapping_from_response(answer)

    def put(self, table: str, item: str, **attributes: Any) -> None:
        """Write an item."""
        self.dynamodb.put_item(TableName=table, Item={"id": {"S": item}, **attributes})

    def poller(self, *mappings: EventSourceMapping) -> tuple[Poller, list[dict[str, Any]]]:
        """A poller, and the list of events that it sends."""
        clients = open_poller_clients(Clients(boto3.Session(), DEFAULT_REGION, self.url))
        events: list[dict[str, Any]] = []

        def recorded(mapping: EventSourceMapping) -> Function:
            function = clients.function(mapping)

            def call(payload: bytes) -> Response:
                events.append(json.loads(payload))
                return function(payload)

            return call

        return Poller(mappings, replace(clients, function=recorded), OPTIONS), events
