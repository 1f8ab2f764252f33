"""What became of each failed event: as progress on stderr while it happens, and as a report in the end."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from datetime import date, datetime
from enum import StrEnum
from typing import Any, Protocol

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn
from rich.progress import Progress as ProgressBar
from rich.progress import TextColumn, TimeRemainingColumn
from rich.text import Text

from build.text import TextTable, one_line


class ObjectOutcome(StrEnum):
    """What became of an object."""

    WAITING = "waiting"
    RECORDED = "recorded"
    FAILED = "failed"
    LEFT_ALONE = "left alone"


_REMAINING = frozenset({ObjectOutcome.FAILED, ObjectOutcome.LEFT_ALONE})


@dataclass(frozen=True)
class ObjectResult:
    """An object of the bucket and what became of it.

    Args:
        key: its name.
        when: Lambda gave up the batch.
        etag: of the content that was read.
        source: name of the source, when it is known.
        records: how many it contains, when it is known.
        days: UTC days on which its records were created.
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
    outcome: ObjectOutcome = ObjectOutcome.WAITING
    reason: str = ""

    def failed(self, reason: str) -> "ObjectResult":
        """The same object, when not all its records are recorded and summarised."""
        return replace(self, outcome=ObjectOutcome.FAILED, reason=reason)

    def left_alone(self, reason: str) -> "ObjectResult":
        """The same object, when it cannot be replayed."""
        return replace(self, outcome=ObjectOutcome.LEFT_ALONE, reason=reason)

    def recorded(self) -> "ObjectResult":
        """The same object, when all its records are recorded."""
        return replace(self, outcome=ObjectOutcome.RECORDED)

    @property
    def outcome_with_reason(self) -> str:
        return f"{self.outcome}: {self.reason}" if self.reason else str(self.outcome)

    @property
    def line(self) -> str:
        """For progress: the key and the outcome."""
        return f"{self.key} {self.outcome_with_reason}"

    @property
    def cells(self) -> tuple[str, ...]:
        """The row in the report's table."""
        records = "" if self.records is None else str(self.records)
        return (f"{self.when:%Y-%m-%d %H:%M:%S}", self.source, records, self.error, self.outcome_with_reason)


@dataclass(frozen=True)
class RedriveReport:
    """What was found and done.

    Args:
        results: of the objects.
        summaries: the days that were summarised again, each with what went wrong, None for nothing.
    """

    results: Sequence[ObjectResult]
    summaries: Mapping[date, str | None] = field(default_factory=dict)

    @property
    def exit_code(self) -> int:
        """1 when an object failed or was left alone, else 0."""
        return int(any(result.outcome in _REMAINING for result in self.results))

    @property
    def closing(self) -> str:
        """How many objects have each outcome, in a sentence."""
        counts = Counter(str(result.outcome) for result in self.results)
        outcomes = ", ".join(f"{count:,} {outcome}" for outcome, count in sorted(counts.items()))
        return f"objects of failed events: {outcomes or 'none'}"

    @property
    def tables(self) -> list[TextTable]:
        """The report for people."""
        columns = ("when (UTC)", "source", "records", "error", "outcome")
        tables = [
            TextTable("Failed events", columns, [result.cells for result in self.results]),
            TextTable("Summaries", ("day", "outcome"), [(str(day), why or "recomputed") for day, why in self._days]),
        ]
        return [table for table in tables if table.rows]

    @property
    def document(self) -> dict[str, Any]:
        """The report for programs."""
        return {
            "objects": list(map(asdict, self.results)),
            "summaries": [{"day": day, "problem": why} for day, why in self._days],
        }

    @property
    def _days(self) -> list[tuple[date, str | None]]:
        return sorted(self.summaries.items())


class RedriveProgress(Protocol):
    """Shows what happens while it happens."""

    def object_done(self, result: ObjectResult | None) -> None:
        """An object was read or replayed; None for one of another source, or one that no longer exists."""

    def note(self, text: str) -> None:
        """Something else worth knowing happened."""


@contextmanager
def redrive_progress(console: Console, total: int) -> Iterator[RedriveProgress]:
    """A bar on a terminal that can move its cursor, else a line for each object.

    Args:
        console: where to.
        total: objects that will be done.
    """
    if not console.is_terminal or console.is_dumb_terminal:
        yield _LineProgress(console, total)
        return
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with ProgressBar(*columns, console=console, transient=True) as bar:
        yield _BarProgress(bar, total)


class _LineProgress:
    """A line for each object."""

    def __init__(self, console: Console, total: int) -> None:
        self._console = console
        self._total = total
        self._done = 0

    def object_done(self, result: ObjectResult | None) -> None:
        self._done += 1
        if result:
            self.note(f"{self._done}/{self._total} {result.line}")

    def note(self, text: str) -> None:
        _print_line(self._console, text)


class _BarProgress:
    """A bar that fills, and lines above it for what needs attention."""

    def __init__(self, bar: ProgressBar, total: int) -> None:
        self._bar = bar
        self._task = bar.add_task("failed events", total=total)

    def object_done(self, result: ObjectResult | None) -> None:
        self._bar.advance(self._task)
        if result and result.reason:
            self.note(result.line)

    def note(self, text: str) -> None:
        _print_line(self._bar.console, text)


def _print_line(console: Console, text: str) -> None:
    console.print(Text(one_line(text)), soft_wrap=True)
