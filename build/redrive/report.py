"""What the bucket of failed events holds, what became of it, and how both are shown."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import date, datetime
from enum import StrEnum
from typing import Any

from build.text import TextTable


class Outcome(StrEnum):
    """What became of an object."""

    WAITING = "waiting"
    RECORDED = "recorded"
    FAILED = "failed"
    LEFT_ALONE = "left alone"


REMAINING = frozenset({Outcome.FAILED, Outcome.LEFT_ALONE})


@dataclass(frozen=True)
class Entry:
    """An object of the bucket.

    Args:
        key: its name.
        when: Lambda gave up.
        etag: of what was read.
        source: name of the source, when it is known.
        records: how many it holds, when it is known.
        days: UTC days in which its records were created.
        error: why Lambda gave up.
        outcome: what became of it.
        reason: why it failed or was left alone.
    """

    key: str
    when: datetime
    etag: str = ""
    source: str = ""
    records: int | None = None
    days: tuple[date, ...] = ()
    error: str = ""
    outcome: Outcome = Outcome.WAITING
    reason: str = ""

    def failed(self, reason: str) -> "Entry":
        """The same, not all its records being recorded and summarised."""
        return replace(self, outcome=Outcome.FAILED, reason=reason)

    def recorded(self) -> "Entry":
        """The same, all its records being recorded."""
        return replace(self, outcome=Outcome.RECORDED)

    @property
    def ending(self) -> str:
        """The outcome with its reason."""
        return f"{self.outcome}: {self.reason}" if self.reason else str(self.outcome)

    @property
    def line(self) -> str:
        """The entry for those who watch."""
        return f"{self.key} {self.ending}"

    @property
    def cells(self) -> tuple[str, ...]:
        """The entry as a row of the table."""
        records = "" if self.records is None else str(self.records)
        return (f"{self.when:%Y-%m-%d %H:%M:%S}", self.source, records, self.error, self.ending)


@dataclass(frozen=True)
class Report:
    """What was found and done.

    Args:
        entries: the objects.
        summaries: the days whose summaries were made again, with what went wrong.
    """

    entries: Sequence[Entry]
    summaries: Mapping[date, str | None] = field(default_factory=dict)

    @property
    def exit_code(self) -> int:
        """1 when something is left that no repetition alone will replay, or that failed; else 0."""
        return int(any(entry.outcome in REMAINING for entry in self.entries))

    @property
    def closing(self) -> str:
        """The outcomes in a sentence."""
        counts = Counter(str(entry.outcome) for entry in self.entries)
        outcomes = ", ".join(f"{count:,} {outcome}" for outcome, count in sorted(counts.items()))
        return f"objects of failed events: {outcomes or 'none'}"

    @property
    def tables(self) -> list[TextTable]:
        """What is shown to people."""
        columns = ("when (UTC)", "source", "records", "error", "outcome")
        tables = [
            TextTable("Failed events", columns, [entry.cells for entry in self.entries]),
            TextTable("Summaries", ("day", "outcome"), [(str(day), why or "made again") for day, why in self.days]),
        ]
        return [table for table in tables if table.rows]

    @property
    def document(self) -> dict[str, Any]:
        """What is shown to programs."""
        return {
            "objects": list(map(asdict, self.entries)),
            "summaries": [{"day": day, "problem": why} for day, why in self.days],
        }

    @property
    def days(self) -> list[tuple[date, str | None]]:
        """The summaries in the order of their days."""
        return sorted(self.summaries.items())
