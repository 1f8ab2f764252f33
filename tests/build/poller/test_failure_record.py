"""The record of a failed batch, field by field, against the example of LDG services-dynamodb-errors."""

import json
import re

from build.poller.failure_record import FailureRecord
from build.poller.invocation import Response
from build.poller.records import stream_record
from build.poller.retries import RETRY_ATTEMPTS_EXHAUSTED, Batch, Discard
from tests.build.poller.fakes import FUNCTION_ARN, STREAM_ARN, FakeStreams, VirtualTime, mapping

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
    assert event == {"Records": [one.event for one in record.discard.batch.records]}
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
