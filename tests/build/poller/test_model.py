"""Random faults against the promise: every record ends up in exactly one place, and items keep their order."""

from collections import Counter

from hypothesis import event, given, settings
from hypothesis import strategies as st

from tests.build.poller.fakes import FakeDestination, FakeShard, World, aws_error, crash, failing_items, throttled
from tests.build.poller.test_retries import lost_answer

ITEMS = [f"item-{number}" for number in range(8)]
READ_ERRORS = ["ExpiredIteratorException", "InternalServerError", "LimitExceededException"]

configurations = st.fixed_dictionaries(
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
writes = st.lists(
    st.tuples(st.sampled_from(ITEMS), st.sampled_from(["INSERT", "MODIFY", "REMOVE"]), st.integers(0, 20)), max_size=40
)
faults = st.lists(
    st.tuples(st.sampled_from(["get_records", "describe_stream"]), st.sampled_from(READ_ERRORS)), max_size=4
)


class Recorder:
    """A function that goes through outcomes, then succeeds; notes what it was told and what it acknowledged."""

    def __init__(self, outcomes, choose, reports):
        self.outcomes = iter(outcomes)
        self.choose = choose
        self.reports = reports
        self.acknowledged = []
        self.seen = []

    def __call__(self, numbers):
        outcome = next(self.outcomes, "success")
        event(outcome)
        handler = {
            "crash": crash,
            "throttled": throttled,
            "lost": lost_answer,
            "unknown": failing_items("1") if self.reports else crash,
            "partial": self.partial,
            "success": self.success,
        }[outcome]
        if outcome != "throttled":
            self.seen.extend(numbers)
        return handler(numbers)

    def success(self, numbers):
        self.acknowledged.extend(numbers)

    def partial(self, numbers):
        """Report a record as failed; without that response type the answer means success."""
        failed = self.choose(numbers)
        done = numbers[: numbers.index(failed)] if self.reports else numbers
        self.acknowledged.extend(done)
        return failing_items(failed)(numbers)


def first_seen(numbers):
    """The numbers in the order in which they came first."""
    return list(dict.fromkeys(numbers))


@settings(max_examples=150, deadline=None)
@given(configurations, outcomes, writes, faults, st.data())
def test_every_record_is_done_filtered_or_delivered_exactly_once_and_in_order(settings, outcomes, writes, faults, data):
    recorder = Recorder(
        outcomes, lambda numbers: data.draw(st.sampled_from(numbers)), settings["report_batch_item_failures"]
    )
    destination = FakeDestination([aws_error("SlowDown")] * 3)
    filters = ({"eventName": ["INSERT", "MODIFY"]},)
    world = World(recorder, destination=destination, filters=filters, **settings)
    for operation, code in faults:
        world.streams.faults[operation].append(aws_error(code))

    wanted, removed, by_item = [], [], {item: [] for item in ITEMS}
    for position, (item, name, pause) in enumerate(writes):
        shard = "shard-0"
        if position >= 20:
            if "shard-1" not in world.streams.shards:
                world.streams.shards["shard-0"].closed = True
                world.streams.shards["shard-1"] = FakeShard(parent="shard-0")
            shard = "shard-1"
        number = world.streams.put(item, shard, name)
        (removed if name == "REMOVE" else wanted).append(number)
        by_item[item].append(number)
        if pause > 15:
            world.time.sleep(pause)
            world.poller.step()
    statistics = world.run()

    given_up = [number for batch in destination.sequence_numbers for number in batch]
    assert Counter(recorder.acknowledged) + Counter(given_up) == Counter(wanted)
    assert not set(recorder.seen) & set(removed)
    assert (statistics.polled, statistics.filtered_out) == (len(writes), len(removed))
    assert (statistics.processed, statistics.on_failure_destination_delivered) == (
        len(recorder.acknowledged),
        len(given_up),
    )
    assert (statistics.dropped, statistics.in_flight) == (0, 0)
    for numbers in by_item.values():
        for sequence in (recorder.acknowledged, given_up, first_seen(recorder.seen)):
            of_item = [number for number in sequence if number in numbers]
            assert of_item == sorted(of_item)
    assert set(statistics.checkpoints.values()) <= set(wanted + removed)
