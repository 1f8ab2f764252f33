"""Keys of the analytics table."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handlers.keys import Item, items_between, key_of, last_sort_key_before, partition_keys, sort_key

MILLISECONDS = st.integers(min_value=1, max_value=253_402_300_799_999)
FRACTIONS = st.integers(min_value=0, max_value=2**192)


@pytest.mark.parametrize(
    ("shards", "expected"), [(1, ("TYPE",)), (2, ("TYPE", "TYPE#1")), (3, ("TYPE", "TYPE#1", "TYPE#2"))]
)
def test_shards_keep_the_plain_type_as_the_first(shards: int, expected: tuple[str, ...]) -> None:
    assert partition_keys("TYPE", shards) == expected


def test_a_fraction_fills_38_digits() -> None:
    assert sort_key(1700000000123, 42) == "1700000000123." + "42".rjust(25, "0")


@given(MILLISECONDS, FRACTIONS)
def test_a_sort_key_has_38_digits_and_stays_in_its_millisecond(milliseconds: int, fraction: int) -> None:
    key = sort_key(milliseconds, fraction)
    assert len(key.replace(".", "")) == 38
    assert milliseconds <= Decimal(key) < milliseconds + 1


@given(MILLISECONDS, FRACTIONS)
def test_an_instant_divides_the_sort_keys(milliseconds: int, fraction: int) -> None:
    last = Decimal(last_sort_key_before(milliseconds))
    assert Decimal(sort_key(milliseconds - 1, fraction)) <= last < Decimal(sort_key(milliseconds, fraction))


def test_the_last_key_before_an_instant_has_nines_for_its_fraction() -> None:
    assert last_sort_key_before(1700000000123) == "1700000000122." + 25 * "9"


def test_items_are_those_from_an_instant_until_before_another() -> None:
    assert items_between("TYPE#1", 1700000000000, 1700003600000) == {
        "KeyConditionExpression": "dataType = :partition AND processedAt BETWEEN :first AND :last",
        "ExpressionAttributeValues": {
            ":partition": {"S": "TYPE#1"},
            ":first": {"N": "1700000000000." + 25 * "0"},
            ":last": {"N": "1700003599999." + 25 * "9"},
        },
    }


def test_a_key_does_not_depend_on_how_its_number_is_written() -> None:
    written: Item = {"dataType": {"S": "TYPE"}, "processedAt": {"N": "1700000000000.500"}}
    stored: Item = {"dataType": {"S": "TYPE"}, "processedAt": {"N": "1700000000000.5"}, "processedBy": {"S": "anyone"}}
    assert key_of(written) == key_of(stored)
