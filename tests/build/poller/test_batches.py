"""When a batch is due and what is in it; order and concurrency within one shard."""

import json
import math

from build.poller.batches import MAXIMUM_PAYLOAD, Backoff, Batch, BatchingWindow, Continuation, Lane, RetryPolicy
from build.poller.shards import StreamRecord, payload
from tests.build.poller.fakes import EPOCH, FakeDestination, crash, mapping
from tests.build.poller.world import World


def record(size: int = 10, polled_at: float = 0.0) -> StreamRecord:
    return StreamRecord("1", "{}", 0.0, polled_at, b"x" * size)


def test_a_batch_holds_at_most_batch_size_records() -> None:
    world = World(batch_size=10)
    numbers = world.streams.put_many(25)
    world.run()
    assert world.function.batches == [numbers[:10], numbers[10:20], numbers[20:]]


def test_without_a_window_records_are_sent_at_once() -> None:
    world = World(batch_size=10)
    world.streams.put()
    world.run()
    assert world.function.times == [EPOCH]


def test_a_batch_is_sent_when_the_window_has_passed_since_its_first_record() -> None:
    world = World(batch_size=10, batching_window=5)
    first = world.streams.put("a")
    world.poller.step()
    world.time.sleep(3)
    second = world.streams.put("b")
    world.run()
    assert world.function.batches == [[first, second]]
    assert world.function.times == [EPOCH + 5]


def test_a_full_batch_does_not_wait_for_the_window() -> None:
    world = World(batch_size=2, batching_window=300)
    numbers = world.streams.put_many(3)
    world.run()
    assert world.function.batches == [numbers[:2], numbers[2:]]
    assert world.function.times == [EPOCH, EPOCH + 300]


def test_a_batch_is_sent_when_its_payload_reaches_6_mb() -> None:
    world = World(batch_size=10_000, batching_window=300)
    big = {"text": {"S": "x" * 399_000}}
    for number in range(20):
        world.streams.put(f"item-{number}", image=big)
    world.run()
    sizes = [len(json.dumps(event, separators=(",", ":"))) for event in world.function.events]
    assert [len(batch) for batch in world.function.batches] == [15, 5]
    assert all(size <= MAXIMUM_PAYLOAD for size in sizes)
    assert world.function.times == [EPOCH, EPOCH + 300]


def test_a_payload_is_counted_to_the_byte() -> None:
    window = BatchingWindow(batch_size=10_000, seconds=300)
    exact = MAXIMUM_PAYLOAD - len(payload([])) - 1
    window.add(record(exact - 1))
    assert not window.full
    window.take()
    window.add(record(exact))
    assert window.full
    window.add(record(1))
    assert [len(window.take()), len(window.take())] == [1, 1]
    assert not window.full


def test_records_that_fit_exactly_go_together() -> None:
    window = BatchingWindow(batch_size=10_000, seconds=300)
    room = MAXIMUM_PAYLOAD - len(payload([]))
    window.add(record(room // 2 - 1))
    window.add(record(room - room // 2 - 1))
    window.add(record(1))
    assert len(window.take()) == 2


def test_a_record_too_big_for_any_batch_goes_alone() -> None:
    window = BatchingWindow(batch_size=10, seconds=0)
    window.add(record(MAXIMUM_PAYLOAD))
    window.add(record())
    assert [len(window.take()), len(window.take())] == [1, 1]


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


def test_a_failing_batch_blocks_its_own_lane_only() -> None:
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
