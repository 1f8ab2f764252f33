"""What a day costs."""

import json
from dataclasses import fields, replace
from datetime import date

import pytest

from benchmarks.costs.bill import bill, billed_seconds, invocations, traces_recorded
from benchmarks.costs.daily_execution import SummaryObservation, SummaryReads, in_slices, reading_seconds
from benchmarks.costs.growth import RECORDS_A_DAY, growth
from benchmarks.costs.implementations import (
    BatchObservation,
    Observations,
    StreamObservation,
    custom_metrics,
    earlier_design,
    implementations,
)
from build.sizing.costs import PRICES_FILE, Prices, load_prices, total_dollars
from stack.config import SOURCES, StackConfig
from tests.sources import ORDERS, USERS

STREAM = StreamObservation(BatchObservation(10, 0.002, 800), BatchObservation(100, 0.011, 800), 25)
SUMMARY = SummaryObservation(cpu_seconds_per_page=0.001, activities_per_page=100, units_per_activity=0.02)
SCAN = SummaryObservation(cpu_seconds_per_page=0.1, activities_per_page=5000, units_per_activity=0.02)
PRICES = load_prices().prices
OBSERVED = Observations((STREAM, SUMMARY), (STREAM, SCAN), 10**6)
OURS, AS_WRITTEN, CORRECTED = implementations(OBSERVED)
EARLIER = earlier_design(OBSERVED)


def test_sizes_between_two_batches_are_interpolated() -> None:
    assert STREAM.cpu_seconds(10) == pytest.approx(0.002)
    assert STREAM.cpu_seconds(55) == pytest.approx(0.0065)
    assert STREAM.cpu_seconds(1) == pytest.approx(0.0011)


def test_a_request_writes_a_whole_batch_of_ours() -> None:
    assert STREAM.requests(10) == 1
    assert STREAM.requests(100) == 4


def test_few_records_come_alone_and_many_in_full_batches() -> None:
    assert invocations(USERS, 100).records == pytest.approx(1, abs=0.01)
    many = invocations(USERS, 10_000_000)
    assert (many.records, many.number) == (USERS.batch_size, 1_000_000)


def test_cpu_time_grows_as_memory_shrinks_and_never_below_one_cpu() -> None:
    assert billed_seconds(0.002, 1, 1769) == pytest.approx(0.002 + 0.005)
    assert billed_seconds(0.002, 1, 256) == pytest.approx(0.002 * 1769 / 256 + 0.005)
    assert billed_seconds(0.002, 1, 10_240) == pytest.approx(0.002 + 0.005)


def test_our_summary_reads_two_days_and_no_history_in_full_pages_and_the_rest_of_each_hour() -> None:
    assert OURS.summary_reads(1_000_000).units == pytest.approx(2 * 1_000_000 * 0.02)
    assert OURS.summary_reads(1_000_000).requests == pytest.approx(2 * 1_000_000 * 0.02 / 128 + 2 * 24 * len(SOURCES))


def test_our_summary_counts_as_many_partitions_at_once_as_writes_need() -> None:
    assert OURS.summary_reads(1_000_000).concurrency == 8
    assert OURS.summary_reads(10**9).concurrency == 8


def test_the_reference_reads_one_page_and_made_right_the_whole_history() -> None:
    assert (AS_WRITTEN.summary_reads(10**9).units, AS_WRITTEN.summary_reads(10**9).requests) == (128, 1)
    assert AS_WRITTEN.summary_reads(10).units == pytest.approx(10 * 31 * 0.02)
    assert CORRECTED.summary_reads(1_000_000).units == pytest.approx(31 * 1_000_000 * 0.02)


def test_pages_share_one_cpu_however_many_wait() -> None:
    pages = SummaryReads(units=40_000, requests=20_000, concurrency=8)
    busy, idle = replace(SUMMARY, cpu_seconds_per_page=0.1), replace(SUMMARY, cpu_seconds_per_page=0.0001)
    assert reading_seconds(busy, pages) == pytest.approx(20_000 * 0.1 * 1769 / 1024)
    assert reading_seconds(idle, pages) == pytest.approx(20_000 * (0.005 + 0.0001 * 1769 / 1024) / 8)


def test_a_page_takes_longer_the_fuller_it_is_and_partitions_give_3_000_units_a_second() -> None:
    idle = replace(SUMMARY, cpu_seconds_per_page=0)
    assert reading_seconds(idle, SummaryReads(128 * 10, 10, 1)) == pytest.approx(10 * 0.05)
    assert reading_seconds(idle, SummaryReads(64 * 10, 10, 1)) == pytest.approx(10 * 0.025)
    assert reading_seconds(idle, SummaryReads(128 * 600, 600, 8, partitions=2)) == pytest.approx(128 * 600 / 2 / 3000)
    assert OURS.daily_execution(1_000_000).seconds == pytest.approx(40_000 / len(SOURCES) / 3000)


