"""The command `redrive`."""

import argparse
import sys
from datetime import UTC, datetime
from functools import partial

from rich.console import Console

from build.cloudformation.stacks import existing_stack
from build.errors import INTERRUPTED, CommandError
from build.options import StackContext, add_stack_options, stack_context
from build.redrive.bucket import FailedEventsBucket
from build.redrive.display import Display, displaying
from build.redrive.examination import Examination
from build.redrive.pipeline import deployed_pipeline
from build.redrive.redrive import Redrive
from build.redrive.replay import replay
from build.redrive.report import Report
from build.redrive.services import Services, connect
from build.redrive.summaries import recompute
from stack.config import SOURCES

EXAMPLE = "python -m build redrive --suffix prod --since 2026-01-31 --source UserData --dry-run"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the options."""
    add_stack_options(parser)
    parser.add_argument("--dry-run", action="store_true", help="only list what would be replayed")
    parser.add_argument(
        "--since",
        type=moment,
        metavar="TIME",
        help="only what failed then or later: YYYY-MM-DD or YYYY-MM-DDTHH:MM:SS, in UTC unless it says an offset",
    )
    parser.add_argument("--source", choices=[source.name for source in SOURCES], help="only what is of this source")


def moment(text: str) -> datetime:
    """A date or time from the command line.

    Raises:
        ArgumentTypeError: when it is not written in ISO 8601.
    """
    try:
        time = datetime.fromisoformat(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{text!r} is not a time like 2026-01-31 or 2026-01-31T14:30:00") from error
    return time if time.tzinfo else time.replace(tzinfo=UTC)


def run(arguments: argparse.Namespace) -> int:
    """List what the bucket of failed events holds and, unless only that is asked for, replay it.

    Returns:
        0 when nothing failed and nothing had to be left alone, else 1.

    Raises:
        CommandError: when the stack or a part of it is missing or may not be used, and on Ctrl-C.
    """
    with stack_context(arguments) as chosen:
        try:
            report = redriven(chosen, arguments)
        except KeyboardInterrupt:
            raise CommandError(
                "stopped, and nothing is lost: repeat the command to go on, what was not deleted yet is done again.",
                INTERRUPTED,
            ) from None
        chosen.presenter.step(report.closing)
        chosen.presenter.result(report.document, report.tables)
    return report.exit_code


def redriven(chosen: StackContext, arguments: argparse.Namespace) -> Report:
    """Look at, or replay, the objects that the options leave."""
    stack = existing_stack(chosen.clients.cloudformation, chosen.config.stack_name)
    pipeline = deployed_pipeline(stack, chosen.config)
    services = connect(chosen.clients, chosen.config)
    bucket = FailedEventsBucket(services.s3, pipeline.bucket, pipeline.account)
    objects = [one for one in bucket.objects() if not arguments.since or one.when >= arguments.since]
    with displaying(Console(file=sys.stderr, highlight=False), len(objects)) as display:
        redrive = assembled(services, Examination(bucket, pipeline, arguments.source), display)
        return redrive.look(objects) if arguments.dry_run else redrive.run(objects)


def assembled(services: Services, examination: Examination, display: Display) -> Redrive:
    """A redrive over the services of AWS."""
    return Redrive(
        examine=examination,
        replay=partial(replay, services.functions),
        recompute=partial(recompute, services.workflow, examination.pipeline.state_machine),
        delete=examination.bucket.delete,
        display=display,
    )
