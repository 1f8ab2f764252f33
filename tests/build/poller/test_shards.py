"""Which shards are read and when, and what errors of reading mean."""

from typing import Any

import pytest
from botocore.exceptions import EndpointConnectionError

from build.poller.shards import ShardTree
from tests.build.poller.fakes import (
    EPOCH,
    STREAM_ARN,
    FakeShard,
    FakeStreams,
    Handler,
    VirtualTime,
    aws_error,
    crash,
    script,
)
from tests.build.poller.world import World


def iterators(world: World) -> list[Any]:
    """The arguments of every GetShardIterator call: position and sequence number."""
    return [detail[1:] for operation, detail in world.streams.calls if operation == "get_shard_iterator"]


def test_trim_horizon_begins_with_the_oldest_record() -> None:
    world = World(starting_position="TRIM_HORIZON")
    numbers = world.streams.put_many(3)
    world.run()
    assert world.function.batches == [numbers]


def test_latest_leaves_out_what_was_written_before() -> None:
    world = World(starting_position="LATEST")
    world.streams.put_many(3)
    world.run()
    later = world.streams.put()
    world.run()
    assert world.function.batches == [[later]]


def test_every_page_is_read() -> None:
    world = World(batch_size=100)
    world.streams.page_size = 3
    world.streams.put_many(10)
    assert world.run().processed == 10


def test_an_expired_iterator_is_replaced_by_one_after_the_last_record() -> None:
    world = World()
    first = world.streams.put("a")
    world.run()
    world.streams.faults["get_records"].append(aws_error("ExpiredIteratorException"))
    second = world.streams.put("b")
    world.run()
    assert world.function.batches == [[first], [second]]
    assert iterators(world) == [("TRIM_HORIZON", None), ("AFTER_SEQUENCE_NUMBER", first)]


def test_after_a_trim_reading_continues_with_the_oldest_record_left() -> None:
    world = World()
    first = world.streams.put("a")
    world.run()
    world.streams.shards["shard-0"].records.clear()
    second = world.streams.put("b")
    world.streams.faults["get_records"].append(aws_error("TrimmedDataAccessException"))
    world.run()
    assert world.function.batches == [[first], [second]]
    assert iterators(world)[-1] == ("TRIM_HORIZON", None)


def test_a_sequence_number_that_was_trimmed_is_no_position() -> None:
    world = World()
    world.streams.put("a")
    world.run()
    world.streams.shards["shard-0"].records.clear()
    second = world.streams.put("b")
    world.streams.faults["get_records"].append(aws_error("ExpiredIteratorException"))
    world.streams.faults["get_shard_iterator"].append(aws_error("TrimmedDataAccessException"))
    world.run()
    assert world.function.batches[-1] == [second]


@pytest.mark.parametrize("operation", ["get_records", "get_shard_iterator", "describe_stream"])
@pytest.mark.parametrize(
    "error", [aws_error("InternalServerError"), EndpointConnectionError(endpoint_url="http://127.0.0.1")]
)
def test_an_error_that_may_pass_is_waited_for(operation: str, error: Exception) -> None:
    world = World()
    world.streams.faults[operation].extend([error] * 3)
    numbers = [world.streams.put()]
    statistics = world.run()
    assert world.function.batches == [numbers]
    assert world.time.now - EPOCH >= 1 + 2 + 4
    assert statistics.problems == {}


@pytest.mark.parametrize(("operation", "activity"), [("get_records", "reading"), ("describe_stream", "listing")])
def test_an_error_is_reported_while_it_lasts(operation: str, activity: str) -> None:
    world = World()
    world.streams.faults[operation].append(aws_error("LimitExceededException"))
    world.poller.step()
    assert "LimitExceededException" in world.statistics.problems[activity]


