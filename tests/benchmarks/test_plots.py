"""The plots."""

from pathlib import Path

import pytest

from benchmarks.costs.bill import RECORDS_A_DAY, Growth
from benchmarks.reporting.plots import apart, draw_money, draw_ratios, draw_summary_time
from benchmarks.reporting.rows import ResultRow, Spread, at_least, exactly, spread_of

ROWS = [
    ResultRow("stream", "9/s", "1/s", Spread(8, 9, 10), at_least(4)),
    ResultRow("bytes", "0", "1", spread_of([0]), exactly(0)),
]
GROWTHS = [Growth(name, RECORDS_A_DAY, RECORDS_A_DAY, RECORDS_A_DAY) for name in ("this", "that", "other")]


def test_the_same_numbers_give_the_same_bytes(tmp_path: Path) -> None:
    for name in ("first.svg", "second.svg"):
        draw_ratios(ROWS, tmp_path / name)
    assert (tmp_path / "first.svg").read_bytes() == (tmp_path / "second.svg").read_bytes()


def test_growth_is_drawn_without_a_date(tmp_path: Path) -> None:
    draw_money(GROWTHS, tmp_path / "money.svg")
    draw_summary_time(GROWTHS, tmp_path / "time.svg")
    assert all("<dc:date>" not in (tmp_path / name).read_text() for name in ("money.svg", "time.svg"))


def test_names_are_moved_apart_in_their_order() -> None:
    assert apart([0.9, 0.95, 0.2], 0.1) == pytest.approx([0.85, 0.95, 0.2])
    assert apart([0.5, 0.5], 0.1) == pytest.approx([0.5, 0.4])
