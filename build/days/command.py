"""The command `days`: whether every day has its summary, and whether that is all there was."""

import argparse
from collections.abc import Sequence
from datetime import date, timedelta

from build.cloudformation.stacks import existing_stack
from build.days.day import Day, DayState, days_table
from build.days.reading import DayReader, day_reader
from build.errors import CommandError
from build.options import StackContext, add_stack_options, require_consent, stack_context
from handlers.windows import first_day_kept

EXAMPLE = "python -m build days --suffix prod --since 2026-01-01"
_MOST_ITEMS_READ_UNASKED = 1_000_000
_NOT_EXACT = 2


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_stack_options(parser)
    parser.add_argument(
        "--since",
        type=utc_day,
        metavar="DATE",
        help="the first day, YYYY-MM-DD (default: the first that has an activity or a summary)",
    )
    parser.add_argument(
        "--yes",
        action="store_true",
        help=f"do not ask before more than {_MOST_ITEMS_READ_UNASKED:,} activities are read",
    )


def run(arguments: argparse.Namespace) -> int:
    """Say of every day how it is; 2 when one that is over is not exact, else 0.

    Raises:
        CommandError: when the stack or a resource of it is missing or may not be read, or when nobody agrees.
    """
    with stack_context(arguments) as chosen:
        chosen.announce_stack("count its activities and compare them with the summaries, and change nothing")
        days = read_days(chosen, reader_of(chosen), arguments.since, None, arguments.yes)
        chosen.presenter.result({"days": [day.document for day in days]}, [days_table(days)])
    return _NOT_EXACT if any(day.over and day.state is not DayState.EXACT for day in days) else 0


def reader_of(chosen: StackContext) -> DayReader:
    """The reader of the chosen stack's days.

    Raises:
        CommandError: when the stack or a resource of it is missing.
    """
    stack = existing_stack(chosen.clients.cloudformation, chosen.config.stack_name)
    return day_reader(chosen.clients, chosen.config, stack, chosen.presenter.step)


def read_days(
    chosen: StackContext, reader: DayReader, first: date | None, last: date | None, agreed: bool
) -> Sequence[Day]:
    """Read the days of a stack, and say first what that costs when it is much.

    Args:
        chosen: with who shows what happens.
        reader: of the stack.
        first: the first day; None for the first that has an activity or a summary.
        last: the last day; None for today.
        agreed: whether the user agreed on the command line to read much.

    Raises:
        CommandError: for days in the future, in the wrong order or whose activities have expired, and when nobody
            agrees.
    """
    retention_days = chosen.config.activity_retention_days
    kept = first_day_kept(reader.today, retention_days) if retention_days else date.min
    first, last = first or max(reader.first_day(), kept), last or reader.today
    if not first <= last <= reader.today:
        raise CommandError(
            f"there are no days from {first} to {last}: name them in their order, up to today, {reader.today} in UTC.",
            exit_code=2,
        )
    if first < kept:
        raise CommandError(
            f"activities are kept for {retention_days} days, and those of {first} have expired, "
            f"or some of them; name {kept} or a later day.",
            exit_code=2,
        )
    days = [first + timedelta(days=number) for number in range((last - first).days + 1)]
    reading = reader.estimate(days)
    if reading.items > _MOST_ITEMS_READ_UNASKED:
        chosen.presenter.step(reading.sentence)
        require_consent("read", agreed, "nothing was counted")
    return reader.read(days)


def utc_day(text: str) -> date:
    """A day from the command line.

    Raises:
        ArgumentTypeError: for anything but YYYY-MM-DD since 1970.
    """
    try:
        day = date.fromisoformat(text)
    except ValueError:
        day = date.min
    if day.isoformat() != text or day.year < 1970:
        raise argparse.ArgumentTypeError(f"{text!r} is no day since 1970 like 2026-01-31")
    return day
