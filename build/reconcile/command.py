"""The command `reconcile`: the proof that every record of the streams is recorded exactly once."""

import argparse
from collections.abc import Iterator, Sequence
from dataclasses import asdict

from build.cloudformation.stacks import existing_stack
from build.options import add_stack_options, stack_context
from build.reconcile.ledger import SourceBalance
from build.reconcile.reconciliation import RETENTION_HOURS, last_hours, reconcile
from build.redrive.failed_events import deployed_pipeline
from build.text import TextTable

EXAMPLE = "python -m build reconcile --suffix prod --hours 6 --json"
_NOT_ONCE = 2
_COLUMNS = ("source", "recorded", "missing", "waiting in the failure bucket", "twice", "of no record")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_stack_options(parser)
    parser.add_argument(
        "--hours",
        type=_hours,
        default=RETENTION_HOURS,
        help=f"compare the records of the last so many hours (default: {RETENTION_HOURS}, all that a stream keeps)",
    )


def run(arguments: argparse.Namespace) -> int:
    """Say what became of every record; 2 when one is missing or recorded twice, else 0.

    Raises:
        CommandError: when the stack or a resource of it is missing or may not be read.
    """
    with stack_context(arguments) as chosen:
        chosen.announce_stack("compare the records of the streams with the activities, and change nothing")
        stack = existing_stack(chosen.clients.cloudformation, chosen.config.stack_name)
        pipeline = deployed_pipeline(stack, chosen.config)
        balances = reconcile(chosen.clients, pipeline, last_hours(arguments.hours), chosen.presenter.step)
        chosen.presenter.result({"sources": list(map(asdict, balances))}, list(_tables(balances)))
    return _NOT_ONCE if any(balance.missing or balance.twice for balance in balances) else 0


def _hours(text: str) -> float:
    try:
        hours = float(text)
    except ValueError:
        hours = 0.0
    if not 0 < hours <= RETENTION_HOURS:
        raise argparse.ArgumentTypeError(f"{text!r} is no number of hours up to {RETENTION_HOURS}")
    return hours


def _tables(balances: Sequence[SourceBalance]) -> Iterator[TextTable]:
    """The balance of every source, and the first keys of what is not recorded once."""
    yield TextTable("Records and their activities", _COLUMNS, list(map(_row, balances)))
    examples = [
        (balance.source, name.replace("_", " "), data_type, processed_at)
        for balance in balances
        for name, keys in balance.examples.items()
        for data_type, processed_at in keys
    ]
    if examples:
        yield TextTable("The first of each", ("source", "what", "dataType", "processedAt"), examples)


def _row(balance: SourceBalance) -> tuple[str, ...]:
    counts = (balance.recorded, balance.missing, balance.waiting, balance.twice, balance.of_no_record)
    return (balance.source, *(f"{count:,}" for count in counts))
