"""What a local run led to, what of it is not as expected, and how it is shown."""

import json
import os
from collections.abc import Iterable, Iterator, Sequence, Set
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from rich.console import Console

from build.executions import WorkflowExecution
from build.local.monitor import SPEED_IN_WORDS
from build.local.writing import WriteCounts
from build.monitoring.alarms import AlarmStatus
from build.monitoring.evaluation import State
from build.reconcile.ledger import SourceBalance
from build.text import TextTable, print_table

_ENDINGS = (("SUCCEEDED", None), ("FAILED", "InvalidDataError"))
"""How the execution with valid and the one with invalid input must end: status and error."""


@dataclass(frozen=True)
class AlarmReport:
    """The alarms at the end of a run.

    Args:
        alarms: each as it is.
        rang: the names of those that rang in the meantime.
        expected: the names of those that had to.
        tolerated: the names of those that may ring, and may ring still.
    """

    alarms: Sequence[AlarmStatus]
    rang: Set[str]
    expected: Set[str]
    tolerated: Set[str] = frozenset()

    def document(self) -> dict[str, Any]:
        """The alarms for programs: the state of each, and which rang."""
        return {"states": {alarm.name: alarm.state for alarm in self.alarms}, "rang": sorted(self.rang)}

    def problems(self) -> Iterator[str]:
        """What is not as it should be, a sentence each."""
        for name in sorted(self.expected - self.rang):
            yield f"the alarm {name} should have rung and did not."
        for name in sorted(self.rang - self.expected - self.tolerated):
            yield f"the alarm {name} rang and should not have."
        for alarm in self.alarms:
            if alarm.state is not State.OK and alarm.name not in self.tolerated:
                yield f"the alarm {alarm.name} is {alarm.state} and should be OK."

    @property
    def table(self) -> TextTable:
        """The alarms that rang or are not OK, and how many others there are."""
        told = [alarm for alarm in self.alarms if alarm.name in self.rang or alarm.state is not State.OK]
        rows = [(alarm.name, _state_in_words(alarm, self.rang), _meaning(alarm)) for alarm in told]
        count = len(self.alarms) - len(told)
        others = (f"{count} {'other' if count == 1 else 'others'}", str(State.OK), "never rang")
        return TextTable(f"Alarms ({SPEED_IN_WORDS})", ("alarm", "state", "meaning"), [*rows, others])


def _state_in_words(alarm: AlarmStatus, rang: Set[str]) -> str:
    return f"{alarm.state}, rang before" if alarm.state is State.OK and alarm.name in rang else str(alarm.state)


def _meaning(alarm: AlarmStatus) -> str:
    """What an alarm's description begins with, before what to do."""
    return alarm.description.split(":")[0]


@dataclass(frozen=True)
class LocalReport:
    """What a run led to.

    Args:
        written: records written to the tables, by the type of the activities that they lead to.
        rejected: lines of the input that were no record.
        activities: how many the analytics table holds, by type.
        summary: the summary item, its numbers as numbers; empty when none was written.
        executions: of the workflow, with valid and with invalid input.
        failed_events: objects in the bucket of failed events.
        alarms: what became of the alarms.
        logs: the folder that the logs were saved in.
        balances: what became of the records of each source.
    """

    written: dict[str, WriteCounts]
    rejected: int
    activities: dict[str, int]
    summary: dict[str, Any]
    executions: list[WorkflowExecution]
    failed_events: int
    alarms: AlarmReport
    logs: Path
    balances: tuple[SourceBalance, ...] = ()

    @property
    def total_written(self) -> WriteCounts:
        """What was written to all tables."""
        return sum(self.written.values(), WriteCounts())

    def document(self) -> dict[str, Any]:
        """The report for programs."""
        return {
            "written": asdict(self.total_written),
            "rejected": self.rejected,
            "activities": self.activities,
            "summary": self.summary,
            "executions": [
                {name: value for name, value in asdict(execution).items() if name != "arn"}
                for execution in self.executions
            ],
            "failed_events": self.failed_events,
            "reconciliation": list(map(asdict, self.balances)),
            "alarms": self.alarms.document(),
        }


def report_problems(report: LocalReport) -> Iterator[str]:
    """Everything that is not as it should be after what was written, a sentence each."""
    for activity_type, counts in report.written.items():
        if (recorded := report.activities.get(activity_type)) != counts.recorded:
            yield (
                f"{counts.recorded} activities of the type {activity_type} were expected and {recorded} are recorded."
            )
    yield from balance_problems(report.balances)
    if report.summary.get("totalRecords") != (total := report.total_written.recorded):
        yield f"the summary should count {total} activities and counts {report.summary.get('totalRecords')}."
    for execution, ending in zip(report.executions, _ENDINGS, strict=True):
        if (execution.status, execution.error) != ending:
            yield f"the execution of {execution.input} should end as {ending} and ended as {execution.status}."
    if report.failed_events:
        yield f"{report.failed_events} batches failed and are stored in the bucket of failed events."
    yield from report.alarms.problems()
    if report.rejected:
        yield f"{report.rejected:,} lines hold no record; correct them and run again, everything else was processed."


def balance_problems(balances: Iterable[SourceBalance]) -> Iterator[str]:
    """Each source whose records and activities are not one to one, a sentence each."""
    for balance in balances:
        if balance.missing or balance.twice or balance.of_no_record:
            yield (
                f"of {balance.source}, {balance.missing} records have no activity, {balance.twice} have more than one, "
                f"and {balance.of_no_record} activities are of no record."
            )


def print_report(report: LocalReport, as_json: bool) -> None:
    """Print what happened on stdout, for programs or for people."""
    if as_json:
        print(json.dumps(report.document(), indent=2), flush=True)
        return
    console = Console(highlight=False)
    print_table(console, TextTable("Local run", ("what", "result"), list(_rows(report))))
    print_table(console, report.alarms.table)


def _rows(report: LocalReport) -> Iterator[tuple[str, str]]:
    """What happened, as a name and a value each."""
    counts = asdict(report.total_written)
    yield "records written", ", ".join(
        f"{count} {effect}" for effect, count in counts.items() if count or effect != "unchanged"
    )
    if report.rejected:
        yield "lines refused", f"{report.rejected}"
    yield "activities recorded", ", ".join(f"{count} {kind}" for kind, count in report.activities.items())
    counted = {name: value for name, value in report.summary.items() if name.endswith(("Count", "Records"))}
    yield "summary written", ", ".join(f"{name} {count}" for name, count in counted.items()) or "none"
    for execution in report.executions:
        why = f": {execution.error}, {execution.cause}" if execution.error else ""
        yield f"execution of {execution.input['dataType']}", f"{execution.status}{why}"
    yield "failed events", str(report.failed_events)
    yield "logs", os.path.relpath(report.logs)
