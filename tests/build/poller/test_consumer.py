"""Which records of a shard are sent to the function, and how far the shard counts as processed."""

from tests.build.poller.fakes import FakeDestination, aws_error, crash
from tests.build.poller.world import World, pending


def test_the_checkpoint_stays_before_a_record_that_is_not_done() -> None:
    world = World(batch_size=2, maximum_retry_attempts=1)
    numbers = world.streams.put_many(6)
    world.function.handler = lambda batch: crash(batch) if numbers[2] in batch else None
    for _ in range(3):
        world.poller.step()
    assert world.statistics.checkpoints == {"shard-0": numbers[1]}
    assert pending(world.statistics) == 4
    world.run()
    assert world.statistics.checkpoints == {"shard-0": numbers[5]}


def test_the_checkpoint_does_not_pass_what_another_lane_has_not_done() -> None:
    world = World(batch_size=1, parallelization_factor=10)
    numbers = world.streams.put_many(20)
    world.function.handler = lambda batch: crash(batch) if numbers[0] in batch else None
    for _ in range(10):
        world.poller.step()
    assert world.statistics.processed > 10
    assert world.statistics.checkpoints == {}


def test_the_checkpoint_waits_for_the_destination() -> None:
    world = World(destination=FakeDestination([aws_error("SlowDown")]), maximum_retry_attempts=0, handler=crash)
    number = world.streams.put()
    for _ in range(3):
        world.poller.step()
    assert (world.statistics.checkpoints, pending(world.statistics)) == ({}, 1)
    assert world.run().checkpoints == {"shard-0": number}


def test_every_record_is_counted_once() -> None:
    world = World(
        batch_size=1,
        maximum_retry_attempts=0,
        destination=FakeDestination([aws_error("AccessDenied")] * 10),
        event_names=frozenset({"INSERT"}),
    )
    world.streams.put("a", name="REMOVE")
    lost, kept, _ = world.streams.put("b"), world.streams.put("c"), world.streams.put("d")
    world.function.handler = lambda batch: crash(batch) if {lost, kept} & set(batch) else None
    statistics = world.run()
    assert (statistics.polled, statistics.filtered_out, statistics.processed) == (4, 1, 1)
    assert (statistics.on_failure_destination_delivered, statistics.dropped, pending(statistics)) == (1, 1, 0)


def test_filtered_records_count_as_done_and_take_no_place_in_a_batch() -> None:
    world = World(event_names=frozenset({"INSERT", "MODIFY"}), batch_size=2)
    selected = [world.streams.put("a")]
    world.streams.put("a", name="REMOVE")
    selected.append(world.streams.put("b", name="MODIFY"))
    last = world.streams.put("b", name="REMOVE")
    statistics = world.run()
    assert world.function.batches == [selected]
    assert (statistics.polled, statistics.filtered_out, statistics.processed) == (4, 2, 2)
    assert statistics.checkpoints == {"shard-0": last}


def test_pages_of_filtered_records_are_not_the_end_of_a_shard() -> None:
    world = World(event_names=frozenset({"INSERT"}))
    world.streams.page_size = 1
    for _ in range(5):
        world.streams.put(name="REMOVE")
    selected = world.streams.put()
    world.run()
    assert world.function.batches == [[selected]]


def test_without_filters_every_record_is_sent() -> None:
    world = World()
    numbers = [world.streams.put("a", name=name) for name in ("INSERT", "MODIFY", "REMOVE")]
    world.run()
    assert world.function.batches == [numbers]