def test_an_error_that_may_pass_does_not_move_the_position_of_latest() -> None:
    world = World(starting_position="LATEST")
    world.run()
    number = world.streams.put()
    world.streams.faults["get_records"].append(aws_error("InternalServerError"))
    world.run()
    assert world.function.batches == [[number]]


def test_a_stream_that_is_gone_ends_the_polling() -> None:
    world = World()
    world.streams.put()
    world.run()
    gone = aws_error("ResourceNotFoundException")
    world.streams.faults["get_records"].append(gone)
    world.streams.faults["describe_stream"].append(gone)
    while world.poller.step() < float("inf"):
        world.time.sleep(1)
    assert world.statistics.caught_up_at == float("inf")


def test_an_idle_shard_is_read_four_times_a_second() -> None:
    world = World()
    world.run()
    before, end = len(world.streams.calls), world.time.now + 10
    while world.time.now < end:
        world.time.sleep(world.poller.step())
    world.poller.step()
    assert len(world.streams.calls) - before == 40


def test_a_shard_that_held_records_is_read_again_sooner() -> None:
    world = World()
    world.streams.put()
    pauses = []
    for _ in range(6):
        pauses.append(world.poller.step())
        world.time.sleep(pauses[-1])
    assert pauses == pytest.approx([0, 0.25 / 8, 0.25 / 4, 0.25 / 2, 0.25, 0.25], abs=0.002)


def test_reading_pauses_while_every_lane_has_a_full_batch() -> None:
    world = World(batch_size=2, maximum_retry_attempts=-1)
    world.streams.page_size = 4
    world.streams.put_many(40)
    world.poller.step()
    world.poller.step()
    assert world.statistics.polled == 4


def test_lanes_that_run_dry_are_supplied_past_one_that_fails() -> None:
    world = World(parallelization_factor=2, batch_size=1)
    world.streams.page_size = 4
    numbers = world.streams.put_many(40)
    world.function.handler = lambda batch: crash(batch) if numbers[0] in batch else None
    for _ in range(60):
        world.time.sleep(0.01)
        world.poller.step()
    assert world.statistics.processed >= 10
    assert world.statistics.polled == 40


def test_reading_ahead_of_a_lane_that_fails_has_a_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("build.poller.consumer.READ_AHEAD", 10)
    world = World(parallelization_factor=2, batch_size=1, handler=crash)
    world.streams.page_size = 4
    for _ in range(100):
        world.streams.put("always the same lane")
    for _ in range(100):
        world.poller.step()
    assert world.statistics.polled == 12


def test_waiting_after_an_error_starts_over_after_each_success() -> None:
    world = World()
    error = aws_error("InternalServerError")
    for _ in range(3):
        world.streams.faults["get_records"].append(error)
        world.run()
    assert world.time.now - EPOCH < 2 * 3


def shard_of(world: World, event: dict[str, Any]) -> str | None:
    """The shard that holds the first record of an event."""
    number = event["Records"][0]["dynamodb"]["SequenceNumber"]
    for shard_id, shard in world.streams.shards.items():
        if any(record["dynamodb"]["SequenceNumber"] == number for record in shard.records):
            return shard_id
    return None


def family(*handlers: Handler, **settings: Any) -> World:
    """A closed parent with two children, each shard with one record."""
    world = World(script(*handlers), ("parent", "child-1", "child-2"), **settings)
    world.streams.shards["child-1"].parent = world.streams.shards["child-2"].parent = "parent"
    world.streams.put("a", "child-1")
    world.streams.put("b", "child-2")
    world.streams.put("c", "parent")
    world.streams.shards["parent"].closed = True
    return world


def test_every_shard_is_read_page_after_page_of_the_list() -> None:
    world = World(shards=[f"shard-{number}" for number in range(5)])
    for shard_id in world.streams.shards:
        world.streams.put("a", shard_id)
    assert world.run().processed == 5


def test_a_child_is_read_after_its_parent() -> None:
    world = family()
    world.run()
    assert [shard_of(world, event) for event in world.function.events] == ["parent", "child-1", "child-2"]


