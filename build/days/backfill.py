"""The command `backfill`: make the summaries that are missing or stale, and no others."""

import argparse
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from threading import Lock
from typing import TYPE_CHECKING

from build.days.command import read_days, reader_of, utc_day
from build.days.day import Day
from build.errors import INTERRUPTED, CommandError
from build.executions import WorkflowExecution, follow_execution, start_execution, summary_request
from build.options import StackContext, add_stack_options, require_consent, stack_context
from build.parallel import in_parallel
from build.text import TextTable

if TYPE_CHECKING:
    from mypy_boto3_stepfunctions import SFNClient

EXAMPLE = "python -m build backfill --suffix prod --from 2026-01-01 --to 2026-01-31"
_EXECUTIONS_AT_ONCE = 5
_MADE = "made"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_stack_options(parser)
    parser.add_argument(
        "--from",
        dest="first",
        type=utc_day,
        metavar="DATE",
        help="the first day, YYYY-MM-DD (default: the first that has an activity or a summary)",
    )
    parser.add_argument(
        "--to", dest="last", type=utc_day, metavar="DATE", help="the last day (default: today, which is never due)"
    )
    parser.add_argument("--dry-run", action="store_true", help="only list the summaries that would be made")
    parser.add_argument("--yes", action="store_true", help="do not ask")


def run(arguments: argparse.Namespace) -> int:
    """List the days whose summary is missing or stale, ask, and have the workflow summarise them; 0 when done.

    Raises:
        CommandError: when nobody agrees, when a summary could not be made, and on Ctrl-C.
    """
    with stack_context(arguments) as chosen:
        action = "list" if arguments.dry_run else "make"
        chosen.announce_stack(f"count its activities, and {action} the summaries that are missing or stale")
        reader = reader_of(chosen)
        days = read_days(chosen, reader, arguments.first, arguments.last, arguments.yes)
        due = [day for day in days if day.lacks_summary]
        for day in due:
            chosen.presenter.step(f"{day.date} is {day.state}: its summary will count {day.total:,} activities")
        executions = {}
        if due and not arguments.dry_run:
            executions = _make_summaries(chosen, reader.pipeline.state_machine, due, arguments.yes)
        _show(chosen, due, executions)
    return 0


def _make_summaries(
    chosen: StackContext, state_machine: str, due: Sequence[Day], agreed: bool
) -> dict[date, WorkflowExecution]:
    """Ask, and run an execution for each day."""
    require_consent(chosen.config.stack_name, agreed, "no summary was made")
    backfill = Backfill(chosen.clients.workflow, state_machine)
    executions = {}
    try:
        for day, execution in in_parallel(backfill.summarise, [day.date for day in due], _EXECUTIONS_AT_ONCE):
            executions[day] = execution
            chosen.presenter.step(f"summary of {day}: {execution.problem or _MADE}")
    except KeyboardInterrupt:
        raise CommandError(_stopped(backfill.stop(), len(executions)), INTERRUPTED) from None
    return executions


@dataclass
class Backfill:
    """Executions, one a day, that several threads start and follow until they are told to stop.

    Args:
        client: of Step Functions.
        state_machine: ARN of the workflow.
    """

    client: "SFNClient"
    state_machine: str
    _running: dict[date, str] = field(default_factory=dict, init=False)
    _lock: Lock = field(default_factory=Lock, init=False)
    _stopped: bool = field(default=False, init=False)

    def summarise(self, day: date) -> tuple[date, WorkflowExecution]:
        """Have the workflow summarise a day, and wait until it has.

        Raises:
            CommandError: when nothing is to be started any more.
        """
        request = summary_request(day)
        with self._lock:
            if self._stopped:
                raise CommandError(f"stopped before the summary of {day}")
            arn = self._running[day] = start_execution(self.client, self.state_machine, request)
        execution = follow_execution(self.client, arn, request)
        del self._running[day]
        return day, execution

    def stop(self) -> list[str]:
        """Start nothing more; returns the ARNs of the executions that are running and go on."""
        with self._lock:
            self._stopped = True
            return list(self._running.values())


def _stopped(running: Sequence[str], ended: int) -> str:
    under_way = f"executions that are running go on: {', '.join(running)}" if running else "no execution is running"
    return f"stopped after {ended} executions had ended; {under_way}; repeat the command to make the others."


def _show(chosen: StackContext, due: Sequence[Day], executions: dict[date, WorkflowExecution]) -> None:
    """The result; without executions, what would be made.

    Raises:
        CommandError: when a summary could not be made.
    """
    problems = {day: execution.problem for day, execution in executions.items() if execution.problem}
    made = sorted(executions.keys() - problems.keys())
    document = {
        "due": [day.document for day in due],
        "made": made,
        "failed": {str(day): problem for day, problem in problems.items()},
    }
    rows = [(str(day.date), str(day.state), day.number, _outcome(executions.get(day.date))) for day in due]
    if not due:
        chosen.presenter.step("no summary is missing or stale")
    tables = [TextTable("Summaries", ("day (UTC)", "was", "activities", "outcome"), rows)] if due else []
    chosen.presenter.result(document, tables)
    if problems:
        raise CommandError(
            f"{len(problems)} of {len(due)} summaries could not be made; correct what is said of each and repeat the "
            "command, which makes only those that are still missing or stale."
        )


def _outcome(execution: WorkflowExecution | None) -> str:
    return "not made" if execution is None else execution.problem or _MADE
