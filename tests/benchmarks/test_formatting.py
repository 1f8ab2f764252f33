"""Numbers and tables as text."""

import pytest

from benchmarks.reporting.formatting import (
    format_count,
    format_dollars,
    format_duration,
    format_megabytes,
    format_short_count,
    markdown_table,
)


def test_thousands_are_apart() -> None:
    assert format_count(1234567.8) == "1,234,568"


@pytest.mark.parametrize(
    ("seconds", "words"), [(0.0000042, "4.2 µs"), (0.0021, "2.1 ms"), (0.9994, "999.4 ms"), (61.04, "61.0 s")]
)
def test_a_duration_has_the_unit_that_suits_it(seconds: float, words: str) -> None:
    assert format_duration(seconds) == words


@pytest.mark.parametrize(
    ("amount", "words"),
    [(0, "0"), (0.00001, "< $0.0001"), (0.00123, "$0.0012"), (0.626, "$0.63"), (1234.5, "$1,234.50")],
)
def test_money_keeps_two_significant_digits(amount: float, words: str) -> None:
    assert format_dollars(amount) == words


def test_memory_that_was_not_measured_is_a_dash() -> None:
    assert (format_megabytes(None), format_megabytes(50 * 2**20)) == ("-", "50 MB")


@pytest.mark.parametrize(
    ("value", "words"), [(10**9, "1 billion"), (10**7, "10 million"), (10**5, "100,000"), (0.1, "0.1")]
)
def test_numbers_of_an_axis_are_short(value: float, words: str) -> None:
    assert format_short_count(value) == words


def test_numbers_are_aligned_to_the_right() -> None:
    assert markdown_table(["", "n"], [["a", "1"]], numbers_from=1) == "|  | n |\n| --- | ---: |\n| a | 1 |"
