"""A day of a stack: what the analytics table has of it, what its summary says, and what is known to be lost."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from typing import Any

from build.text import TextTable

Counts = Mapping[str, int]
"""By name of the source."""


class DayState(StrEnum):
    """What is to be said of a day first; an earlier one here includes what a later one says."""

    RUNNING = "running"
    MISSING = "missing"
    STALE = "stale"
    PARTLY_LOST = "partly lost"
    AT_LEAST = "at least"
    EXACT = "exact"


@dataclass(frozen=True)
class Losses:
    """What is known to be missing among the activities of a day, by name of the source; nothing where it is zero.

    Args:
        failed: records in the bucket of failed events that have no activity.
        dropped: records that Lambda dropped during the day or the 24 hours after it, so they may be of the day.
        undelivered: batches that failed in that time and could not be stored in the bucket of failed events.
        unread: sources whose stream nobody is known to have read while it had the records of the day.
        began: when the stream of a source began that is newer than a part of the day and than activities.
    """

    failed: Counts = field(default_factory=dict)
    dropped: Counts = field(default_factory=dict)
    undelivered: Counts = field(default_factory=dict)
    unread: Sequence[str] = ()
    began: Mapping[str, datetime] = field(default_factory=dict)

    @property
    def certain(self) -> bool:
        """Whether something was lost, not only perhaps."""
        return any((*self.failed.values(), *self.dropped.values(), *self.undelivered.values()))

    @property
    def reasons(self) -> Iterator[str]:
        for source, records in self.failed.items():
            yield f"failed events: {records:,} of {source}, which `redrive` replays"
        for source, records in self.dropped.items():
            yield f"dropped records: up to {records:,} of {source}, which are in no stream and no bucket"
        for source, batches in self.undelivered.items():
            yield f"failed batches of {source} that could not be stored: up to {batches:,}"
        for source in self.unread:
            yield f"no metric says that the stream of {source} was read before it lost its records, after 24 hours"
        for source, moment in self.began.items():
            yield (
                f"the stream of {source} began at {moment:%Y-%m-%dT%H:%M:%SZ}, with a table that was restored or "
                "made again, and nobody knows what the one before it still had"
            )


@dataclass(frozen=True)
class Day:
    """A day as it was read.

    Args:
        date: in UTC.
        activities: those in the analytics table.
        summarised: those that the summary counted; None without a summary.
        losses: what is known of records that are no activities.
        running: what is under way, as a clause; empty when nothing is.
        over: whether the day is.
    """

    date: date
    activities: Counts
    summarised: Counts | None
    losses: Losses = Losses()
    running: str = ""
    over: bool = True

    @property
    def state(self) -> DayState:
        """A day that lost activities after they were counted is partly lost: a new summary would hide that."""
        states = (
            (self.running, DayState.RUNNING),
            (self.summarised is None, DayState.MISSING),
            (self._vanished, DayState.PARTLY_LOST),
            (self._newer, DayState.STALE),
            (self.losses.certain, DayState.PARTLY_LOST),
            (self.losses.unread or self.losses.began, DayState.AT_LEAST),
        )
        return next((state for holds, state in states if holds), DayState.EXACT)

    @property
    def lacks_summary(self) -> bool:
        """Whether a summary has to be made: there is none, or there are activities that it has not."""
        return self.state in (DayState.MISSING, DayState.STALE)

    @property
    def total(self) -> int:
        return sum(self.activities.values())

    @property
    def at_least(self) -> bool:
        """Whether the day had, or may have had, more than its activities."""
        return bool(self._vanished or self.losses.certain or self.losses.unread or self.losses.began)

    @property
    def number(self) -> str:
        """How many activities the day had, as far as that is known."""
        return f"at least {self.total:,}" if self.at_least else f"{self.total:,}"

    @property
    def reasons(self) -> list[str]:
        """Everything that keeps the day from being exact."""
        newer = [f"activities that the summary has not: {count:,} of {source}" for source, count in self._newer.items()]
        vanished = [
            f"activities that the summary counted and that are gone: {count:,} of {source}"
            for source, count in self._vanished.items()
        ]
        return [*filter(None, [self.running]), *newer, *vanished, *self.losses.reasons]

    @property
    def document(self) -> dict[str, Any]:
        """The day for programs."""
        return {
            "day": self.date,
            "state": self.state,
            "activities": dict(self.activities),
            "total": self.total,
            "at_least": self.at_least,
            "summarised": None if self.summarised is None else dict(self.summarised),
            "failed": dict(self.losses.failed),
            "dropped": dict(self.losses.dropped),
            "undelivered": dict(self.losses.undelivered),
            "unread": list(self.losses.unread),
            "began": dict(self.losses.began),
            "reasons": self.reasons,
        }

    @property
    def _newer(self) -> Counts:
        return self._differences(1)

    @property
    def _vanished(self) -> Counts:
        return self._differences(-1)

    def _differences(self, sign: int) -> Counts:
        """By how much the activities of each source exceed what was summarised or, with -1, fall short of it."""
        if self.summarised is None:
            return {}
        differences = {
            source: sign * (count - self.summarised.get(source, 0)) for source, count in self.activities.items()
        }
        return {source: count for source, count in differences.items() if count > 0}


def days_table(days: Sequence[Day]) -> TextTable:
    """A line a day: its state, its numbers and, unless it is exact, why."""
    return TextTable("Days", ("day (UTC)", "state", "activities", "summarised", "why"), list(map(_row, days)))


def _row(day: Day) -> tuple[str, ...]:
    summarised = "" if day.summarised is None else f"{sum(day.summarised.values()):,}"
    return (str(day.date), str(day.state), day.number, summarised, "; ".join(day.reasons))
