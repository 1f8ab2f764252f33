"""What a local run did, what was expected of it, and how both are shown."""

import os
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Column, Table

from build.executions import Execution
from build.local.sample_records import Written


@dataclass(frozen=True)
class Expected:
    """What a run must have led to: activities by type, and how each execution ends (status, error)."""

    activities: dict[str, int]
    endings: list[tuple[str, str | None]]


@dataclass(frozen=True)
class Report:
    """What a run led to.

    Args:
        written: records written to the tables.
        activities: how many the analytics table holds, by type.
        summary: the summary item, its numbers as numbers; empty when none was written.
        executions: of the workflow, in the order in which they were started.
        failed_events: objects in the bucket of failed events.
        logs: the folder that the logs were saved in.
    """

    written: Written
    activities: dict[str, int]
    summary: dict[str, Any]
    executions: list[Execution]
    failed_events: int
    logs: Path

    def document(self) -> dict[str, Any]:
        """The report for programs."""
        return {
            "written": asdict(self.written),
            "activities": self.activities,
            "summary": self.summary,
            "executions": [
                {name: value for name, value in asdict(execution).items() if name != "arn"}
                for execution in self.executions
            ],
        }


def problems(report: Report, expected: Expected) -> Iterator[str]:
    """Everything that is not as expected, a sentence each."""
    for activity_type, count in expected.activities.items():
        if (recorded := report.activities.get(activity_type)) != count:
            yield f"{count} activities of the type {activity_type} were expected and {recorded} are recorded."
    if report.summary.get("totalRecords") != (total := sum(expected.activities.values())):
        yield f"the summary should count {total} activities and counts {report.summary.get('totalRecords')}."
    for execution, ending in zip(report.executions, expected.endings, strict=True):
        if (execution.status, execution.error) != ending:
            yield f"the execution of {execution.input} should end as {ending} and ended as {execution.status}."
    if report.failed_events:
        yield f"{report.failed_events} batches failed and lie in the bucket of failed events."


def rows(report: Report) -> Iterator[tuple[str, str]]:
    """What happened, a line for each thing and its value."""
    written = report.written
    yield "records written", f"{written.inserted} inserted, {written.modified} modified, {written.removed} removed"
    yield "activities recorded", ", ".join(f"{count} {kind}" for kind, count in report.activities.items())
    counts = {name: value for name, value in report.summary.items() if name.endswith(("Count", "Records"))}
    yield "summary written", ", ".join(f"{name} {count}" for name, count in counts.items()) or "none"
    for execution in report.executions:
        why = f": {execution.error}, {execution.cause}" if execution.error else ""
        yield f"execution of {execution.input['dataType']}", f"{execution.status}{why}"
    yield "failed events", str(report.failed_events)
    yield "logs", os.path.relpath(report.logs)


def show(report: Report) -> None:
    """Print the report for people."""
    table = Table("what", Column("result", overflow="fold"), title="Local run", title_justify="left")
    for row in rows(report):
        table.add_row(*row)
    Console(highlight=False).print(table)
