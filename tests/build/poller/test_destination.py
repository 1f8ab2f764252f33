"""On-failure destinations: exact calls, and what happens when they fail."""

import json

import boto3
import pytest
from botocore.exceptions import EndpointConnectionError
from botocore.stub import ANY, Stubber

from build.poller.destination import Bucket, Queue, Topic
from tests.build.poller.fakes import EPOCH, FakeDestination, aws_error, crash
from tests.build.poller.test_failure_record import failure
from tests.build.poller.world import World

TOPIC_ARN = "arn:aws:sns:us-west-2:123456789012:failed-events"
QUEUE_URL = "http://127.0.0.1/123456789012/failed-events"


def test_a_bucket_gets_the_metadata_and_the_payload() -> None:
    s3, record = boto3.client("s3"), failure()
    with Stubber(s3) as stub:
        body = json.dumps(record.with_payload).encode()
        stub.add_response("put_object", {}, {"Bucket": "failed-events", "Key": ANY, "Body": body})
        Bucket(s3, "failed-events")(record)
        stub.assert_no_pending_responses()


def test_a_queue_gets_the_metadata_alone() -> None:
    sqs = boto3.client("sqs")
    with Stubber(sqs) as stub:
        stub.add_response("get_queue_url", {"QueueUrl": QUEUE_URL}, {"QueueName": "failed-events"})
        message = {"QueueUrl": QUEUE_URL, "MessageBody": json.dumps(failure().metadata)}
        stub.add_response("send_message", {}, message)
        Queue(sqs, "failed-events")(failure())
        stub.assert_no_pending_responses()


def test_a_topic_gets_the_metadata_alone() -> None:
    sns = boto3.client("sns")
    with Stubber(sns) as stub:
        stub.add_response("publish", {}, {"TopicArn": TOPIC_ARN, "Message": json.dumps(failure().metadata)})
        Topic(sns, TOPIC_ARN)(failure())
        stub.assert_no_pending_responses()


@pytest.mark.parametrize("error", [aws_error("SlowDown"), EndpointConnectionError(endpoint_url="http://127.0.0.1")])
def test_a_delivery_that_fails_is_tried_again(error: Exception) -> None:
    world = World(crash, destination=FakeDestination([error] * 3), maximum_retry_attempts=0)
    numbers = [world.streams.put()]
    statistics = world.run()
    assert world.destination.sequence_numbers == [numbers]
    assert (statistics.on_failure_destination_delivered, statistics.dropped) == (1, 0)
    assert world.time.now - EPOCH == 1 + 2 + 4


def test_a_failing_delivery_is_reported_while_it_lasts() -> None:
    world = World(crash, destination=FakeDestination([aws_error("SlowDown")] * 2), maximum_retry_attempts=0)
    world.streams.put()
    for _ in range(4):
        world.poller.step()
    assert "SlowDown" in world.statistics.problems["delivering"]
    assert world.run().problems == {}


def test_records_that_no_destination_takes_are_reported_and_not_silently_lost() -> None:
    world = World(crash, destination=FakeDestination([aws_error("NoSuchBucket")] * 99), maximum_retry_attempts=0)
    numbers = (world.streams.put(),)
    statistics = world.run()
    assert len(world.destination.failures) == 99 - 10
    assert (statistics.on_failure_destination_delivered, statistics.dropped) == (0, 1)
    assert [record.discard.batch.sequence_numbers for record in world.dropped] == [numbers]
    assert "NoSuchBucket" in statistics.problems["delivering"]


def test_without_a_destination_records_are_dropped() -> None:
    world = World(crash, maximum_retry_attempts=0)
    numbers = (world.streams.put(),)
    assert world.run().dropped == 1
    assert [record.discard.batch.sequence_numbers for record in world.dropped] == [numbers]
