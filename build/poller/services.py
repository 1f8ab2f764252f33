"""What a poller talks to: the streams' API, the functions and the on-failure destinations."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import boto3
from botocore.config import Config

from build.errors import CommandError
from build.poller.configuration import EventSourceMapping
from build.poller.destination import Bucket, Destination, Queue, Topic
from build.poller.invocation import Function, LambdaFunction

if TYPE_CHECKING:
    from mypy_boto3_dynamodbstreams import DynamoDBStreamsClient

CALL_SECONDS = 10
LONGEST_INVOCATION_SECONDS = 15 * 60 + CALL_SECONDS
CONNECTIONS = 50
FIFO_SUFFIX = ".fifo"

DestinationFactory = Callable[[str], Destination]


@dataclass(frozen=True)
class Services:
    """What a poller talks to.

    Args:
        streams: client for the streams' API.
        function: gives what to invoke for a mapping.
        destination: gives where a mapping's failed batches go, None for nowhere.
    """

    streams: "DynamoDBStreamsClient"
    function: Callable[[EventSourceMapping], Function]
    destination: Callable[[EventSourceMapping], Destination | None]


def destination_of(mapping: EventSourceMapping, factories: dict[str, DestinationFactory]) -> Destination | None:
    """Where the failed batches of a mapping go.

    Args:
        mapping: with the destination's ARN, or none.
        factories: by service, what makes a destination of an ARN.

    Raises:
        CommandError: the destination is of a kind that a DynamoDB stream cannot have.
    """
    arn = mapping.destination_arn
    if not arn:
        return None
    service = arn.split(":")[2] if arn.startswith("arn:") else arn
    if service not in factories or arn.endswith(FIFO_SUFFIX):
        raise CommandError(
            f"the on-failure destination {arn} cannot keep records of a DynamoDB stream; "
            "use a standard SQS queue, a standard SNS topic or an S3 bucket."
        )
    return factories[service](arn)


def connect(session: boto3.Session, endpoint_url: str | None = None) -> Services:
    """The services of an account or an emulator, over clients that leave retries to the poller.

    Args:
        session: with credentials and region.
        endpoint_url: of the emulator; None for AWS or what the environment says.
    """
    quick = Config(connect_timeout=CALL_SECONDS, read_timeout=CALL_SECONDS, retries={"total_max_attempts": 1})
    patient = quick.merge(Config(read_timeout=LONGEST_INVOCATION_SECONDS, max_pool_connections=CONNECTIONS))
    functions = session.client("lambda", endpoint_url=endpoint_url, config=patient)
    buckets = session.client("s3", endpoint_url=endpoint_url, config=quick)
    queues = session.client("sqs", endpoint_url=endpoint_url, config=quick)
    topics = session.client("sns", endpoint_url=endpoint_url, config=quick)
    factories: dict[str, DestinationFactory] = {
        "s3": lambda arn: Bucket(buckets, arn.split(":::")[1]),
        "sqs": lambda arn: Queue(queues, arn.split(":")[-1]),
        "sns": lambda arn: Topic(topics, arn),
    }
    return Services(
        streams=session.client("dynamodbstreams", endpoint_url=endpoint_url, config=quick),
        function=lambda mapping: LambdaFunction(functions, mapping.function_arn),
        destination=lambda mapping: destination_of(mapping, factories),
    )
