"""The spans of time that summaries cover: whole UTC days, or the last 24 hours."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, TypeVar

from handlers.errors import InvalidRequestError

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_DAY = timedelta(days=1)
_MILLISECONDS_AN_HOUR = 3_600_000
_MILLISECOND = timedelta(milliseconds=1)

_Moment = TypeVar("_Moment", date, datetime)


class _FormError(ValueError):
    """A text in a form that is not read; the message says nothing of the text."""


@dataclass(frozen=True)
class Window:
    """A span of time from `start` up to, but without, `end`, in milliseconds since 1970."""

    start: int
    end: int


def hours_of(window: Window) -> tuple[Window, ...]:
    """The hours that a window consists of, from its start, whatever time of the day that is."""
    starts = range(window.start, window.end, _MILLISECONDS_AN_HOUR)
    return tuple(Window(start, start + _MILLISECONDS_AN_HOUR) for start in starts)


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
        return (_window_of_day(_read(request, "date", _day_from_text, "2026-01-31"), now),)
    if request.get("scheduledTime") is not None:
        return _whole_days_before(read_time(request, "scheduledTime"), now)
    if request.get("scheduledExecution") is True:
        return _whole_days_before(now, now)
    return (_window_between(now - _DAY, now),)


def is_scheduled(request: Mapping[str, Any]) -> bool:
    """Whether a request is the schedule's, for days that are over, and names no day."""
    return request.get("date") is None and (
        request.get("scheduledTime") is not None or request.get("scheduledExecution") is True
    )


def unreadable_times(request: Mapping[str, Any], now: datetime) -> Iterator[str]:
    """Why each `date` or `scheduledTime` of a request makes `requested_windows` refuse it, also where it is unused."""
    for name in ("date", "scheduledTime"):
        try:
            requested_windows({name: request.get(name)}, now)
        except InvalidRequestError as error:
            yield str(error).removesuffix(".")


def day_of(milliseconds: int) -> date:
    """The UTC day whose window has an instant, which is in milliseconds since 1970."""
    return (_EPOCH + milliseconds * _MILLISECOND).date()


def milliseconds_since_1970(moment: datetime) -> int:
    """A time, rounded down to the millisecond."""
    return (moment - _EPOCH) // _MILLISECOND


def require_kept(windows: Sequence[Window], now: datetime, days: int | None) -> None:
    """Refuse windows whose activities may have expired, whose summary would be replaced with one that counts too few.

    Args:
        windows: to be counted, oldest first.
        now: the current time in UTC.
        days: how long activities are kept; None for ever.

    Raises:
        InvalidRequestError: when a window begins before what is kept.
    """
    if days is not None and windows[0].start < _window_between(now - days * _DAY, now).start:
        day = first_day_kept(now.date(), days)
        raise InvalidRequestError(f"activities are kept for {days} days: ask for {day} or later.")


def first_day_kept(today: date, days: int) -> date:
    """The first UTC day all of whose activities are kept, of those that are kept for some days."""
    return today - timedelta(days=days - 1)


def _whole_days_before(moment: datetime, now: datetime) -> tuple[Window, ...]:
    """The last two UTC days that were over at a moment."""
    return tuple(_window_of_day((moment - age * _DAY).date(), now) for age in (2, 1))


def _window_of_day(day: date, now: datetime) -> Window:
    """A whole UTC day; today is allowed, though activities may still be added to it."""
    if not _EPOCH.date() <= day <= now.date():
        raise InvalidRequestError(
            f"no activity can be of {day}: ask for a day from {_EPOCH.date()} to today, {now.date()} in UTC."
        )
    midnight = datetime.combine(day, time(), UTC)
    return _window_between(midnight, midnight + _DAY)


def _window_between(start: datetime, end: datetime) -> Window:
    """The window between two times, each rounded down to the millisecond."""
    return Window(milliseconds_since_1970(start), milliseconds_since_1970(end))


def _read(request: Mapping[str, Any], name: str, reader: Callable[[Any], _Moment], example: str) -> _Moment:
    """What a request says under a name, as the reader understands it."""
    try:
        return reader(request[name])
    except (TypeError, ValueError, OverflowError) as error:
        reason = error if isinstance(error, _FormError) else "it is no date or time in ISO 8601"
        raise InvalidRequestError(f"`{name}` cannot be read: {reason}; write it like {example}.") from error


def read_time(request: Mapping[str, Any], name: str) -> datetime:
    """The time in UTC that a request says under a name.

    Raises:
        InvalidRequestError: when it is not ISO 8601 with an offset, or is before 1970.
    """
    return _read(request, name, _time_from_text, "2026-01-31T02:00:00Z")


def _day_from_text(text: str) -> date:
    """Read a day that is written as YYYY-MM-DD, and in no other of the ways that ISO 8601 has."""
    day = date.fromisoformat(text)
    if day.isoformat() != text:
        raise _FormError("it is not written as YYYY-MM-DD")
    return day


def _time_from_text(text: str) -> datetime:
    """Read a time since 1970 in ISO 8601 with its offset from UTC."""
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None or moment < _EPOCH:
        raise _FormError("it has no offset from UTC, or is before 1970")
    return moment.astimezone(UTC)
