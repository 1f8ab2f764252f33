"""The command `trace`: the way of a record, from its table to the summary that counts it, or to the failed events."""

import argparse
from collections.abc import Iterator
from dataclasses import asdict

from build.cloudformation.stacks import existing_stack
from build.console.trace import REMOVAL, CoveringSummary, RecordTrace, RecordTracer, TracedChange
from build.errors import CommandError
from build.options import StackContext, add_stack_options, stack_context
from build.text import TextTable
from stack.config import SOURCES

EXAMPLE = "python -m build trace --suffix dev --source UserData --id user-000001"
_NOT_WELL = 2


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_stack_options(parser)
    parser.add_argument(
        "--source", required=True, choices=[source.name for source in SOURCES], help="the source of the record"
    )
    parser.add_argument("--id", required=True, help="the record's id, the value of its partition key")


def run(arguments: argparse.Namespace) -> int:
    """Show what became of a record; 0 when all its changes are recorded, 2 when one is not.

    Raises:
        CommandError: when nothing is known of such a record.
    """
    with stack_context(arguments) as context:
        found = _trace(context, arguments.source, arguments.id)
        context.presenter.step(closing(found))
        document = {"well": found.well, **asdict(found)}
        context.presenter.result(document, [trace_table(found)] if found.changes else [])
    return 0 if found.well else _NOT_WELL


def closing(trace: RecordTrace) -> str:
    """What is known of the record's changes, in a sentence."""
    here = "is in its table" if trace.items else "is not in its table"
    if not trace.changes:
        return f"{trace.record_id} {here}; its stream records are older than 24 hours, and it is in no failed events"
    recorded = sum(change.recorded for change in trace.changes)
    counts = f"{len(trace.changes)} changes in the last 24 hours, {recorded} activities recorded"
    failed = any(change.failure for change in trace.changes)
    remedy = "; replay the failed events with `python -m build redrive`" if failed else ""
    return f"{trace.record_id} {here}; {counts}{remedy}"


def trace_table(trace: RecordTrace) -> TextTable:
    """A row for each change."""
    columns = ("when (UTC)", "change", "outcome", "activity", "summaries or object")
    return TextTable(f"{trace.source} {trace.record_id}", columns, [tuple(_cells(change)) for change in trace.changes])


def summary_text(summary: CoveringSummary) -> str:
    """A summary by its type and window."""
    return f"{summary.summary_type} {summary.start:%Y-%m-%d %H:%M} to {summary.end:%Y-%m-%d %H:%M}"


def _trace(context: StackContext, source_name: str, record_id: str) -> RecordTrace:
    stack = existing_stack(context.clients.cloudformation, context.config.stack_name)
    source = next(source for source in context.config.sources if source.name == source_name)
    found = RecordTracer(context.clients, context.config, stack).trace(source, record_id)
    if not found.found:
        raise CommandError(
            f"nothing is known of {record_id} in {source_name} of {stack.name}: it is neither in the table, nor in "
            "the last 24 hours of its stream, nor in the failed events; correct --id or --source."
        )
    return found


def _cells(change: TracedChange) -> Iterator[str]:
    yield f"{change.created:%Y-%m-%d %H:%M:%S}"
    yield change.event
    yield change.outcome
    yield " ".join(change.activity) if change.activity and change.event != REMOVAL else ""
    yield change.failure.key if change.failure else "; ".join(map(summary_text, change.summaries))
