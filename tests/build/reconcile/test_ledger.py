"""The balance of keys, for any set of records and activities."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from build.reconcile.ledger import ActivityKey, Kind, Ledger, temporary_ledger
from handlers.keys import sort_key

MIDDAY = 1_764_590_400_000


def key(number: int, data_type: str = "TYPE") -> ActivityKey:
    return data_type, sort_key(MIDDAY + number, 10 * number)


def counts(ledger: Ledger, source: str = "UserData", complete_from: int = 0) -> tuple[int, ...]:
    balance = ledger.balance(source, complete_from)
    return balance.recorded, balance.missing, balance.waiting, balance.twice, balance.of_no_record


@pytest.fixture
def ledger() -> Iterator[Ledger]:
    with temporary_ledger() as opened:
        yield opened


def test_nothing_is_balanced(ledger: Ledger) -> None:
    assert counts(ledger) == (0, 0, 0, 0, 0)
    assert ledger.is_complete("UserData")


def test_each_record_is_one_thing(ledger: Ledger) -> None:
    ledger.add("UserData", Kind.STREAMED, map(key, range(6)))
    ledger.add("UserData", Kind.FAILED, [key(1), key(2), key(7)])
    ledger.add("UserData", Kind.ACTIVITY, [key(0), key(1), key(3, "TYPE"), key(3, "TYPE#1"), key(8), key(9)])
    assert counts(ledger) == (3, 2, 2, 1, 2)
    assert not ledger.is_complete("UserData")
    balance = ledger.balance("UserData", MIDDAY + 9)
    assert balance.of_no_record == 1
    assert {name: [data_type for data_type, _ in keys] for name, keys in balance.examples.items()} == {
        "missing": ["TYPE", "TYPE"],
        "waiting": ["TYPE", "TYPE"],
        "twice": ["TYPE"],
        "of_no_record": ["TYPE"],
    }


def test_sources_are_balanced_apart(ledger: Ledger) -> None:
    ledger.add("UserData", Kind.STREAMED, [key(1)])
    ledger.add("OrderData", Kind.ACTIVITY, [key(1)])
    assert (counts(ledger, "UserData"), counts(ledger, "OrderData")) == ((0, 1, 0, 0, 0), (0, 0, 0, 0, 1))


def test_what_is_found_again_changes_nothing_however_its_number_is_written(ledger: Ledger) -> None:
    written, stored = "1700000000000.50", "1700000000000.5"
    for _ in range(2):
        ledger.add("UserData", Kind.STREAMED, [("TYPE", written)])
        ledger.add("UserData", Kind.ACTIVITY, [("TYPE", stored)])
    assert counts(ledger) == (1, 0, 0, 0, 0)


@pytest.mark.parametrize(
    ("one", "other", "equal"),
    [
        ("1700000000000.1234567890123456789012345", "1700000000000.1234567890123456789012346", False),
        ("1700000000000.0000000000000000000000000", "1.7E+12", True),
        ("1700000000000", "1700000000000.0", True),
        ("1700000000000", "170000000000", False),
    ],
)
def test_numbers_are_compared_in_all_their_digits(ledger: Ledger, one: str, other: str, equal: bool) -> None:
    ledger.add("UserData", Kind.STREAMED, [("TYPE", one)])
    ledger.add("UserData", Kind.ACTIVITY, [("TYPE", other)])
    assert counts(ledger)[0] == int(equal)


def test_an_activity_in_another_partition_alone_is_that_of_its_record_and_not_where_it_belongs(ledger: Ledger) -> None:
    ledger.add("UserData", Kind.STREAMED, [key(1)])
    ledger.add("UserData", Kind.ACTIVITY, [key(1, "TYPE#1")])
    assert counts(ledger) == (0, 1, 0, 0, 0)


def test_records_without_an_activity_come_in_portions_while_activities_are_added(ledger: Ledger) -> None:
    ledger.add("UserData", Kind.STREAMED, map(key, range(8)))
    ledger.add("UserData", Kind.FAILED, [key(7), key(8)])
    portions = []
    for keys in ledger.unrecorded("UserData", 4):
        portions.append(len(keys))
        ledger.add("UserData", Kind.ACTIVITY, keys)
    assert portions == [4, 4, 1]
    assert list(ledger.unrecorded("UserData", 4)) == []
    assert counts(ledger) == (9, 0, 0, 0, 0)


def test_ten_examples_of_each_are_told(ledger: Ledger) -> None:
    ledger.add("UserData", Kind.STREAMED, map(key, range(50)))
    balance = ledger.balance("UserData", 0)
    assert (balance.missing, len(balance.examples["missing"])) == (50, 10)


def test_its_file_is_private_and_deleted(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    with pytest.raises(KeyError), temporary_ledger():
        (folder,) = tmp_path.iterdir()
        assert os.stat(folder).st_mode & 0o077 == 0
        raise KeyError
    assert list(tmp_path.iterdir()) == []


NUMBERS = st.sets(st.integers(0, 12))


@given(NUMBERS, NUMBERS, NUMBERS, NUMBERS)
def test_it_is_the_arithmetic_of_sets(streamed: set[int], failed: set[int], plain: set[int], other: set[int]) -> None:
    with temporary_ledger() as ledger:
        ledger.add("UserData", Kind.STREAMED, map(key, streamed))
        ledger.add("UserData", Kind.FAILED, map(key, failed))
        ledger.add("UserData", Kind.ACTIVITY, [*map(key, plain), *(key(number, "TYPE#1") for number in other)])
        assert counts(ledger) == (
            len((streamed | failed) & plain),
            len(streamed - failed - plain),
            len(failed - plain),
            len(plain & other),
            len(plain - streamed - failed) + len(other - streamed - failed),
        )
