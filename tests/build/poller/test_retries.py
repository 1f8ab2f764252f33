"""What becomes of batches that fail."""

from typing import Any, NoReturn

import pytest

from build.poller.batches import Backoff
from build.poller.invocation import AnswerLost
from tests.build.poller.fakes import (
    EPOCH,
    FakeDestination,
    Handler,
    crash,
    failing_items,
    poisoned_by,
    script,
    throttled,
)
from tests.build.poller.world import World


def world_of(count: int, *handlers: Handler, **settings: Any) -> tuple[World, list[str]]:
    """A mapping with a destination, and a function that goes through handlers; with the numbers written."""
    world = World(script(*handlers), destination=FakeDestination(), **{"batch_size": 10, **settings})
    return world, world.streams.put_many(count)


def lost_answer(numbers: list[str]) -> NoReturn:
    raise AnswerLost("connection reset")


def conditions(world: World) -> list[str]:
    return [record.discard.condition for record in world.destination.records]


@pytest.mark.parametrize("failure", [crash, lost_answer])
def test_a_failed_invocation_is_retried_as_a_whole(failure: Handler) -> None:
    world, numbers = world_of(3, failure)
    statistics = world.run()
    assert world.function.batches == [numbers, numbers]
    assert (statistics.invoked, statistics.failed_invoke, statistics.processed) == (6, 3, 3)


def test_a_batch_is_retried_as_often_as_the_quota_says_and_then_discarded() -> None:
    world, numbers = world_of(3, *[crash] * 4, maximum_retry_attempts=3)
    statistics = world.run()
    assert world.function.batches == [numbers] * 4
    assert world.destination.sequence_numbers == [numbers]
    assert conditions(world) == ["RetryAttemptsExhausted"]
    assert statistics.on_failure_destination_delivered == 3


def test_without_retries_a_batch_is_discarded_at_once() -> None:
    world, numbers = world_of(3, crash, maximum_retry_attempts=0)
    world.run()
    assert world.function.batches == [numbers]
    assert world.destination.sequence_numbers == [numbers]


def test_retries_wait_twice_as_long_each_time() -> None:
    world, _ = world_of(1, *[crash] * 4)
    world.run()
    assert [moment - EPOCH for moment in world.function.times] == [0, 1, 3, 7, 15]


@pytest.mark.parametrize(("tries", "seconds"), [(1, 0.5), (2, 1), (4, 4), (7, 30), (10_000, 30)])
def test_backoff_doubles_up_to_its_maximum(tries: int, seconds: float) -> None:
    assert Backoff(base=0.5, maximum=30).seconds(tries) == seconds


def test_an_unlimited_quota_lasts_until_the_record_expires() -> None:
    world, _ = world_of(1, poll_interval=60)
    world.function.handler = crash
    world.run()
    assert conditions(world) == ["RecordAgeExceeded"]
    assert 86_400 <= world.time.now - EPOCH <= 86_400 + 61
    assert len(world.function.batches) > 1000


def test_throttles_do_not_consume_the_quota() -> None:
    world, numbers = world_of(2, *[throttled] * 5, crash, maximum_retry_attempts=1)
    statistics = world.run()
    assert world.function.batches == [numbers] * 7
    assert statistics.processed == 2
    assert [moment - EPOCH for moment in world.function.times] == [0, 1, 3, 7, 15, 31, 32]


def test_waiting_after_a_throttle_starts_over_after_each_answer() -> None:
    world, _ = world_of(1, crash, crash, throttled, throttled, crash)
    world.run()
    assert [moment - EPOCH for moment in world.function.times] == [0, 1, 3, 4, 6, 10]


def test_throttles_do_not_split_a_batch() -> None:
    world, numbers = world_of(2, throttled, bisect_batch_on_function_error=True)
    world.run()
    assert world.function.batches == [numbers] * 2


def test_throttles_end_at_the_maximum_age() -> None:
    world, numbers = world_of(2, maximum_record_age=60)
    world.function.handler = throttled
    world.run()
    assert conditions(world) == ["RecordAgeExceeded"]
    assert world.destination.records[0].metadata["responseContext"] is None


def test_what_keeps_the_function_from_being_reached_is_reported() -> None:
    world, _ = world_of(1, throttled)
    world.poller.step()
    world.poller.step()
    assert world.statistics.problems == {"invoking": "TooManyRequestsException"}
    assert world.run().problems == {}


def test_retries_end_at_the_maximum_age() -> None:
    world, numbers = world_of(2, maximum_record_age=60, maximum_retry_attempts=10_000)
    world.function.handler = crash
    world.run()
    assert conditions(world) == ["RecordAgeExceeded"]
    assert len(world.function.batches) == 6


def test_records_are_discarded_for_age_one_by_one() -> None:
    world = World(destination=FakeDestination(), maximum_record_age=60)
    old = world.streams.put("a")
    world.time.sleep(61)
    young = world.streams.put("b")
    world.run()
    assert world.destination.sequence_numbers == [[old]]
    assert world.function.batches == [[young]]


