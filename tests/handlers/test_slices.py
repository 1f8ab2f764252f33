"""Windows cut into slices and put together again."""

import json
from itertools import pairwise
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from handlers.activity_settings import ShardHistory
from handlers.errors import SlicesError
from handlers.keys import partition_keys
from handlers.slices import MOST_SHARD_GROUPS, CountedSlice, Slice, hourly_counts, slices_of
from handlers.windows import Window

HOUR = 3_600_000
DAY = 24 * HOUR
START = 1_700_006_400_000
WINDOWS = (Window(START, START + DAY), Window(START + DAY, START + 2 * DAY))
ONE_SHARD = ShardHistory(((0, 1),))

HISTORIES = st.lists(st.tuples(st.integers(START - HOUR, START + 2 * DAY), st.integers(1, 90)), max_size=3).map(
    lambda raises: ShardHistory(((0, 3), *sorted(raises)))
)
TYPES = st.lists(st.sampled_from("ABCDE"), min_size=1, max_size=5, unique=True)


def ones(slices: list[Slice]) -> list[CountedSlice]:
    """Slices in which each partition has one activity."""
    return [(part, len(part.partition_keys)) for part in slices]


@settings(deadline=None)
@given(st.integers(0, DAY), TYPES, HISTORIES, st.integers(1, MOST_SHARD_GROUPS))
def test_slices_tile_windows_to_the_millisecond(
    offset: int, types: list[str], history: ShardHistory, groups: int
) -> None:
    windows = [Window(window.start + offset, window.end + offset) for window in WINDOWS]
    slices = list(slices_of(windows, types, history, groups))
    for kind in types:
        hours = sorted({part.hour for part in slices if part.activity_type == kind}, key=lambda hour: hour.start)
        assert (hours[0].start, hours[-1].end) == (windows[0].start, windows[-1].end)
        assert all(earlier.end == later.start for earlier, later in pairwise(hours))
        for hour in hours:
            keys = [
                key for part in slices if (part.activity_type, part.hour) == (kind, hour) for key in part.partition_keys
            ]
            assert tuple(keys) == partition_keys(kind, history.most_between(hour.start, hour.end))


@settings(deadline=None)
@given(TYPES, HISTORIES, st.integers(1, MOST_SHARD_GROUPS), st.randoms(use_true_random=False))
def test_however_a_window_is_cut_its_sums_are_the_same(
    types: list[str], history: ShardHistory, groups: int, random: Random
) -> None:
    counted = ones(list(slices_of(WINDOWS, types, history, groups)))
    random.shuffle(counted)
    whole = ones(list(slices_of(WINDOWS, types, history, 1)))
    for window in WINDOWS:
        counts = hourly_counts(window, types, history, counted)
        assert counts == hourly_counts(window, types, history, whole)
        for kind in types:
            assert counts[kind] == [
                history.most_between(start, start + HOUR) for start in range(window.start, window.end, HOUR)
            ]


def test_a_slice_travels_as_json() -> None:
    for part in slices_of(WINDOWS, ["A"], ShardHistory(((0, 7),)), 3):
        assert Slice.from_json(json.loads(json.dumps(part.to_json()))) == part


def test_the_slices_of_an_hour_are_next_to_each_other() -> None:
    starts = [part.hour.start for part in slices_of(WINDOWS, ["A", "B"], ShardHistory(((0, 40),)), 20)]
    assert starts == sorted(starts)
    assert starts.count(START) == 20


@pytest.mark.parametrize(("types", "shards"), [(2, 1), (2, 22), (1, 1000), (2, 1000), (30, 1), (30, 7), (30, 1000)])
def test_slices_fit_in_a_state_and_their_events_in_a_history(types: int, shards: int) -> None:
    names = [f"A_RATHER_LONG_NAME_{number}_ACTIVITY" for number in range(types)]
    slices = list(slices_of(WINDOWS, names, ShardHistory(((0, shards),)), MOST_SHARD_GROUPS))
    passed_on = json.dumps([{**part.to_json(), "count": 3_600_000_000} for part in slices], separators=(",", ":"))
    assert len(passed_on) < 250_000
    assert 7 * len(slices) < 20_000
    assert len(slices) <= 48 * (MOST_SHARD_GROUPS + types)


def test_two_days_are_960_slices_at_most() -> None:
    assert len(list(slices_of(WINDOWS, ["A"], ShardHistory(((0, 1_000),)), MOST_SHARD_GROUPS))) == 960


def cut() -> list[CountedSlice]:
    return ones(list(slices_of(WINDOWS, ["A"], ShardHistory(((0, 4),)), 2)))


@pytest.mark.parametrize("index", [0, 1, 47, 48, 95])
def test_a_missing_slice_is_an_error(index: int) -> None:
    counted = cut()
    del counted[index]
    with pytest.raises(SlicesError):
        for window in WINDOWS:
            hourly_counts(window, ["A"], ShardHistory(((0, 4),)), counted)


@pytest.mark.parametrize("index", [0, 1, 95])
def test_a_slice_that_is_there_twice_is_an_error(index: int) -> None:
    counted = cut()
    with pytest.raises(SlicesError, match=r"^the slices of an hour have a gap or an overlap at shard \d\.$"):
        for window in WINDOWS:
            hourly_counts(window, ["A"], ShardHistory(((0, 4),)), [*counted, counted[index]])


def test_an_hour_in_one_slice_less_is_an_error() -> None:
    window = WINDOWS[0]
    counted = [entry for entry in cut() if entry[0].hour.start != window.start + 5 * HOUR]
    with pytest.raises(
        SlicesError, match=rf"^the slices do not tile the time from {window.start} to {window.end} in hours\.$"
    ):
        hourly_counts(window, ["A"], ShardHistory(((0, 4),)), counted)


def test_slices_of_fewer_shards_are_an_error() -> None:
    with pytest.raises(SlicesError, match=r"^the slices of an hour have 4 shards instead of 5\.$"):
        hourly_counts(WINDOWS[0], ["A"], ShardHistory(((0, 5),)), cut())


@pytest.mark.parametrize("shift", [1, -1])
def test_an_hour_that_begins_a_millisecond_off_is_an_error(shift: int) -> None:
    counted = [
        (Slice("A", Window(part.hour.start + shift, part.hour.end), part.first_shard, part.end_shard), number)
        for part, number in cut()
    ]
    with pytest.raises(SlicesError, match="do not tile"):
        hourly_counts(WINDOWS[0], ["A"], ShardHistory(((0, 4),)), counted)


def test_slices_of_other_windows_are_left_to_them() -> None:
    counted = [(part, part.hour.start) for part in slices_of(WINDOWS, ["A"], ONE_SHARD, 1)]
    counts = hourly_counts(WINDOWS[1], ["A"], ONE_SHARD, counted)
    assert counts == {"A": list(range(START + DAY, START + 2 * DAY, HOUR))}
