"""The page of results."""

from datetime import date

from benchmarks.reporting.page import Costs, ImplementationBill, Machine, Plot, results_page, this_machine
from benchmarks.reporting.rows import NO_LIMIT, ResultRow, Spread, at_least, exactly, not_measured, spread_of
from build.sizing.costs import BillLine, load_prices

MACHINE = Machine("Processor 9", 2, 8 * 2**30, "Linux x86_64", "3.13.0")
FASTER = ResultRow("stream", "9/s", "1/s", Spread(8, 9, 10), at_least(4), (50 * 2**20, 40 * 2**20), "a note.")
SLOWER = ResultRow("other", "2/s", "1/s", Spread(1, 2, 3), at_least(4))
WITHOUT_LIMIT = ResultRow("plain", "1", "2", spread_of([2]), NO_LIMIT)


def text(*rows: ResultRow, costs: Costs | None = None) -> str:
    return results_page(rows, costs, MACHINE, date(2026, 1, 31), [Plot("a.svg", "A", "Words.")])


def test_it_says_when_and_on_what_machine() -> None:
    assert (
        "Measured on 2026-01-31: Processor 9, 2 cores, 8 GB, Linux x86_64, Python 3.13.0." in text(FASTER).splitlines()
    )


def test_a_row_has_everything_that_was_measured() -> None:
    assert "| stream | 9/s | 1/s | 9 (8 to 10) | at least 4 | reached | 50 MB, 40 MB |" in text(FASTER).splitlines()
    assert "- stream: a note." in text(FASTER).splitlines()


def test_a_ratio_that_is_not_reached_is_shown_as_such() -> None:
    lines = text(FASTER, SLOWER, WITHOUT_LIMIT).splitlines()
    assert "1 of 2 limits are reached." in lines
    assert "- other: **missed**" in lines
    assert "| other | 2/s | 1/s | 2 (1 to 3) | at least 4 | **missed** | - |" in lines


def test_what_is_only_compared_has_no_limit() -> None:
    assert "| plain | 1 | 2 | 2 | - | - | - |" in text(WITHOUT_LIMIT).splitlines()


def test_what_was_not_measured_says_why_and_leaves_the_costs_out() -> None:
    shown = text(not_measured("summary", exactly(1), "Node is missing."))
    assert "| summary | - | - | - | = 1 | not measured | - |" in shown.splitlines()
    assert "- summary: Node is missing." in shown.splitlines()
    assert "cost" not in shown


def test_costs_are_a_line_each_with_their_sum() -> None:
    lines = [BillLine("writes", 1_000_000, "units", 0.625), BillLine("logs", 0.18, "GB", 0.09)]
    costs = Costs(
        1_000_000, load_prices(), [ImplementationBill("this system", lines), ImplementationBill("the reference", lines)]
    )
    shown = text(FASTER, costs=costs).splitlines()
    assert "## What 1,000,000 records cost" in shown
    assert "| writes | 1,000,000 units | $0.62 | 1,000,000 units | $0.62 |" in shown
    assert "| logs | 0.18 GB | $0.09 | 0.18 GB | $0.09 |" in shown
    assert "| **together** |  | **$0.71** |  | **$0.71** |" in shown


def test_plots_follow_their_titles() -> None:
    assert text(FASTER).endswith("### A\n\nWords.\n\n![A](a.svg)\n")


def test_this_machine_is_described() -> None:
    machine = this_machine()
    assert machine.processor and machine.cores >= 1 and machine.memory > 2**28
