"""What a drill showed: how many activities there were before and after each loss, and how long each way back took."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from rich.console import Console

from build.days.day import Day, DayState
from build.local.report import balance_problems
from build.reconcile.ledger import SourceBalance
from build.text import TextTable, print_table

_TITLE = "Drill (seconds are the emulator's; docs/recovery.md computes AWS's)"
_GOOD = (DayState.EXACT, DayState.AT_LEAST)
"""A mapping that is made anew in the first hour of a day has no metric that says that the stream was read then."""


@dataclass(frozen=True)
class TableLossReport:
    """What became of one loss.

    Args:
        name: of the loss.
        before: activities before the loss.
        recoverable: of those, the ones that the restored table has to have.
        restored: activities in the restored table, before the streams were processed.
        found: the days before the missing summaries were made.
        written: activities that all records lead to.
        processed: records that the new mappings have processed since their streams' beginning.
        failed_events: objects in the bucket of failed events, of which every record has its activity by now.
        balances: what became of the records of each source.
        days: the days in the end.
        seconds: how long each step took.
    """

    name: str
    before: int
    recoverable: int
    restored: int
    found: Sequence[Day]
    written: int
    processed: int
    failed_events: int
    balances: Sequence[SourceBalance]
    days: Sequence[Day]
    seconds: Mapping[str, float]

    @property
    def recorded(self) -> int:
        """Activities of records in the end."""
        return sum(balance.recorded for balance in self.balances)

    @property
    def summarised(self) -> int:
        """Activities that the summaries count in the end."""
        return sum(sum((day.summarised or {}).values()) for day in self.days)

    @property
    def document(self) -> dict[str, Any]:
        """The report for programs."""
        return {
            "loss": self.name,
            "before": self.before,
            "recoverable": self.recoverable,
            "restored": self.restored,
            "found": [f"{day.date} {day.state}" for day in self.found],
            "written": self.written,
            "processed": self.processed,
            "failed_events": self.failed_events,
            "recorded": self.recorded,
            "summarised": self.summarised,
            "reconciliation": list(map(asdict, self.balances)),
            "days": [day.document for day in self.days],
            "seconds": dict(self.seconds),
        }

    @property
    def problems(self) -> Iterator[str]:
        """What did not come back as it should, a sentence each."""
        if self.restored != self.recoverable:
            yield f"the table that was {self.name} came back with {self.restored} of {self.recoverable} activities."
        if not any(day.lacks_summary for day in self.found):
            yield f"after the table was {self.name}, `days` missed no summary."
        counts = {"processed": self.processed, "recorded": self.recorded, "summarised": self.summarised}
        for what, count in counts.items():
            if count != self.written:
                yield f"after the table was {self.name}, {count} of {self.written} records are {what}."
        yield from balance_problems(self.balances)
        for day in self.days:
            if day.state not in _GOOD:
                yield f"after the table was {self.name}, {day.date} is {day.state}: {'; '.join(day.reasons)}."


@dataclass(frozen=True)
class DrillReport:
    """What became of every loss, in order."""

    losses: Sequence[TableLossReport]

    def problems(self) -> Iterator[str]:
        """What is not as it should be, a sentence each."""
        for loss in self.losses:
            yield from loss.problems

    def print(self, as_json: bool) -> None:
        """Print the report on stdout, for programs or for people."""
        if as_json:
            document = {"drill": [loss.document for loss in self.losses]}
            print(json.dumps(document, indent=2, default=str), flush=True)
            return
        columns = ("what", *(f"a table {loss.name}" for loss in self.losses))
        rows = [(row[0][0], *(value for _, value in row)) for row in zip(*map(_rows, self.losses), strict=True)]
        print_table(Console(highlight=False), TextTable(_TITLE, columns, rows))


def _rows(loss: TableLossReport) -> Iterator[tuple[str, str]]:
    """What became of a loss, as a name and a value each."""
    yield "activities before", str(loss.before)
    yield "in the restored table", f"{loss.restored} of {loss.recoverable}"
    yield "`days` found", ", ".join(str(day.state) for day in loss.found)
    yield "records processed, as the poller counts", f"{loss.processed} of {loss.written}"
    yield "failed events, recorded by now", str(loss.failed_events)
    yield "activities recorded", f"{loss.recorded} of {loss.written}"
    yield "activities summarised", f"{loss.summarised} of {loss.written}"
    yield "`days` says", ", ".join(str(day.state) for day in loss.days)
    for name, seconds in loss.seconds.items():
        yield f"{name} took here", f"{seconds:.1f} s"
