"""The spans of time that summaries cover."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from handlers.errors import InvalidRequestError
from handlers.keys import last_sort_key_before, sort_key
from handlers.windows import (
    Window,
    day_of,
    hours_of,
    is_scheduled,
    milliseconds_since_1970,
    read_time,
    requested_windows,
    require_kept,
    unreadable_times,
)

NOW = datetime(2026, 11, 22, 2, 0, 3, 250_000, tzinfo=UTC)
DAY = 86_400_000

MOMENTS = st.datetimes(datetime(1970, 1, 3), datetime(2100, 1, 1)).map(lambda moment: moment.replace(tzinfo=UTC))
JITTER = st.timedeltas(timedelta(0), timedelta(hours=22) - timedelta(microseconds=1))
MIDNIGHTS = st.one_of(
    st.sampled_from([(2023, 3, 1), (2024, 2, 29), (2024, 3, 1), (2100, 3, 1), (2025, 1, 1), (2026, 5, 1)]).map(
        lambda day: datetime(*day, tzinfo=UTC)
    ),
    st.dates(date(1970, 1, 4), date(2100, 12, 31)).map(lambda day: datetime(day.year, day.month, day.day, tzinfo=UTC)),
)
NEAR = st.one_of(
    st.sampled_from([timedelta(0), timedelta(milliseconds=-1), timedelta(microseconds=-1)]),
    st.timedeltas(timedelta(days=-1), timedelta(days=1) - timedelta(microseconds=1)),
)


def milliseconds(text: str) -> int:
    return round(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp() * 1000)


def whole_day(text: str) -> Window:
    return Window(milliseconds(text), milliseconds(text) + DAY)


def test_a_date_is_its_utc_day() -> None:
    assert requested_windows({"date": "2026-02-28"}, NOW) == (whole_day("2026-02-28"),)


@given(MOMENTS)
def test_the_hours_of_a_window_tile_it(now: datetime) -> None:
    for request in ({}, {"date": now.date().isoformat()}):
        (window,) = requested_windows(request, now)
        hours = hours_of(window)
        assert (hours[0].start, hours[-1].end, len(hours)) == (window.start, window.end, 24)
        assert all(earlier.end == later.start for earlier, later in pairwise(hours))
        assert {hour.end - hour.start for hour in hours} == {3_600_000}


def test_today_can_be_asked_for() -> None:
    assert requested_windows({"date": "2026-11-22"}, NOW) == (whole_day("2026-11-22"),)


def test_a_schedule_covers_the_last_two_complete_days() -> None:
    request = {"scheduledTime": "2026-03-01T02:00:00Z", "scheduledExecution": True}
    assert requested_windows(request, NOW) == (whole_day("2026-02-27"), whole_day("2026-02-28"))


def test_a_scheduled_time_may_have_another_offset() -> None:
    request = {"scheduledTime": "2026-03-01T02:00:00+05:00"}
    assert requested_windows(request, NOW) == (whole_day("2026-02-26"), whole_day("2026-02-27"))


def test_a_schedule_without_its_time_covers_the_last_two_complete_days() -> None:
    assert requested_windows({"scheduledExecution": True}, NOW) == (whole_day("2026-11-20"), whole_day("2026-11-21"))


@pytest.mark.parametrize("request_", [{}, {"scheduledExecution": False}, {"date": None, "scheduledTime": None}])
def test_without_a_wish_it_is_the_last_24_hours(request_: dict[str, Any]) -> None:
    end = milliseconds("2026-11-22T02:00:03.250")
    assert requested_windows(request_, NOW) == (Window(end - DAY, end),)


def test_a_date_outweighs_a_schedule() -> None:
    request = {"date": "2026-01-01", "scheduledTime": "2026-03-01T02:00:00Z", "scheduledExecution": True}
    assert requested_windows(request, NOW) == (whole_day("2026-01-01"),)


@pytest.mark.parametrize(
    "text", ["", "yesterday", "20260101", "2026-W01-1", "2026-1-1", "2026-02-29", "2026-01-01T00:00:00Z", "２026-01-01"]
)
def test_a_date_in_another_form_is_refused(text: str) -> None:
    with pytest.raises(InvalidRequestError, match=r"^`date` cannot be read: .*; write it like 2026-01-31\.$"):
        requested_windows({"date": text}, NOW)


@pytest.mark.parametrize("value", [20260101, True, ["2026-01-01"], {}, 1.5])
@pytest.mark.parametrize("name", ["date", "scheduledTime"])
def test_what_is_no_text_is_refused(name: str, value: object) -> None:
    with pytest.raises(InvalidRequestError, match=f"`{name}` cannot be read"):
        requested_windows({name: value}, NOW)


@pytest.mark.parametrize("text", ["2026-11-23", "9999-12-31", "1969-12-31", "0001-01-01"])
def test_a_day_that_can_have_no_activity_is_refused(text: str) -> None:
    with pytest.raises(
        InvalidRequestError,
        match=rf"^no activity can be of {text}: ask for a day from 1970-01-01 to today, 2026-11-22 in UTC\.$",
    ):
        requested_windows({"date": text}, NOW)


@pytest.mark.parametrize("text", ["2026-11-24T02:00:00Z", "1970-01-02T00:00:00Z", "9999-12-31T23:00:00Z"])
def test_a_schedule_whose_days_can_have_no_activity_is_refused(text: str) -> None:
    with pytest.raises(InvalidRequestError, match="ask for a day"):
        requested_windows({"scheduledTime": text}, NOW)


@pytest.mark.parametrize(
    "text", ["", "02:00", "2026-11-22", "2026-11-22T02:00:00", "0001-01-01T00:00:00+23:00", "9999-12-31T23:59:59-01:00"]
)
def test_a_time_that_cannot_be_placed_is_refused(text: str) -> None:
    with pytest.raises(
        InvalidRequestError, match=r"^`scheduledTime` cannot be read: .*; write it like 2026-01-31T02:00:00Z\.$"
    ):
        requested_windows({"scheduledTime": text}, NOW)


def test_a_time_without_its_offset_is_refused_for_that() -> None:
    with pytest.raises(InvalidRequestError, match=": it has no offset from UTC, or is before 1970; write"):
        requested_windows({"scheduledTime": "2026-11-22T02:00:00"}, NOW)


def test_a_date_in_another_form_of_iso_8601_is_refused_for_that() -> None:
    with pytest.raises(InvalidRequestError, match=": it is not written as YYYY-MM-DD; write"):
        requested_windows({"date": "20260101"}, NOW)


@pytest.mark.parametrize(
    "request_",
    [{"date": "secret"}, {"date": ["secret"]}, {"scheduledTime": "secret"}, {"scheduledTime": {"secret": 1}}],
)
def test_a_refusal_tells_nothing_of_what_cannot_be_read(request_: dict[str, Any]) -> None:
    reason = "cannot be read: it is no date or time in ISO 8601; write it like"
    with pytest.raises(InvalidRequestError, match=reason) as refusal:
        requested_windows(request_, NOW)
    assert "secret" not in str(refusal.value)


def test_every_time_that_cannot_be_read_is_told_whether_or_not_it_decides() -> None:
    both = {"date": "20260101", "scheduledTime": "soon", "scheduledExecution": True}
    assert list(unreadable_times(both, NOW)) == [
        "`date` cannot be read: it is not written as YYYY-MM-DD; write it like 2026-01-31",
        "`scheduledTime` cannot be read: it is no date or time in ISO 8601; write it like 2026-01-31T02:00:00Z",
    ]
    assert list(unreadable_times({"date": "2026-01-01", "scheduledTime": "2026-11-24T02:00:00Z"}, NOW)) == [
        "no activity can be of 2026-11-23: ask for a day from 1970-01-01 to today, 2026-11-22 in UTC"
    ]
    assert list(unreadable_times({"date": "2026-01-01", "scheduledTime": "2026-01-31T02:00:00Z"}, NOW)) == []
    assert list(unreadable_times({"date": None}, NOW)) == []


@pytest.mark.parametrize(
    ("request_", "scheduled"),
    [
        ({}, False),
        ({"scheduledExecution": False}, False),
        ({"scheduledExecution": True}, True),
        ({"scheduledExecution": 1}, False),
        ({"scheduledTime": "2026-11-22T02:00:00Z"}, True),
        ({"scheduledTime": None}, False),
        ({"date": None, "scheduledExecution": True}, True),
        ({"date": "2026-11-21", "scheduledExecution": True, "scheduledTime": "2026-11-22T02:00:00Z"}, False),
    ],
)
def test_a_request_that_names_a_day_is_none_of_the_schedule(request_: dict[str, Any], scheduled: bool) -> None:
    assert is_scheduled(request_) is scheduled


@given(st.integers(0, 4_102_444_799_999))
@example(86_399_999)
@example(86_400_000)
def test_the_day_of_an_instant_is_the_one_whose_window_has_it(instant: int) -> None:
    (window,) = requested_windows({"date": day_of(instant).isoformat()}, datetime(2200, 1, 1, tzinfo=UTC))
    assert window.start <= instant < window.end


def test_milliseconds_are_rounded_down() -> None:
    assert milliseconds_since_1970(datetime(1970, 1, 1, 0, 0, 1, 1_999, tzinfo=UTC)) == 1_001


def test_time_begins_in_1970() -> None:
    assert read_time({"validatedAt": "1970-01-01T00:00:00Z"}, "validatedAt") == datetime(1970, 1, 1, tzinfo=UTC)
    assert requested_windows({"date": "1970-01-01"}, NOW) == (Window(0, DAY),)


def test_a_time_is_read_in_utc() -> None:
    assert read_time({"validatedAt": "2026-11-22T02:00:03.250Z"}, "validatedAt") == NOW


@given(st.dates(date(1970, 1, 1), date(2100, 1, 1)))
@example(date(2023, 12, 31))
@example(date(2024, 2, 28))
@example(date(2024, 2, 29))
@example(date(2026, 4, 30))
def test_days_tile(day: date) -> None:
    now = datetime(2200, 1, 1, tzinfo=UTC)
    days = [day + timedelta(days=offset) for offset in range(3)]
    windows = [window for day in days for window in requested_windows({"date": day.isoformat()}, now)]
    assert all(earlier.end == later.start for earlier, later in pairwise(windows))
    assert all(window.end - window.start == DAY for window in windows)


@given(MOMENTS, st.integers(0, 2**192))
def test_every_instant_belongs_to_exactly_one_day(moment: datetime, fraction: int) -> None:
    now = datetime(2200, 1, 1, tzinfo=UTC)
    at = sort_key((moment - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(milliseconds=1), fraction)
    days = [moment.date() + timedelta(days=offset) for offset in (-1, 0, 1)]
    windows = [window for day in days for window in requested_windows({"date": day.isoformat()}, now)]
    holds = [between(sort_key(window.start, 0), at, last_sort_key_before(window.end)) for window in windows]
    assert holds == [False, True, False]


@given(MIDNIGHTS, NEAR, st.integers(0, 2**192), st.lists(JITTER, min_size=3, max_size=3))
def test_scheduled_runs_count_every_instant_in_its_own_day_alone(
    midnight: datetime, near: timedelta, fraction: int, jitters: list[timedelta]
) -> None:
    moment = midnight + near
    at = sort_key((moment - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(milliseconds=1), fraction)
    runs = [midnight + timedelta(days=day, hours=2) + jitter for day, jitter in enumerate(jitters)]
    summaries = {window for run in runs for window in requested_windows({"scheduledExecution": True}, run)}
    holding = [
        window for window in summaries if between(sort_key(window.start, 0), at, last_sort_key_before(window.end))
    ]
    assert holding == [whole_day(moment.date().isoformat())]


def between(first: str, key: str, last: str) -> bool:
    """Whether DynamoDB finds a number between two others."""
    return Decimal(first) <= Decimal(key) <= Decimal(last)


@given(st.dates(date(1970, 1, 4), date(2100, 1, 1)), st.lists(JITTER, min_size=3, max_size=3))
@example(date(2024, 2, 28), [timedelta(0)] * 3)
@example(date(2023, 12, 30), [timedelta(0)] * 3)
def test_daily_runs_cover_each_day_twice_whatever_their_jitter(day: date, jitters: list[timedelta]) -> None:
    runs = []
    for offset, jitter in enumerate(jitters):
        two_o_clock = datetime(day.year, day.month, day.day, 2, tzinfo=UTC) + timedelta(days=offset)
        runs.append(requested_windows({"scheduledExecution": True}, two_o_clock + jitter))
        assert runs[-1] == requested_windows({"scheduledTime": two_o_clock.isoformat()}, two_o_clock + jitter)
    assert all(earlier[1] == later[0] for earlier, later in pairwise(runs))
    assert all(first.end == second.start for first, second in runs)


@pytest.mark.parametrize(("day", "refused"), [("2026-11-18", True), ("2026-11-19", True), ("2026-11-20", False)])
def test_a_day_whose_activities_may_have_expired_is_refused(day: str, refused: bool) -> None:
    windows = requested_windows({"date": day}, NOW)
    require_kept(windows, NOW, None)
    if not refused:
        return require_kept(windows, NOW, 3)
    with pytest.raises(InvalidRequestError, match=r"^activities are kept for 3 days: ask for 2026-11-20 or later\.$"):
        require_kept(windows, NOW, 3)


def test_a_window_is_kept_that_begins_with_the_oldest_activity_and_none_that_begins_before() -> None:
    oldest = milliseconds("2026-11-19T02:00:03.250")
    kept = (Window(oldest, oldest + DAY), Window(oldest + DAY, oldest + 2 * DAY))
    require_kept(kept, NOW, 3)
    with pytest.raises(InvalidRequestError):
        require_kept((Window(oldest - 1, oldest), *kept), NOW, 3)


def test_a_scheduled_run_never_asks_for_what_has_expired() -> None:
    latest = NOW + timedelta(hours=6)
    require_kept(requested_windows({"scheduledTime": NOW.isoformat()}, latest), latest, 3)
