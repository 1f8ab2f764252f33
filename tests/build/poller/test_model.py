"""Random faults against the promise: every record ends up in exactly one place, and items keep their order."""

from collections import Counter
from collections.abc import Callable
from itertools import chain
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.build.poller.fakes import FakeDestination, FakeShard, aws_error, crash, failing_items, throttled
from tests.build.poller.test_retries import lost_answer
from tests.build.poller.world import World, pending

ITEMS = [f"item-{number}" for number in range(8)]
READ_ERRORS = ["ExpiredIteratorException", "InternalServerError", "LimitExceededException"]
SECONDS_BETWEEN_STEPS = 20

mappings = st.fixed_dictionaries(
    {
        "batch_size": st.integers(1, 7),
        "batching_window": st.sampled_from([0, 0, 3]),
        "parallelization_factor": st.integers(1, 4),
        "bisect_batch_on_function_error": st.booleans(),
        "report_batch_item_failures": st.booleans(),
        "maximum_retry_attempts": st.integers(0, 3),
        "maximum_record_age": st.sampled_from([60, 86_400]),
    }
)
outcomes = st.lists(st.sampled_from(["success", "crash", "partial", "unknown", "throttled", "lost"]), max_size=40)
changes = st.tuples(st.sampled_from(ITEMS), st.sampled_from(["INSERT", "MODIFY", "REMOVE"]))
happenings = st.lists(
    st.one_of(changes, changes, changes, st.sampled_from(["step", "new shard"])), min_size=8, max_size=50
)
read_errors = st.lists(
    st.tuples(st.sampled_from(["get_records", "describe_stream"]), st.sampled_from(READ_ERRORS)), max_size=4
)


class Recorder:
    """A function that goes through outcomes, then succeeds; notes what it got and what it acknowledged."""

    def __init__(self, outcomes: list[str], reports: bool, choose: Callable[[list[str]], str]) -> None:
        self.outcomes = iter(outcomes)
        self.reports = reports
        self.choose = choose
        self.got: list[str] = []
        self.acknowledged: list[str] = []

    def __call__(self, numbers: list[str]) -> object:
        return getattr(self, next(self.outcomes, "success"))(numbers)

    def success(self, numbers: list[str]) -> None:
        self.got.extend(numbers)
        self.acknowledged.extend(numbers)

    def partial(self, numbers: list[str]) -> object:
        failed = self.choose(numbers)
        self.got.extend(numbers)
        self.acknowledged.extend(numbers[: numbers.index(failed)] if self.reports else numbers)
        return failing_items(failed)(numbers)

    def unknown(self, numbers: list[str]) -> object:
        self.got.extend(numbers)
        return failing_items("1")(numbers) if self.reports else crash(numbers)

    def crash(self, numbers: list[str]) -> object:
        self.got.extend(numbers)
        return crash(numbers)

    def lost(self, numbers: list[str]) -> None:
        self.got.extend(numbers)
        lost_answer(numbers)

    def throttled(self, numbers: list[str]) -> None:
        throttled(numbers)


class Story:
    """What happens to a stream while it is polled; notes what was written, by kind and by item."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.wanted: list[str] = []
        self.removed: list[str] = []
        self.by_item: dict[str, list[str]] = {item: [] for item in ITEMS}

    def tell(self, happenings: list[Any]) -> None:
        for happening in happenings:
            if happening == "step":
                self.world.time.sleep(SECONDS_BETWEEN_STEPS)
                self.world.poller.step()
            elif happening == "new shard":
                self.split()
            else:
                self.write(*happening)

    def split(self) -> None:
        """Close the newest shard and give it a child."""
        newest = list(self.world.streams.shards)[-1]
        self.world.streams.shards[newest].closed = True
        self.world.streams.shards[f"{newest}-child"] = FakeShard(parent=newest)

    def write(self, item: str, name: str) -> None:
        number = self.world.streams.put(item, list(self.world.streams.shards)[-1], name)
        (self.removed if name == "REMOVE" else self.wanted).append(number)
        self.by_item[item].append(number)


def in_order_of_items(numbers: list[str], by_item: dict[str, list[str]]) -> bool:
    """Whether the numbers of each item, looked at where each comes first, are in the order of their writing."""
    first = list(dict.fromkeys(numbers))
    return all(
        [number for number in first if number in of_item] == [number for number in of_item if number in first]
        for of_item in by_item.values()
    )


@settings(max_examples=200, deadline=None)
@given(mappings, outcomes, happenings, read_errors, st.data())
def test_every_record_is_done_filtered_or_delivered_exactly_once_and_in_order(
    mapping: dict[str, Any],
    outcomes: list[str],
    happenings: list[Any],
    read_errors: list[tuple[str, str]],
    data: st.DataObject,
) -> None:
    recorder = Recorder(
        outcomes, mapping["report_batch_item_failures"], lambda numbers: data.draw(st.sampled_from(numbers))
    )
    destination = FakeDestination([aws_error("SlowDown")] * 3)
    world = World(recorder, destination=destination, event_names=frozenset({"INSERT", "MODIFY"}), **mapping)
    for operation, code in read_errors:
        world.streams.faults[operation].append(aws_error(code))
    story = Story(world)
    story.tell(happenings)
    statistics = world.run()

    delivered = list(chain.from_iterable(destination.sequence_numbers))
    assert Counter(recorder.acknowledged) + Counter(delivered) == Counter(story.wanted)
    assert not set(recorder.got) & set(story.removed)
    assert (statistics.filtered_out, statistics.processed) == (len(story.removed), len(recorder.acknowledged))
    assert (statistics.on_failure_destination_delivered, statistics.dropped) == (len(delivered), 0)
    assert pending(statistics) == 0
    for numbers in (recorder.got, recorder.acknowledged, delivered):
        assert in_order_of_items(numbers, story.by_item)
