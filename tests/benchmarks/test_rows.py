"""Spreads, limits and verdicts."""

import pytest

from benchmarks.reporting.rows import (
    NO_LIMIT,
    Limit,
    ResultRow,
    Spread,
    Verdict,
    at_least,
    at_most,
    exactly,
    not_measured,
    spread_of,
    spread_of_ratios,
)


def row(ratio: Spread | None, limit: Limit) -> ResultRow:
    return ResultRow("subject", "ours", "baseline", ratio, limit)


@pytest.mark.parametrize(
    ("limit", "ratio", "verdict"),
    [
        (at_least(4), 4, Verdict.REACHED),
        (at_least(4), 3.99, Verdict.MISSED),
        (at_most(0.15), 0.15, Verdict.REACHED),
        (at_most(0.15), 0.151, Verdict.MISSED),
        (exactly(0), 0, Verdict.REACHED),
        (exactly(1), 0.999999, Verdict.MISSED),
        (NO_LIMIT, 7, Verdict.NO_LIMIT),
    ],
)
def test_a_limit_is_part_of_what_reaches_it(limit: Limit, ratio: float, verdict: Verdict) -> None:
    assert row(spread_of([ratio]), limit).verdict is verdict


def test_the_median_decides() -> None:
    assert row(Spread(1, 5, 9), at_least(4)).verdict is Verdict.REACHED
    assert row(Spread(1, 3, 9), at_least(4)).verdict is Verdict.MISSED


def test_what_was_not_measured_has_reached_nothing() -> None:
    missing = not_measured("summary", exactly(1), "Node is missing.")
    assert (missing.verdict, missing.note) == (Verdict.NOT_MEASURED, "Node is missing.")


def test_the_margin_is_how_many_times_better_than_the_limit_a_ratio_is() -> None:
    assert at_least(4).margin(8) == 2
    assert at_most(0.5).margin(0.25) == 2


def test_only_a_limit_with_one_end_is_one_sided() -> None:
    assert at_least(4).one_sided and at_most(4).one_sided
    assert not exactly(4).one_sided and not NO_LIMIT.one_sided


@pytest.mark.parametrize(
    ("limit", "words"), [(at_least(4), "at least 4"), (at_most(0.15), "at most 0.15"), (exactly(0), "= 0")]
)
def test_a_limit_says_what_it_is(limit: Limit, words: str) -> None:
    assert str(limit) == words


def test_a_spread_is_minimum_median_and_maximum() -> None:
    assert spread_of([5, 1, 2]) == Spread(1, 2, 5)


def test_one_measurement_has_no_spread() -> None:
    assert spread_of([3]) == Spread(3, 3, 3)


def test_ratios_are_of_measurements_made_one_after_the_other() -> None:
    assert spread_of_ratios([10, 40, 90], [10, 10, 10]) == Spread(1, 4, 9)


def test_a_measurement_without_its_counterpart_is_refused() -> None:
    with pytest.raises(ValueError):
        spread_of_ratios([1, 2], [1])
