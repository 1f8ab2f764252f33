"""Order and concurrency within one shard."""

import math

from build.poller.lanes import Lane
from build.poller.records import StreamRecord
from build.poller.retries import Backoff, Batch, Continuation, RetryPolicy
from tests.build.poller.fakes import FakeDestination, crash, mapping
from tests.build.poller.world import World


def started(lane: Lane) -> Batch:
    """The batch that a lane starts now."""
    step = lane.start(1.0)
    assert isinstance(step, Batch)
    return step


def two_lanes() -> tuple[str, str]:
    """Names of two items that belong to different lanes of two."""
    world = World(parallelization_factor=2, batch_size=1)
    for number in range(10):
        world.streams.put(f"item-{number}")
    world.poller.step()
    one, other = (event["Records"][0]["dynamodb"]["Keys"]["id"]["S"] for event in world.function.events[:2])
    return one, other


def test_as_many_batches_of_a_shard_are_under_way_as_the_factor_says() -> None:
    world = World(parallelization_factor=10, batch_size=1)
    world.streams.put_many(200)
    world.poller.step()
    assert len(world.function.batches) == 10


def test_one_batch_of_a_lane_is_under_way_at_a_time() -> None:
    world = World(batch_size=1)
    world.streams.put_many(5)
    world.poller.step()
    assert len(world.function.batches) == 1


def test_a_lane_does_nothing_else_until_its_step_has_ended() -> None:
    lane = Lane(RetryPolicy(mapping(batch_size=1), Backoff()))
    for number in range(2):
        lane.add(StreamRecord(str(number), "{}", 0.0, 0.0, b"{}"))
    assert [record.sequence_number for record in started(lane).records] == ["0"]
    assert lane.start(1.0) is None and lane.due_at() == math.inf
    lane.resume(Continuation(), 1.0)
    assert [record.sequence_number for record in started(lane).records] == ["1"]


def test_records_of_one_item_stay_in_order() -> None:
    world = World(parallelization_factor=10, batch_size=3)
    written: dict[str, list[str]] = {f"item-{item}": [] for item in range(20)}
    for _ in range(5):
        for item, numbers in written.items():
            numbers.append(world.streams.put(item))
    world.run()
    received: dict[str, list[str]] = {item: [] for item in written}
    for event in world.function.events:
        for record in event["Records"]:
            received[record["dynamodb"]["Keys"]["id"]["S"]].append(record["dynamodb"]["SequenceNumber"])
    assert received == written


def test_a_failing_batch_holds_up_its_own_lane_only() -> None:
    blocked, free = two_lanes()
    world = World(parallelization_factor=2, batch_size=1, maximum_retry_attempts=2, destination=FakeDestination())
    poison = world.streams.put(blocked)
    behind = world.streams.put(blocked)
    others = [world.streams.put(free) for _ in range(3)]
    world.function.handler = lambda numbers: crash(numbers) if poison in numbers else None
    world.run()
    order = [number for batch in world.function.batches for number in batch]
    assert order.index(behind) > max(position for position, number in enumerate(order) if number == poison)
    assert max(map(order.index, others)) < order.index(behind)


def test_the_parts_of_a_split_batch_are_done_before_what_follows() -> None:
    world = World(batch_size=4, bisect_batch_on_function_error=True)
    numbers = world.streams.put_many(8)
    failures = iter([crash])
    world.function.handler = lambda batch: next(failures, lambda _: None)(batch)
    world.run()
    assert world.function.batches == [numbers[:4], numbers[:2], numbers[2:4], numbers[4:]]
