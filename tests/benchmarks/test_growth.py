"""Which limits are crossed before a billion records a day, computed from the lines that the plots draw."""

from dataclasses import replace

import pytest

from benchmarks.costs.daily_execution import EXECUTION_SECONDS, in_slices
from benchmarks.costs.growth import (
    EXECUTION_LIMIT,
    INVOCATION_LIMIT,
    RECORDS_A_DAY,
    WRITES_LIMIT,
    Growth,
    first_crossing,
    growth,
    height_at,
)
from benchmarks.systems.template_facts import sized_config
from stack.config import ANALYTICS_PROCESSOR, SOURCES
from tests.benchmarks.test_costs import AS_WRITTEN, CORRECTED, EARLIER, OURS, PRICES

LAMBDA_SECONDS = 15 * 60
FLAT = Growth("flat", *[[1.0 for _ in RECORDS_A_DAY]] * 5)


def test_the_limits_are_the_timeout_a_quarter_of_an_hour_and_what_a_partition_key_takes() -> None:
    limits = [INVOCATION_LIMIT.most, EXECUTION_LIMIT.most, WRITES_LIMIT.most]
    assert limits == [ANALYTICS_PROCESSOR.timeout, 900, 1000]
    assert ANALYTICS_PROCESSOR.timeout < LAMBDA_SECONDS


def test_this_system_crosses_no_limit_up_to_a_billion() -> None:
    ours = growth(OURS, PRICES)
    assert RECORDS_A_DAY[-1] == 10**9
    assert first_crossing(ours) is None
    assert max(ours.invocation_seconds) < ANALYTICS_PROCESSOR.timeout
    assert max(ours.execution_seconds) < EXECUTION_SECONDS
    assert max(ours.writes_per_key) <= 800


def test_a_billion_activities_of_twice_the_size_are_counted_in_time_too() -> None:
    execution = in_slices(sized_config(10**9), 10**9, item_bytes=370)
    assert execution.seconds < EXECUTION_SECONDS and execution.longest_invocation < 300


def test_one_invocation_with_pages_of_100_breaks_at_7_8_million() -> None:
    crossing = first_crossing(growth(EARLIER, PRICES))
    assert crossing and crossing.limit is INVOCATION_LIMIT
    assert crossing.records == pytest.approx(7_800_000)
    assert EARLIER.daily_execution(7_800_000).seconds == pytest.approx(600)


def test_the_reference_breaks_at_one_keys_writes_and_with_every_page_at_the_timeout() -> None:
    as_written, corrected = (first_crossing(growth(each, PRICES)) for each in (AS_WRITTEN, CORRECTED))
    assert as_written and corrected
    assert as_written.limit is WRITES_LIMIT and corrected.limit is INVOCATION_LIMIT
    assert as_written.records == pytest.approx(1000 * len(SOURCES) / 3 * 86_400)
    assert corrected.records < as_written.records


def test_the_limit_that_is_crossed_first_counts() -> None:
    rising = [records / 100 for records in RECORDS_A_DAY]
    crossing = first_crossing(replace(FLAT, execution_seconds=rising, writes_per_key=rising))
    assert crossing and crossing.limit is EXECUTION_LIMIT
    assert crossing.records == pytest.approx(90_000)
    assert first_crossing(FLAT) is None


def test_a_line_is_straight_between_its_points() -> None:
    squares = [float(records) ** 2 for records in RECORDS_A_DAY]
    for records in (10**4, 31_623, 10**9):
        assert height_at(squares, records) == pytest.approx(float(records) ** 2)