def test_a_child_waits_until_the_parent_is_processed_and_not_only_read() -> None:
    world = family(crash, crash)
    world.run()
    assert [shard_of(world, event) for event in world.function.events] == ["parent"] * 3 + ["child-1", "child-2"]


def test_a_parent_that_is_no_longer_listed_is_not_waited_for() -> None:
    world = World(shards=("child",))
    world.streams.shards["child"].parent = "trimmed"
    world.streams.put("a", "child")
    assert world.run().processed == 1


def test_shards_that_appear_later_are_read_from_their_beginning() -> None:
    world = World(starting_position="LATEST")
    world.run()
    world.streams.put("a")
    world.streams.shards["shard-0"].closed = True
    world.run()
    world.streams.shards["shard-1"] = FakeShard(parent="shard-0")
    world.streams.put("b", "shard-1")
    assert world.run().processed == 2


def test_the_end_of_a_shard_is_not_the_end_of_the_stream() -> None:
    world = World()
    world.run()
    world.streams.shards["shard-0"].closed = True
    world.streams.shards["shard-1"] = FakeShard(parent="shard-0")
    world.streams.put("a", "shard-1")
    assert world.run().processed == 1


def test_latest_does_not_read_closed_shards() -> None:
    world = family(starting_position="LATEST")
    assert world.run().polled == 0
    assert "parent" not in [detail[0] for operation, detail in world.streams.calls if operation == "get_shard_iterator"]
    world.streams.put("d", "child-1")
    assert world.run().processed == 1


def test_a_stream_without_shards_yet_is_looked_at_again() -> None:
    world = World(shards=())
    world.streams.status = "ENABLING"
    world.run()
    world.streams.shards["shard-0"] = FakeShard()
    world.streams.put()
    assert world.run().processed == 1


def test_latest_leaves_out_nothing_of_a_stream_that_had_no_shards_yet() -> None:
    world = World(shards=(), starting_position="LATEST")
    world.run()
    world.streams.shards["shard-0"] = FakeShard()
    world.streams.put()
    assert world.run().processed == 1


def test_a_shard_keeps_the_position_that_it_was_first_listed_with() -> None:
    streams: Any = FakeStreams(VirtualTime())
    streams.put()
    tree = ShardTree(streams, STREAM_ARN, "LATEST")
    tree.refresh()
    tree.refresh()
    ((shard_id, reader),) = tree.readers()
    assert (shard_id, reader.read().records) == ("shard-0", [])


def test_the_shards_are_not_listed_again_while_all_are_open() -> None:
    world = World()
    world.run()
    world.time.sleep(60)
    world.run()
    assert [operation for operation, _ in world.streams.calls].count("describe_stream") == 1


def test_the_shards_are_not_listed_again_once_the_children_of_a_finished_one_are_known() -> None:
    world = family()
    world.run()
    world.time.sleep(60)
    before = len(world.streams.calls)
    world.run()
    assert "describe_stream" not in [operation for operation, _ in world.streams.calls[before:]]


def test_a_disabled_stream_is_processed_to_its_end() -> None:
    world = World()
    number = world.streams.put()
    world.streams.shards["shard-0"].closed = True
    world.streams.status = "DISABLED"
    statistics = world.run()
    assert world.function.batches == [[number]]
    assert statistics.caught_up_at == float("inf")
    assert world.poller.step() == float("inf")
    assert statistics.checkpoints == {"shard-0": number}


def test_a_closed_shard_is_not_read_again_while_its_records_are_tried_again() -> None:
    world = World(script(crash, crash))
    number = world.streams.put()
    world.streams.shards["shard-0"].closed = True
    world.streams.status = "DISABLED"
    world.run()
    assert world.function.batches == [[number]] * 3
    assert [operation for operation, _ in world.streams.calls].count("get_records") == 1
