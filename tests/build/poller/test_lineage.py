"""Which shards are read, and when."""

from typing import Any

from tests.build.poller.fakes import FakeShard, Handler, crash, script
from tests.build.poller.world import World


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
    world.streams.put("d", "child-1")
    assert world.run().processed == 1


def test_a_stream_without_shards_yet_is_looked_at_again() -> None:
    world = World(shards=())
    world.streams.status = "ENABLING"
    world.run()
    world.streams.shards["shard-0"] = FakeShard()
    world.streams.put()
    assert world.run().processed == 1


def test_the_shards_are_not_listed_again_while_all_are_open() -> None:
    world = World()
    world.run()
    world.time.sleep(60)
    world.run()
    assert [operation for operation, _ in world.streams.calls].count("describe_stream") == 1


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
