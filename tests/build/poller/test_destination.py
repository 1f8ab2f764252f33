"""On-failure destinations: the record of a failed batch, field by field, and how it is delivered.

The fields are those of the example of LDG services-dynamodb-errors.
"""

import json
import re

import boto3
import pytest
from botocore.exceptions import EndpointConnectionError
from botocore.stub import ANY, Stubber

from build.poller.batches import RETRY_ATTEMPTS_EXHAUSTED, Batch, Discard
from build.poller.destination import FailureRecord, S3Destination
from build.poller.invocation import Response
from build.poller.shards import stream_record
from tests.build.poller.fakes import (
    EPOCH,
    FUNCTION_ARN,
    STREAM_ARN,
    FakeDestination,
    FakeStreams,
    VirtualTime,
    aws_error,
    crash,
    mapping,
)
from tests.build.poller.world import World

SHARD = "shardId-00000001573689847184-864758bb"
RANDOM_UUID = "[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"
FAILED_AT = 1573690429.717
RESPONSE = Response("316aa6d0", 200, "$LATEST", "Unhandled", b"{}")


def failure(response: Response | None = RESPONSE) -> FailureRecord:
    """The failure of two records that were created half a minute before, a second apart."""
    time = VirtualTime()
    streams = FakeStreams(time)
    for moment in (1573690399, 1573690400):
        time.now = moment
        streams.put(f"café-{moment}")
    records = tuple(stream_record(record, STREAM_ARN, moment) for record in streams.shards["shard-0"].records)
    batch = Batch(records, invocations=4, response=response)
    return FailureRecord(mapping(uuid="mapping"), SHARD, Discard(batch, RETRY_ATTEMPTS_EXHAUSTED), FAILED_AT)


def test_the_metadata_are_the_documented_ones() -> None:
    assert failure().metadata == {
        "requestContext": {
            "requestId": "316aa6d0",
            "functionArn": FUNCTION_ARN,
            "condition": "RetryAttemptsExhausted",
            "approximateInvokeCount": 4,
        },
        "responseContext": {"statusCode": 200, "executedVersion": "$LATEST", "functionError": "Unhandled"},
        "version": "1.0",
        "timestamp": "2019-11-14T00:13:49.717Z",
        "DDBStreamBatchInfo": {
            "shardId": SHARD,
            "startSequenceNumber": "100000000000000000001",
            "endSequenceNumber": "100000000000000000002",
            "approximateArrivalOfFirstRecord": "2019-11-14T00:13:19Z",
            "approximateArrivalOfLastRecord": "2019-11-14T00:13:20Z",
            "batchSize": 2,
            "streamArn": STREAM_ARN,
        },
    }


def test_the_payload_is_the_whole_event_as_an_escaped_json_string() -> None:
    record = failure()
    document = json.loads(json.dumps(record.with_payload))
    assert isinstance(document["payload"], str)
    event = json.loads(document.pop("payload"))
    assert event == {"Records": [json.loads(polled.json) for polled in record.discard.batch.records]}
    assert document == record.metadata


def test_the_object_key_has_the_documented_layout() -> None:
    layout = rf"aws/lambda/mapping/{SHARD}/2019/11/14/2019-11-14T00\.13\.49-{RANDOM_UUID}"
    assert re.fullmatch(layout, failure().object_key)


def test_no_two_object_keys_are_the_same() -> None:
    record = failure()
    assert record.object_key != record.object_key


def test_records_that_no_invocation_answered_have_no_response_context() -> None:
    metadata = failure(response=None).metadata
    assert metadata["responseContext"] is None
    assert re.fullmatch(RANDOM_UUID, metadata["requestContext"]["requestId"])


def test_a_bucket_gets_the_metadata_and_the_payload() -> None:
    s3, record = boto3.client("s3"), failure()
    with Stubber(s3) as stub:
        body = json.dumps(record.with_payload).encode()
        stub.add_response("put_object", {}, {"Bucket": "failed-events", "Key": ANY, "Body": body})
        S3Destination(s3, "failed-events")(record)
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
