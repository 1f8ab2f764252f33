"""The history of shards: what it may say, and what a deployed one may become."""

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handlers.activity_settings import ShardHistory
from stack.activity_shards import (
    ActivityShards,
    activity_shards_from_variable,
    activity_shards_variable,
    check_activity_shards,
    require_unchanged_past,
)
from stack.config import StackConfig
from stack.errors import ConfigurationError

NOW = datetime(2026, 11, 25, 17, 30, 20, tzinfo=UTC)
FUTURE, LATER = "2026-12-01T00:00:00Z", "2027-01-01T00:00:00Z"
PAST, SOON = "2026-11-01T00:00:00Z", "2026-11-25T18:00:00Z"


def test_a_stack_begins_with_one_shard() -> None:
    assert StackConfig().activity_shards == ((0, 1),)


@pytest.mark.parametrize(
    "history", [((0, 1),), ((0, 1_000),), ((0, 8), (FUTURE, 1)), ((0, 1), ("1970-01-01T00:00:01Z", 2), (FUTURE, 8))]
)
def test_a_history_is_carried_as_it_is(history: ActivityShards) -> None:
    check_activity_shards(history)
    assert activity_shards_from_variable(activity_shards_variable(history)) == history


def test_the_environment_has_compact_json() -> None:
    assert activity_shards_variable(((0, 1), (FUTURE, 8))) == '[[0,1],["2026-12-01T00:00:00Z",8]]'


def test_handlers_read_what_the_environment_has() -> None:
    moment = int(datetime(2026, 12, 1, tzinfo=UTC).timestamp() * 1000)
    text = activity_shards_variable(((0, 1), (FUTURE, 8)))
    assert ShardHistory.from_json(text).entries == ((0, 1), (moment, 8))


def test_a_number_alone_holds_from_the_beginning() -> None:
    assert activity_shards_from_variable("3") == ((0, 3),)


@pytest.mark.parametrize(
    ("history", "reason"),
    [
        ((), "the first time has to be 0"),
        (((FUTURE, 1),), "the first time has to be 0"),
        (((0, 1), (0, 2)), "each further one like 2026-12-01T00:00:00Z"),
        (((0, 1), (1_700_000_000, 2)), "each further one like"),
        (((0, 1), ("2026-12-01", 2)), "each further one like"),
        (((0, 1), ("2026-12-01T00:00:00+00:00", 2)), "each further one like"),
        (((0, 1), ("2026-12-01T00:00:00", 2)), "each further one like"),
        (((0, 1), ("2026-12-01T00:00:00.5Z", 2)), "each further one like"),
        (((0, 1), ("2026-02-30T00:00:00Z", 2)), "each further one like"),
        (((0, 1), ("1970-01-01T00:00:00Z", 2)), "each further one like"),
        (((0, 1), ("1969-12-31T23:59:59Z", 2)), "each further one like"),
        (((0, 1), (LATER, 2), (FUTURE, 3)), "the times have to ascend"),
        (((0, 1), (FUTURE, 2), (FUTURE, 3)), "the times have to ascend"),
        (((0, 0),), "the numbers of shards have to be from 1 to 1,000"),
        (((0, 1_001),), "the numbers of shards have to be from 1 to 1,000"),
        (((0, True),), "the numbers of shards have to be from 1 to 1,000"),
        (((0, 1), (FUTURE, "8")), "the numbers of shards have to be from 1 to 1,000"),
    ],
)
def test_a_history_that_cannot_be_used_is_one_sentence(history: Any, reason: str) -> None:
    with pytest.raises(ConfigurationError, match=reason) as refusal:
        StackConfig(activity_shards=history)
    assert str(refusal.value).startswith(f"activity_shards cannot be {history}: ")
    assert str(refusal.value).endswith('; write it like ((0, 1), ("2026-12-01T00:00:00Z", 8)).')


