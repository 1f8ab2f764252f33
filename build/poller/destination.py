"""On-failure destinations: where the records of failed batches are kept."""

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from botocore.exceptions import BotoCoreError, ClientError

from build.poller.failure_record import FailureRecord

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_sns import SNSClient
    from mypy_boto3_sqs import SQSClient


class Destination(Protocol):
    """Something that keeps failure records, or raises the ClientError or BotoCoreError of the call that failed."""

    def __call__(self, record: FailureRecord) -> None: ...


@dataclass(frozen=True)
class Bucket:
    """An S3 bucket, the only destination that gets the records themselves."""

    client: "S3Client"
    name: str

    def __call__(self, record: FailureRecord) -> None:
        self.client.put_object(Bucket=self.name, Key=record.object_key, Body=json.dumps(record.with_payload).encode())


@dataclass(frozen=True)
class Queue:
    """An SQS queue; gets the metadata alone."""

    client: "SQSClient"
    name: str

    def __call__(self, record: FailureRecord) -> None:
        url = self.client.get_queue_url(QueueName=self.name)["QueueUrl"]
        self.client.send_message(QueueUrl=url, MessageBody=json.dumps(record.metadata))


@dataclass(frozen=True)
class Topic:
    """An SNS topic; gets the metadata alone."""

    client: "SNSClient"
    arn: str

    def __call__(self, record: FailureRecord) -> None:
        self.client.publish(TopicArn=self.arn, Message=json.dumps(record.metadata))


def deliver(destination: Destination, record: FailureRecord) -> str | None:
    """Hand a record to a destination, once.

    Returns:
        What went wrong, or None when the record is kept.
    """
    try:
        destination(record)
    except (BotoCoreError, ClientError) as error:
        return str(error)
    return None
