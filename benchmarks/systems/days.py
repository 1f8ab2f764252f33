"""The day that is summarised."""

from datetime import UTC, date, datetime, time, timedelta

DAY = date(2026, 1, 31)


def milliseconds(day: date) -> int:
    """The beginning of a UTC day in milliseconds since 1970."""
    return int(datetime.combine(day, time(), UTC).timestamp()) * 1000


END_OF_DAY = milliseconds(DAY + timedelta(days=1))
