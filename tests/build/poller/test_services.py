"""What a mapping's ARNs lead to."""

from typing import Any

import boto3
import pytest

from build.errors import CommandError
from build.poller.destination import Bucket, Queue, Topic
from build.poller.invocation import LambdaFunction
from build.poller.services import Services, connect
from tests.build.poller.fakes import FUNCTION_ARN, mapping

ENDPOINT = "http://127.0.0.1:1"


@pytest.fixture(scope="module")
def services() -> Services:
    return connect(boto3.Session(), ENDPOINT)


@pytest.mark.parametrize(
    ("arn", "kind", "address"),
    [
        ("arn:aws:s3:::failed-events", Bucket, ("name", "failed-events")),
        ("arn:aws:sqs:us-west-2:123456789012:failed-events", Queue, ("name", "failed-events")),
        (
            "arn:aws:sns:us-west-2:123456789012:failed-events",
            Topic,
            ("arn", "arn:aws:sns:us-west-2:123456789012:failed-events"),
        ),
    ],
)
def test_a_destination_is_a_bucket_a_queue_or_a_topic(
    services: Services, arn: str, kind: type, address: tuple[str, str]
) -> None:
    destination = services.destination(mapping(destination_arn=arn))
    name, value = address
    assert isinstance(destination, kind)
    assert getattr(destination, name) == value


@pytest.mark.parametrize("arn", [None, ""])
def test_a_mapping_may_have_no_destination(services: Services, arn: str | None) -> None:
    assert services.destination(mapping(destination_arn=arn)) is None


@pytest.mark.parametrize(
    "arn",
    [
        "arn:aws:sqs:us-west-2:123456789012:failed-events.fifo",
        "arn:aws:sns:us-west-2:123456789012:failed-events.fifo",
        "arn:aws:lambda:us-west-2:123456789012:function:failed-events",
        "kafka://failed-events",
    ],
)
def test_other_destinations_are_refused(services: Services, arn: str) -> None:
    with pytest.raises(CommandError, match="cannot keep records of a DynamoDB stream"):
        services.destination(mapping(destination_arn=arn))


def test_the_function_is_that_of_the_mapping(services: Services) -> None:
    function = services.function(mapping())
    assert isinstance(function, LambdaFunction)
    assert function.arn == FUNCTION_ARN


def test_clients_leave_retries_to_the_poller_and_wait_as_long_as_functions_run(services: Any) -> None:
    clients = [services.streams, services.function(mapping()).client]
    clients.append(services.destination(mapping(destination_arn="arn:aws:s3:::failed-events")).client)
    assert {client.meta.config.retries["total_max_attempts"] for client in clients} == {1}
    assert {client.meta.endpoint_url for client in clients} == {ENDPOINT}
    assert services.function(mapping()).client.meta.config.read_timeout > 900
