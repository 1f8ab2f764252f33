"""A source's way from its stream to the table in simulated time."""

from collections.abc import Callable
from typing import Any

import pytest

from benchmarks.sections.stream_backlog import stream_run
from benchmarks.systems.simulated_mapping import SimulatedMapping, ThrottlingTable
from benchmarks.systems.simulated_stream import Arrivals, Phase, SimulatedStream
from benchmarks.systems.simulated_time import SimulatedClock, SimulatedWorkers
from benchmarks.systems.template_facts import function_variables, sized_config
from build.poller.context import Callback
from stack.config import StackConfig, stream_processor
from stack.sizing import shard_throughput
from tests.build.poller.fakes import VirtualTime
from tests.faults.functions import cold_start
from tests.sources import ORDERS, USERS

SIZED = sized_config(1e9)
TODAY = StackConfig("prod", (USERS, ORDERS))


def mapping(source: Any, config: StackConfig, shards: int, *phases: Phase) -> SimulatedMapping:
    variables = function_variables(stream_processor(source).logical_id, config)
    module = cold_start("stream_processor", variables, VirtualTime())
    return SimulatedMapping(source, config, shards, phases, module)


def test_tasks_run_side_by_side_and_end_in_their_order() -> None:
    clock, ended = SimulatedClock(100), list[float]()
    workers = SimulatedWorkers(clock)

    def task(seconds: float) -> Callable[[], Callback]:
        def run() -> Callback:
            clock.sleep(seconds)
            return lambda: ended.append(clock.now)

        return run

    for seconds in (3, 1, 2):
        workers.submit(task(seconds))
    assert (clock.now, workers.most_at_once, workers.callbacks()) == (100, 3, [])
    while len(ended) < 3:
        workers.wait(10)
        for callback in workers.callbacks():
            callback()
    assert ended == [101, 102, 103]
    workers.wait(10)
    assert clock.now == 113


def test_records_arrive_evenly_within_each_phase() -> None:
    arrivals = Arrivals(50, [Phase(2, 10), Phase(1, 100), Phase(2, 5)])
    assert [arrivals.before(moment) for moment in (0, 50, 51, 52, 52.5, 53, 55, 99)] == [
        0,
        0,
        10,
        20,
        70,
        120,
        130,
        130,
    ]
    assert arrivals.total == 130
    for number in range(130):
        moment = arrivals.moment(number)
        assert arrivals.before(moment + 1e-6) == number + 1 and arrivals.before(moment - 1e-6) == number


def test_a_stream_gives_what_is_written_by_now_a_page_at_a_time() -> None:
    clock = SimulatedClock(1000)
    stream = SimulatedStream(USERS, 2, [Phase(10, 200)], clock)
    iterator = stream.get_shard_iterator("", "0", "TRIM_HORIZON")["ShardIterator"]
    assert stream.get_records(iterator)["Records"] == []
    clock.sleep(6)
    page = stream.get_records(iterator)
    rest = stream.get_records(page["NextShardIterator"])
    records = page["Records"] + rest["Records"]
    assert (len(page["Records"]), len(rest["Records"])) == (1000, 200)
    assert len({record["eventID"] for record in records}) == 1200
    assert [record["eventName"] for record in records].count("REMOVE") == 60
    assert all(("NewImage" in record["dynamodb"]) == (record["eventName"] != "REMOVE") for record in records)
    assert (stream.written, stream.total, stream.activities) == (1200 + 1100, 4000, 3800)


def test_a_partition_key_takes_a_thousand_writes_in_a_second() -> None:
    clock = SimulatedClock(10)
    table = ThrottlingTable(clock)

    def write(count: int, key: str) -> int:
        items = [{"dataType": {"S": key}, "processedAt": {"N": str(number)}} for number in range(count)]
        answer = table.batch_write_item({"table": [{"PutRequest": {"Item": item}} for item in items]})
        return len(answer["UnprocessedItems"].get("table", []))

    assert (write(1100, "A"), write(900, "B"), table.throttled) == (100, 0, 100)
    clock.sleep(1)
    assert write(1000, "A") == 0
    assert (table.writes, len(table.keys)) == (2900, 1900)


@pytest.mark.parametrize("source", SIZED.sources)
def test_sized_mappings_keep_up_and_store_every_activity_once(source: Any) -> None:
    phases = [Phase(2, 400), Phase(1, 1000), Phase(2, 400)]
    run = stream_run(mapping(source, SIZED, 2, *phases), phases)
    assert run.stored == run.activities == 2 * 2600 * 19 // 20
    assert run.after <= 1.25 * run.before
    assert run.before < run.at_peak.records
    assert run.longest_age < 2
    assert 0 < run.most_at_once <= run.allowed_at_once == 2 * source.parallelization_factor


def test_the_order_mapping_of_the_reference_falls_behind_a_full_shard_as_fast_as_sizing_says() -> None:
    speed, seconds = shard_throughput(ORDERS), 12
    behind = mapping(ORDERS, TODAY, 1, Phase(seconds, 1000)).poll(seconds)
    assert behind.records == pytest.approx(seconds * (1000 - speed), rel=0.05)
    assert behind.age == pytest.approx(seconds * (1 - speed / 1000), rel=0.05)
