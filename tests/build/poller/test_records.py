"""The event that a function gets, and how items are spread over lanes."""

import json
from datetime import UTC, datetime
from typing import Any

from build.poller.shards import StreamRecord, payload, stream_record
from tests.build.poller.fakes import STREAM_ARN, FakeStreams, VirtualTime, crash, script
from tests.build.poller.world import World

RECORD: dict[str, Any] = {
    "eventID": "c4ca4238a0b923820dcc509a6f75849b",
    "eventName": "MODIFY",
    "eventVersion": "1.1",
    "eventSource": "aws:dynamodb",
    "awsRegion": "us-west-2",
    "dynamodb": {
        "ApproximateCreationDateTime": datetime(2026, 11, 22, 12, 0, 1, tzinfo=UTC),
        "Keys": {"id": {"S": "é"}, "at": {"N": "1.50"}},
        "NewImage": {"id": {"S": "é"}, "data": {"B": b"\x00\x01"}, "more": {"L": [{"BS": [b"\xff"]}]}},
        "OldImage": {"id": {"S": "é"}, "none": {"NULL": True}},
        "SequenceNumber": "111000000000000000001",
        "SizeBytes": 59,
        "StreamViewType": "NEW_AND_OLD_IMAGES",
    },
}


def parsed(record: Any = RECORD) -> StreamRecord:
    return stream_record(record, STREAM_ARN, polled_at=5.0)


def test_the_event_is_what_lambda_sends() -> None:
    assert json.loads(payload([parsed()])) == {
        "Records": [
            {
                "eventID": "c4ca4238a0b923820dcc509a6f75849b",
                "eventName": "MODIFY",
                "eventVersion": "1.1",
                "eventSource": "aws:dynamodb",
                "awsRegion": "us-west-2",
                "dynamodb": {
                    "ApproximateCreationDateTime": 1795348801,
                    "Keys": {"id": {"S": "é"}, "at": {"N": "1.50"}},
                    "NewImage": {"id": {"S": "é"}, "data": {"B": "AAE="}, "more": {"L": [{"BS": ["/w=="]}]}},
                    "OldImage": {"id": {"S": "é"}, "none": {"NULL": True}},
                    "SequenceNumber": "111000000000000000001",
                    "SizeBytes": 59,
                    "StreamViewType": "NEW_AND_OLD_IMAGES",
                },
                "eventSourceARN": STREAM_ARN,
            }
        ]
    }


def test_an_expired_item_names_its_remover_in_lower_case() -> None:
    identity = {"PrincipalId": "dynamodb.amazonaws.com", "Type": "Service"}
    event = json.loads(parsed({**RECORD, "userIdentity": identity}).json)
    assert event["userIdentity"] == {"principalId": "dynamodb.amazonaws.com", "type": "Service"}


def test_a_record_knows_when_it_was_created_and_read() -> None:
    assert (parsed().created_at, parsed().polled_at) == (1795348801, 5.0)


def test_records_of_one_item_share_a_lane_whatever_the_order_of_its_keys() -> None:
    turned = {**RECORD, "dynamodb": {**RECORD["dynamodb"], "Keys": {"at": {"N": "1.50"}, "id": {"S": "é"}}}}
    assert all(parsed(turned).lane_index(lanes) == parsed().lane_index(lanes) for lanes in range(1, 11))


def test_items_are_spread_over_all_lanes() -> None:
    streams = FakeStreams(VirtualTime())
    streams.put_many(200)
    records = [stream_record(record, STREAM_ARN, 0.0) for record in streams.shards["shard-0"].records]
    assert {record.lane_index(10) for record in records} == set(range(10))


def test_a_retry_carries_the_same_records_with_the_same_ids() -> None:
    world = World(handler=script(crash))
    world.streams.put_many(3)
    world.run()
    first, second = world.function.events
    assert first == second and len(first["Records"]) == 3