def test_bills_have_the_same_lines() -> None:
    bills = [bill(implementation, PRICES, 1_000_000) for implementation in (OURS, AS_WRITTEN, CORRECTED)]
    assert len({tuple((line.name, line.unit) for line in lines) for lines in bills}) == 1


def test_a_bill_is_amounts_times_prices() -> None:
    lines = {line.name: line for line in bill(OURS, PRICES, 1_000_000)}
    assert lines["DynamoDB writes of activities"].dollars == pytest.approx(0.625)
    assert lines["DynamoDB reads of the summary"].dollars == pytest.approx(40_000 * 0.125e-6)
    assert lines["DynamoDB streams, read by Lambda"].dollars == 0
    assert lines["alarms"].dollars == pytest.approx(lines["alarms"].amount * 0.1 / 30)
    assert lines["composite alarms"].amount == 3
    assert lines["composite alarms"].dollars == pytest.approx(3 * 0.5 / 30)
    assert total_dollars(list(lines.values())) == pytest.approx(sum(line.dollars for line in lines.values()))


def test_monitoring_more_costs_more() -> None:
    def monitoring(lines: dict[str, float]) -> float:
        return lines["alarms"] + lines["composite alarms"] + lines["custom metrics"]

    ours, reference = (
        {line.name: line.dollars for line in bill(each, PRICES, 1_000_000)} for each in (OURS, AS_WRITTEN)
    )
    assert monitoring(ours) > monitoring(reference)
    assert ours["DynamoDB writes of activities"] == reference["DynamoDB writes of activities"]


def test_the_first_trace_of_a_second_is_recorded_and_a_twentieth_of_the_others() -> None:
    assert traces_recorded(100) == 100
    assert traces_recorded(86_400 + 2_000) == 86_400 + 100


def test_every_kind_of_metric_is_counted() -> None:
    assert custom_metrics(StackConfig(sources=(USERS, ORDERS))) == 4 + 3 * 2 + 3 + 1


def test_nothing_shrinks_as_the_work_grows_but_the_time_where_slices_begin() -> None:
    grown = {each: growth(each, PRICES) for each in (OURS, EARLIER, AS_WRITTEN, CORRECTED)}
    in_one_invocation = [each.execution_seconds for implementation, each in grown.items() if implementation is not OURS]
    lines = [line for each in grown.values() for line in (each.dollars, each.read_units)]
    assert len(lines) == 8 and len(in_one_invocation) == 3
    for heights in (*lines, *in_one_invocation):
        assert len(heights) == len(RECORDS_A_DAY) and list(heights) == sorted(heights)


def test_an_execution_has_a_step_and_an_invocation_for_each_slice() -> None:
    config = StackConfig("prod", (USERS, ORDERS), activity_shards=((0, 22),), pages_in_one_invocation=0)
    execution = in_slices(config, 10**9, item_bytes=164)
    groups = 8
    assert (execution.transitions, execution.invocations) == (6 + 2 * 48 * groups, 2 + 2 * 48 * groups)
    assert execution.billed_seconds > execution.invocations + execution.seconds


def test_a_day_in_slices_pays_for_every_slice() -> None:
    small, large = ({line.name: line for line in bill(OURS, PRICES, records)} for records in (10**6, 10**9))
    execution, sources = OURS.daily_execution(10**9), OURS.sources(10**9)
    batches = sum(invocations(source, 10**9 / len(sources)).number for source in sources)
    assert (small["Step Functions"].amount, large["Step Functions"].amount) == (4, execution.transitions)
    assert large["Lambda requests"].amount == pytest.approx(batches + 1 + execution.invocations)
    assert execution.transitions > 500


def test_a_large_load_has_the_mappings_that_it_needs_and_the_others_have_todays() -> None:
    assert tuple(OURS.sources(10**4)) == EARLIER.sources(10**9) == SOURCES
    assert all(ours.batch_size > todays.batch_size for ours, todays in zip(OURS.sources(10**9), SOURCES))


def test_work_grows_from_ten_thousand_to_a_billion_records() -> None:
    assert (RECORDS_A_DAY[0], RECORDS_A_DAY[-1]) == (10**4, 10**9)
    assert list(RECORDS_A_DAY) == sorted(set(RECORDS_A_DAY))


def test_every_price_has_a_unit_and_a_source_of_aws() -> None:
    entries = json.loads(PRICES_FILE.read_bytes())["prices"]
    assert set(entries) == {field.name for field in fields(Prices)}
    assert all(entry["unit"] and entry["source"].startswith("https://aws.amazon.com/") for entry in entries.values())


def test_prices_are_dated_and_of_the_region_that_is_deployed_to() -> None:
    listed = load_prices()
    assert isinstance(listed.date, date) and listed.region == "us-west-2"