def test_what_is_left_of_a_half_whose_first_record_expired_comes_before_the_other_half() -> None:
    world = World(destination=FakeDestination(), maximum_record_age=60, bisect_batch_on_function_error=True)
    old = world.streams.put("a")
    world.time.sleep(30)
    young = [world.streams.put(item) for item in "bcd"]
    world.function.handler = lambda batch: (crash if len(batch) == 4 else throttled)(batch) if old in batch else None
    world.run()
    assert world.destination.sequence_numbers == [[old]]
    assert world.function.batches[-2:] == [young[:1], young[1:]]


def test_a_record_at_its_maximum_age_is_still_sent() -> None:
    world = World(destination=FakeDestination(), maximum_record_age=60)
    numbers = [world.streams.put("a")]
    world.time.sleep(60)
    world.run()
    assert world.function.batches == [numbers]


def test_a_failed_batch_is_split_in_two_and_both_halves_are_retried() -> None:
    world, numbers = world_of(5, crash, bisect_batch_on_function_error=True)
    world.run()
    assert world.function.batches == [numbers, numbers[:2], numbers[2:]]


def test_splitting_does_not_consume_the_quota() -> None:
    world, numbers = world_of(8, bisect_batch_on_function_error=True, maximum_retry_attempts=2)
    poison = numbers[5]
    world.function.handler = poisoned_by(poison)
    statistics = world.run()
    assert world.function.batches.count([poison]) == 3
    assert world.destination.sequence_numbers == [[poison]]
    assert statistics.processed == 7


def test_without_splitting_a_poison_record_takes_its_batch_along() -> None:
    world, numbers = world_of(3, maximum_retry_attempts=1)
    world.function.handler = poisoned_by(numbers[1])
    world.run()
    assert world.destination.sequence_numbers == [numbers]


def test_everything_from_the_checkpoint_is_retried() -> None:
    world, numbers = world_of(4, report_batch_item_failures=True)
    world.function.handler = script(failing_items(numbers[3], numbers[1]))
    statistics = world.run()
    assert world.function.batches == [numbers, numbers[1:]]
    assert (statistics.processed, statistics.failed_invoke) == (4, 3)


def test_a_partial_failure_consumes_the_quota() -> None:
    world, numbers = world_of(3, report_batch_item_failures=True, maximum_retry_attempts=1)
    world.function.handler = failing_items(numbers[2])
    world.run()
    assert world.function.batches == [numbers, numbers[2:]]
    assert world.destination.sequence_numbers == [numbers[2:]]


def test_a_response_without_failures_ends_the_batch() -> None:
    world, numbers = world_of(3, lambda numbers: {"batchItemFailures": []}, report_batch_item_failures=True)
    world.run()
    assert world.function.batches == [numbers]


def test_an_unknown_identifier_has_the_whole_batch_retried() -> None:
    world, numbers = world_of(3, failing_items("1"), report_batch_item_failures=True)
    world.run()
    assert world.function.batches == [numbers, numbers]


def test_a_failed_invocation_is_split_though_item_failures_are_reported() -> None:
    world, numbers = world_of(4, crash, report_batch_item_failures=True, bisect_batch_on_function_error=True)
    world.run()
    assert world.function.batches == [numbers, numbers[:2], numbers[2:]]


def test_a_partial_failure_splits_at_the_checkpoint_and_retries_the_remainder() -> None:
    settings = {"report_batch_item_failures": True, "bisect_batch_on_function_error": True, "maximum_retry_attempts": 0}
    world, numbers = world_of(4, **settings)
    world.function.handler = script(failing_items(numbers[2]), failing_items(numbers[3]))
    statistics = world.run()
    assert world.function.batches == [numbers, numbers[2:], numbers[3:]]
    assert (statistics.processed, world.destination.records) == (4, [])


def test_the_remainder_after_the_checkpoint_is_retried_in_one_piece() -> None:
    world, numbers = world_of(6, report_batch_item_failures=True, bisect_batch_on_function_error=True)
    world.function.handler = script(failing_items(numbers[1]))
    world.run()
    assert world.function.batches == [numbers, numbers[1:]]


def test_a_failure_of_the_first_record_splits_in_the_middle() -> None:
    world, numbers = world_of(4, report_batch_item_failures=True, bisect_batch_on_function_error=True)
    world.function.handler = script(failing_items(numbers[0]))
    world.run()
    assert world.function.batches == [numbers, numbers[:2], numbers[2:]]


@pytest.mark.parametrize("position", [0, 3, 6])
def test_a_poison_record_is_isolated_wherever_it_is(position: int) -> None:
    world, numbers = world_of(
        7, report_batch_item_failures=True, bisect_batch_on_function_error=True, maximum_retry_attempts=2
    )
    world.function.handler = lambda batch: (
        {"batchItemFailures": [{"itemIdentifier": numbers[position]}]} if numbers[position] in batch else None
    )
    statistics = world.run()
    assert world.destination.sequence_numbers == [[numbers[position]]]
    assert statistics.processed == 6


def test_the_failure_record_counts_the_invocations() -> None:
    world, _ = world_of(1, crash, throttled, crash, maximum_retry_attempts=1)
    world.run()
    assert world.destination.records[0].metadata["requestContext"]["approximateInvokeCount"] == 2
