"""The page of results."""

from datetime import date

from benchmarks.costs.model import Line
from benchmarks.costs.prices import load_prices
from benchmarks.measuring.spread import Spread, spread_of
from benchmarks.reporting.machine import Machine, this_machine
from benchmarks.reporting.results import Bill, Costs, Picture, page
from benchmarks.reporting.rows import NONE, Row, at_least, exactly, not_measured
from benchmarks.reporting.table import markdown_table

MACHINE = Machine("Processor 9", 2, 8 * 2**30, "Linux x86_64", "3.13.0")
FASTER = Row("stream", "9/s", "1/s", Spread(8, 9, 10), at_least(4), (50 * 2**20, 40 * 2**20), "a note.")
SLOWER = Row("other", "2/s", "1/s", Spread(1, 2, 3), at_least(4))
COMPARISON = Row("plain", "1", "2", spread_of([2]), NONE)


def text(*rows: Row, costs: Costs | None = None) -> str:
    return page(rows, costs, MACHINE, date(2026, 1, 31), [Picture("a.svg", "A", "Words.")])


def test_it_says_when_and_on_what_machine() -> None:
    assert (
        "Measured on 2026-01-31: Processor 9, 2 cores, 8 GB, Linux x86_64, Python 3.13.0." in text(FASTER).splitlines()
    )


def test_a_row_holds_all_that_was_measured() -> None:
    assert "| stream | 9/s | 1/s | 9 (8 to 10) | at least 4 | reached | 50 MB, 40 MB |" in text(FASTER).splitlines()
    assert "- stream: a note." in text(FASTER).splitlines()


def test_a_ratio_that_is_not_reached_is_shown_as_such() -> None:
    lines = text(FASTER, SLOWER, COMPARISON).splitlines()
    assert "1 of 2 limits are reached." in lines
    assert "- other: **missed**" in lines
    assert "| other | 2/s | 1/s | 2 (1 to 3) | at least 4 | **missed** | - |" in lines


def test_what_is_only_compared_has_no_limit() -> None:
    assert "| plain | 1 | 2 | 2 | - | - | - |" in text(COMPARISON).splitlines()


def test_what_was_not_measured_says_why_and_leaves_the_costs_out() -> None:
    shown = text(not_measured("summary", exactly(1), "Node is missing."))
    assert "| summary | - | - | - | = 1 | not measured | - |" in shown.splitlines()
    assert "- summary: Node is missing." in shown.splitlines()
    assert "cost" not in shown


def test_costs_are_a_line_each_with_their_sum() -> None:
    lines = [Line("writes", 1_000_000, "units", 0.625), Line("logs", 0.18, "GB", 0.09)]
    costs = Costs(1_000_000, load_prices(), [Bill("this system", lines), Bill("the reference", lines)])
    shown = text(FASTER, costs=costs).splitlines()
    assert "## What 1,000,000 records cost" in shown
    assert "| writes | 1,000,000 units | $0.62 | 1,000,000 units | $0.62 |" in shown
    assert "| logs | 0.18 GB | $0.09 | 0.18 GB | $0.09 |" in shown
    assert "| **together** |  | **$0.71** |  | **$0.71** |" in shown


def test_pictures_follow_their_titles() -> None:
    assert text(FASTER).endswith("### A\n\nWords.\n\n![A](a.svg)\n")


def test_numbers_are_aligned_to_the_right() -> None:
    assert markdown_table(["", "n"], [["a", "1"]], numbers_from=1) == "|  | n |\n| --- | ---: |\n| a | 1 |"


def test_this_machine_is_described() -> None:
    machine = this_machine()
    assert machine.processor and machine.cores >= 1 and machine.memory > 2**28
