"""The simulated table: what it counts, in which pages, and how long reading takes."""

from typing import Any

import pytest

from benchmarks.systems.billion_table import BillionTable, Invocation, Query, simulate
from handlers.counting import PageLimit, count_partition
from handlers.windows import Window, hours_of

DAY = 86_400_000
WINDOW = Window(1_700_006_400_000, 1_700_006_400_000 + DAY)


def table(activities: int) -> Any:
    return BillionTable(frozenset({"A", "A#1"}), WINDOW.start, WINDOW.end, activities, item_bytes=150)


def count(of: Any, partition: str, window: Window, consistent: bool = False) -> int:
    return count_partition(of, "table", None, consistent, PageLimit(), partition, window)


@pytest.mark.parametrize("activities", [0, 1, 23, 6_991, 6_992, 1_000_003])
def test_its_hours_add_up(activities: int) -> None:
    of = table(activities)
    assert count(of, "A", WINDOW) == sum(count(of, "A#1", hour) for hour in hours_of(WINDOW)) == activities
    assert count(of, "A#2", WINDOW) == 0
    assert count(of, "A", Window(WINDOW.end, WINDOW.end + DAY)) == 0


def test_a_page_ends_at_1_mb_and_takes_half_a_unit_for_4_kb() -> None:
    of = table(20_000)
    count(of, "A", WINDOW)
    count(of, "A", WINDOW, consistent=True)
    eventual, consistent = of.queries
    assert (eventual.pages, eventual.units_of_a_page) == (3, 128.5)
    assert eventual.units_of_the_last == pytest.approx((20_000 - 2 * 6_991) * 150 / 8192, abs=0.5)
    assert consistent.units_of_a_page == 2 * eventual.units_of_a_page


def test_pages_of_a_query_follow_each_other_and_queries_run_side_by_side() -> None:
    one = Query("A", 10, 1, 1)
    assert simulate([Invocation([one])], 1, overhead=1).seconds == pytest.approx(1.5)
    assert simulate([Invocation([one] * 8)], 1, overhead=1).seconds == pytest.approx(1.5)
    assert simulate([Invocation([one] * 16)], 1, overhead=1).seconds == pytest.approx(2.0)
    assert simulate([Invocation([one])] * 4, 2, overhead=1).seconds == pytest.approx(3.0)


def test_a_partition_gives_3_000_units_a_second_and_throttles_beyond() -> None:
    queries = [Query("A", 300, 128, 128)] * 8
    timing = simulate([Invocation(queries)], 1, overhead=0)
    least = 8 * 300 * 128 / 3_000
    assert timing.throttled > 0
    assert least - 1.1 <= timing.seconds <= 1.5 * least
    apart = [Query(f"A#{number}", 300, 128, 128) for number in range(8)]
    assert simulate([Invocation(apart)], 1, overhead=0).throttled == 0
