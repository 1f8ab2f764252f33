"""Several measurements as one."""

import pytest

from benchmarks.measuring.spread import Spread, spread_of, spread_of_ratios


def test_the_middle_of_some_measurements_is_their_median() -> None:
    assert spread_of([5, 1, 2]) == Spread(1, 2, 5)


def test_one_measurement_has_no_spread() -> None:
    assert spread_of([3]) == Spread(3, 3, 3)


def test_ratios_are_of_measurements_made_beside_each_other() -> None:
    assert spread_of_ratios([10, 40, 90], [10, 10, 10]) == Spread(1, 4, 9)


def test_a_measurement_without_its_neighbour_is_refused() -> None:
    with pytest.raises(ValueError):
        spread_of_ratios([1, 2], [1])
