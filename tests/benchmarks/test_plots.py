"""The plots."""

from pathlib import Path

import pytest

from benchmarks.costs.growth import RECORDS_A_DAY, Growth
from benchmarks.reporting.plots import apart, draw_money, draw_ratios, draw_read_units, draw_summary_time, draw_writes
from benchmarks.reporting.rows import ResultRow, Spread, at_least, exactly, spread_of

ROWS = [
    ResultRow("stream", "9/s", "1/s", Spread(8, 9, 10), at_least(4)),
    ResultRow("bytes", "0", "1", spread_of([0]), exactly(0)),
]
SMALL = [1.0 for _ in RECORDS_A_DAY]
GROWTHS = [
    Growth("this", RECORDS_A_DAY, RECORDS_A_DAY, SMALL, SMALL, SMALL),
    *(Growth(name, *[RECORDS_A_DAY] * 5) for name in ("before", "that", "other")),
]


def test_the_same_numbers_give_the_same_bytes(tmp_path: Path) -> None:
    for name in ("first.svg", "second.svg"):
        draw_ratios(ROWS, tmp_path / name)
    assert (tmp_path / "first.svg").read_bytes() == (tmp_path / "second.svg").read_bytes()


def test_growth_is_drawn_without_a_date(tmp_path: Path) -> None:
    for draw in (draw_money, draw_read_units, draw_summary_time, draw_writes):
        draw(GROWTHS, tmp_path / "growth.svg")
        assert "<dc:date>" not in (tmp_path / "growth.svg").read_text()


def test_only_a_line_that_crosses_a_limit_has_a_cross_and_goes_on_faintly(tmp_path: Path) -> None:
    draw_money([GROWTHS[0]] * 4, tmp_path / "none.svg")
    draw_money([*GROWTHS[:1] * 3, GROWTHS[1]], tmp_path / "one.svg")
    faint = [(tmp_path / name).read_text().count("stroke-opacity: 0.3") for name in ("none.svg", "one.svg")]
    assert faint == [0, 1]


def test_names_are_moved_apart_in_their_order() -> None:
    assert apart([0.9, 0.95, 0.2], 0.1) == pytest.approx([0.85, 0.95, 0.2])
    assert apart([0.5, 0.5], 0.1) == pytest.approx([0.5, 0.4])
