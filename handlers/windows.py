"""The spans of time that summaries cover: whole UTC days, or the last 24 hours."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, TypeVar

from handlers.errors import InvalidRequestError

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
DAY = timedelta(days=1)
MILLISECOND = timedelta(milliseconds=1)

Moment = TypeVar("Moment", date, datetime)


@dataclass(frozen=True)
class Window:
    """A span of time from `start` up to, but without, `end`, in milliseconds since 1970."""

    start: int
    end: int


def requested_windows(request: Mapping[str, Any], now: datetime) -> tuple[Window, ...]:
    """The windows that a request asks for, oldest first.

    Args:
        request: `date` (YYYY-MM-DD) asks for that UTC day, `scheduledTime` (ISO 8601) for the two whole days before
            it, `scheduledExecution` for the two whole days before now, and none of them for the last 24 hours. Two
            days, because a stream holds a record for 24 hours: the second run sees what arrived late.
        now: the current time in UTC.

    Raises:
        InvalidRequestError: when a date or time cannot be read, or when no activity can be of its day.
    """
    if request.get("date") is not None:
        return (window_of_day(read(request, "date", day_from_text, "2026-01-31"), now),)
    if request.get("scheduledTime") is not None:
        return whole_days_before(read_time(request, "scheduledTime"), now)
    if request.get("scheduledExecution") is True:
        return whole_days_before(now, now)
    return (window_between(now - DAY, now),)


def whole_days_before(moment: datetime, now: datetime) -> tuple[Window, ...]:
    """The last two UTC days that were over at a moment."""
    return tuple(window_of_day((moment - age * DAY).date(), now) for age in (2, 1))


def window_of_day(day: date, now: datetime) -> Window:
    """A whole UTC day; today is allowed, though activities may still be added to it."""
    if not EPOCH.date() <= day <= now.date():
        raise InvalidRequestError(
            f"no activity can be of {day}: ask for a day from {EPOCH.date()} to today, {now.date()} in UTC."
        )
    midnight = datetime.combine(day, time(), UTC)
    return window_between(midnight, midnight + DAY)


def window_between(start: datetime, end: datetime) -> Window:
    """The window between two times, each rounded down to the millisecond."""
    return Window((start - EPOCH) // MILLISECOND, (end - EPOCH) // MILLISECOND)


def read(request: Mapping[str, Any], name: str, reader: Callable[[Any], Moment], example: str) -> Moment:
    """What a request says under a name, which must be something that the reader can make sense of."""
    try:
        return reader(request[name])
    except (TypeError, ValueError, OverflowError) as error:
        raise InvalidRequestError(f"`{name}` cannot be read: {error}; write it like {example}.") from error


def read_time(request: Mapping[str, Any], name: str) -> datetime:
    """The time in UTC that a request says under a name.

    Raises:
        InvalidRequestError: when it is not ISO 8601 with an offset, or lies before 1970.
    """
    return read(request, name, time_from_text, "2026-01-31T02:00:00Z")


def day_from_text(text: str) -> date:
    """Read a day that is written as YYYY-MM-DD, and in no other of the ways that ISO 8601 has."""
    day = date.fromisoformat(text)
    if day.isoformat() != text:
        raise ValueError("it is not written as YYYY-MM-DD")
    return day


def time_from_text(text: str) -> datetime:
    """Read a time since 1970 in ISO 8601 with its offset from UTC."""
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None or moment < EPOCH:
        raise ValueError("it has no offset from UTC, or lies before 1970")
    return moment.astimezone(UTC)