@pytest.mark.parametrize(
    ("deployed", "wanted"),
    [
        (((0, 1),), ((0, 1),)),
        (((0, 1),), ((0, 1), (FUTURE, 8))),
        (((0, 1),), ((0, 1), (FUTURE, 8), (LATER, 2))),
        (((0, 1), (PAST, 4)), ((0, 1), (PAST, 4))),
        (((0, 1), (SOON, 4)), ((0, 1), (SOON, 4))),
        (((0, 1), (PAST, 4)), ((0, 1), (PAST, 4), (FUTURE, 8))),
        (((0, 1), (FUTURE, 8)), ((0, 1),)),
        (((0, 1), (FUTURE, 8)), ((0, 1), (FUTURE, 9))),
        (((0, 1), (FUTURE, 8)), ((0, 1), (LATER, 9))),
        (((0, 1),), ((0, 1), ("2026-11-25T18:30:21Z", 8))),
    ],
)
def test_only_what_is_to_come_may_change(deployed: ActivityShards, wanted: ActivityShards) -> None:
    require_unchanged_past(deployed, wanted, NOW)


@pytest.mark.parametrize(
    ("deployed", "wanted", "written"),
    [
        (((0, 1),), ((0, 8),), ((0, 1), ("2026-11-25T19:00:00Z", 8))),
        (((0, 1),), ((0, 1), (PAST, 8)), ((0, 1), ("2026-11-25T19:00:00Z", 8))),
        (((0, 1),), ((0, 1), (SOON, 8)), ((0, 1), ("2026-11-25T19:00:00Z", 8))),
        (((0, 1),), ((0, 1), ("2026-11-25T18:30:20Z", 8)), ((0, 1), ("2026-11-25T19:00:00Z", 8))),
        (((0, 1),), ((0, 2), (FUTURE, 8)), ((0, 1), (FUTURE, 8))),
        (((0, 1), (PAST, 4)), ((0, 1), (PAST, 8)), ((0, 1), (PAST, 4), ("2026-11-25T19:00:00Z", 8))),
        (((0, 1), (PAST, 4)), ((0, 1),), ((0, 1), (PAST, 4), ("2026-11-25T19:00:00Z", 1))),
        (((0, 1), (PAST, 4)), ((0, 4),), ((0, 1), (PAST, 4))),
        (((0, 1), (SOON, 4)), ((0, 1),), ((0, 1), (SOON, 4), ("2026-11-25T19:00:00Z", 1))),
    ],
)
def test_what_holds_for_records_that_exist_may_not_change(
    deployed: ActivityShards, wanted: ActivityShards, written: ActivityShards
) -> None:
    with pytest.raises(ConfigurationError) as refusal:
        require_unchanged_past(deployed, wanted, NOW)
    assert str(refusal.value) == (
        f"activity_shards is {wanted}, which changes the shards of records that exist, so that they could be counted "
        f"twice: write {written}, a new number only with a time more than an hour from now."
    )
    check_activity_shards(written)
    require_unchanged_past(deployed, written, NOW)


def test_the_time_to_write_is_in_utc_wherever_the_clock_is() -> None:
    here = NOW.astimezone(timezone(timedelta(hours=5, minutes=30)))
    with pytest.raises(ConfigurationError, match="2026-11-25T19:00:00Z"):
        require_unchanged_past(((0, 1),), ((0, 8),), here.astimezone(UTC))
    require_unchanged_past(((0, 1),), ((0, 1), ("2026-11-25T18:30:21Z", 8)), here)


@given(
    st.lists(st.integers(-5, 5), max_size=4, unique=True).map(sorted),
    st.lists(st.integers(-5, 5), max_size=4, unique=True).map(sorted),
)
def test_what_is_accepted_changes_the_shards_of_no_record_that_exists(before: list[int], after: list[int]) -> None:
    def history(hours: list[int]) -> ActivityShards:
        times = [NOW + timedelta(hours=2 * hour) for hour in hours]
        return ((0, 1), *((f"{time:%Y-%m-%dT%H:%M:%SZ}", 2 + hour % 3) for hour, time in zip(hours, times)))

    deployed, wanted = history(before), history(after)
    try:
        require_unchanged_past(deployed, wanted, NOW)
    except ConfigurationError:
        return
    now = int(NOW.timestamp() * 1000)
    one, other = (ShardHistory.from_json(activity_shards_variable(each)) for each in (deployed, wanted))
    moments = [0, *(now + hour * 3_600_000 for hour in range(-11, 2))]
    assert [one.at(moment) for moment in moments] == [other.at(moment) for moment in moments]
