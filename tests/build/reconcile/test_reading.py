"""What a reconciliation reads: every shard from its oldest record to the end of the span, at a bounded pace."""

import json
from collections.abc import Iterator
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest

from build.errors import CommandError
from build.poller.shards import stream_record
from build.reconcile import reading
from build.reconcile.reading import (
    DeployedActivities,
    Pace,
    deployed_activities,
    failed_keys,
    recorded_keys,
    streamed_keys,
)
from build.redrive.failed_events import FailedBatch
from handlers.activities import activity_key
from handlers.activity_settings import ShardHistory
from handlers.windows import Window
from tests.build.poller.fakes import EPOCH, FakeShard, FakeStreams, VirtualTime
from tests.build.redrive.failure_records import USERS, record
from tests.build.support import Stubs
from tests.handlers.stream_records import USERS as ACTIVITIES
from tests.handlers.stream_records import USERS_ENVIRONMENT

TABLE = "analytics"
DEPLOYED = DeployedActivities(USERS, ACTIVITIES, TABLE)
ALL = Window(0, int(EPOCH + 10**6) * 1000)
STREAM = f"{USERS.table_arn}/stream/2026-01-01T00:00:00.000"


class Streams(FakeStreams):
    """The streams of one table, some of whose answers are empty though there is more to come."""

    def __init__(self) -> None:
        self.clock = VirtualTime()
        super().__init__(self.clock)
        self.empty_answers = 0

    def list_streams(self, TableName: str) -> dict[str, Any]:
        assert TableName == "dev-userdata-synth"
        return {"Streams": [{"StreamArn": STREAM}]}

    def get_records(self, ShardIterator: str) -> dict[str, Any]:
        if self.empty_answers:
            self.empty_answers -= 1
            return {"Records": [], "NextShardIterator": ShardIterator}
        return super().get_records(ShardIterator)

    def key_of(self, number: int, shard: str = "shard-0") -> tuple[str, str]:
        event: Any = json.loads(stream_record(self.shards[shard].records[number], STREAM, 0).json)
        return activity_key(event, ACTIVITIES)


@pytest.fixture
def streams() -> Streams:
    return Streams()


@pytest.fixture
def pace() -> Pace:
    return Pace(10**9)


def read(streams: Any, pace: Pace, span: Window = ALL) -> list[tuple[str, str]]:
    return [key for page in streamed_keys(streams, DEPLOYED, span, pace) for key in page]


def test_every_page_of_every_shard_is_read_parents_first(streams: Streams, pace: Pace) -> None:
    streams.page_size = 2
    streams.put_many(5)
    streams.shards["shard-0"].closed = True
    streams.shards["child"] = FakeShard("shard-0")
    streams.put_many(3, "child")
    expected = [*(streams.key_of(n) for n in range(5)), *(streams.key_of(n, "child") for n in range(3))]
    assert read(streams, pace) == expected
    assert ("get_shard_iterator", ("shard-0", "TRIM_HORIZON", None)) in streams.calls


def test_removals_become_no_activity(streams: Streams, pace: Pace) -> None:
    streams.put("a", name="REMOVE")
    streams.put("b", name="MODIFY")
    assert read(streams, pace) == [streams.key_of(1)]


def test_an_empty_answer_is_not_the_end_and_ten_are(streams: Streams, pace: Pace) -> None:
    streams.put("a")
    streams.empty_answers = 9
    assert read(streams, pace) == [streams.key_of(0)]
    streams.empty_answers = 10
    assert read(streams, pace) == []


def test_only_records_of_the_span_are_read_and_reading_ends_after_it(streams: Streams, pace: Pace) -> None:
    streams.page_size = 1
    for seconds in range(6):
        streams.clock.now = EPOCH + seconds
        streams.put(f"item-{seconds}")
    span = Window(int(EPOCH + 1) * 1000, int(EPOCH + 3) * 1000)
    assert read(streams, pace, span) == [streams.key_of(1), streams.key_of(2)]
    assert [operation for operation, _ in streams.calls].count("get_records") == 4


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[float]]:
    now = [100.0]
    monkeypatch.setattr(reading, "monotonic", lambda: now[0])
    monkeypatch.setattr(reading, "sleep", lambda seconds: now.__setitem__(0, now[0] + seconds))
    yield now


def test_reads_are_no_faster_than_so_many_a_second(clock: list[float]) -> None:
    pace, begun = Pace(4), []
    for _ in range(5):
        pace.wait()
        begun.append(clock[0])
    assert begun == [100.0, 100.25, 100.5, 100.75, 101.0]
    clock[0] = 200.0
    pace.wait()
    assert clock[0] == 200.0


def test_what_a_function_records_is_read_from_its_environment(stubs: Stubs) -> None:
    variables = {**USERS_ENVIRONMENT, "ANALYTICS_TABLE_NAME": TABLE, "ACTIVITY_SHARDS": "[[0,1]]"}
    answer = {"Environment": {"Variables": variables}}
    stubs.answer("functions", "get_function_configuration", {"FunctionName": USERS.function_arn}, answer)
    assert deployed_activities(stubs.clients, USERS) == DEPLOYED


@pytest.mark.parametrize("shards", ["1", "", "[[0]]"])
def test_a_function_of_another_version_is_one_sentence(stubs: Stubs, shards: str) -> None:
    variables = {**USERS_ENVIRONMENT, "ANALYTICS_TABLE_NAME": TABLE, "ACTIVITY_SHARDS": shards}
    answer = {"Environment": {"Variables": variables}} if shards else {}
    stubs.answer("functions", "get_function_configuration", {"FunctionName": USERS.function_arn}, answer)
    with pytest.raises(CommandError, match="was deployed by another version of this project; deploy it again"):
        deployed_activities(stubs.clients, USERS)


def test_every_partition_there_ever_was_is_read() -> None:
    history = ShardHistory(((0, 1), (1_000, 3), (2_000, 2)))
    deployed = replace(DEPLOYED, activity=replace(ACTIVITIES, shards=history))
    assert deployed.partitions == ("USER_ACTIVITY", "USER_ACTIVITY#1", "USER_ACTIVITY#2")


def test_unprocessed_keys_are_looked_up_again(pace: Pace) -> None:
    requests = []

    def batch_get_item(RequestItems: Any) -> dict[str, Any]:
        requests.append(RequestItems)
        first, *others = RequestItems[TABLE]["Keys"]
        left = {TABLE: {**RequestItems[TABLE], "Keys": others}} if others else {}
        return {"Responses": {TABLE: [first]}, "UnprocessedKeys": left}

    client: Any = SimpleNamespace(batch_get_item=batch_get_item)
    keys = [("TYPE", "1.5"), ("TYPE#1", "2.5")]
    assert [found for page in recorded_keys(client, TABLE, keys, pace) for found in page] == keys
    assert [len(request[TABLE]["Keys"]) for request in requests] == [2, 1]
    assert all(request[TABLE]["ConsistentRead"] for request in requests)


def test_a_failed_record_without_an_identifier_has_no_key() -> None:
    batch = FailedBatch(USERS, "", (record(1), record(2, eventID=None), record(3)))
    assert list(failed_keys(batch, ACTIVITIES)) == [
        activity_key(record(1), ACTIVITIES),
        activity_key(record(3), ACTIVITIES),
    ]
