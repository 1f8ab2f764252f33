"""When a batch is due and what is in it."""

import json

from build.poller.batching import MAXIMUM_PAYLOAD, BatchingWindow
from build.poller.records import StreamRecord, payload
from tests.build.poller.fakes import EPOCH
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
