"""The command `redrive`."""

import argparse
import sys
from functools import partial

from rich.console import Console

from build.aws import Clients
from build.cloudformation.stacks import existing_stack
from build.errors import INTERRUPTED, CommandError
from build.options import StackContext, add_stack_options, stack_context, utc_time
from build.redrive.failed_events import FailedEventsBucket, deployed_pipeline
from build.redrive.redrive import ObjectReader, Redrive
from build.redrive.replay import invoking_client, recompute_summary, replay
from build.redrive.report import RedriveProgress, RedriveReport, redrive_progress
from stack.config import SOURCES, StackConfig

EXAMPLE = "python -m build redrive --suffix prod --since 2026-01-31 --source UserData --dry-run"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_stack_options(parser)
    parser.add_argument("--dry-run", action="store_true", help="only list what would be replayed")
    parser.add_argument(
        "--since",
        type=utc_time,
        metavar="TIME",
        help="only what failed at this time or later: YYYY-MM-DD or YYYY-MM-DDTHH:MM:SS, in UTC without an offset",
    )
    parser.add_argument(
        "--source", choices=[source.name for source in SOURCES], help="only the failed events of this source"
    )


def run(arguments: argparse.Namespace) -> int:
    """List the contents of the bucket of failed events and, without `--dry-run`, replay them.

    Returns:
        0 when nothing failed and nothing had to be left alone, else 1.

    Raises:
        CommandError: when the stack or a resource of it is missing or may not be used, and on Ctrl-C.
    """
    with stack_context(arguments) as chosen:
        try:
            report = _redrive(chosen, arguments)
        except KeyboardInterrupt:
            raise CommandError(
                "stopped, and nothing is lost: repeat the command to go on; it replays again what is not deleted yet.",
                INTERRUPTED,
            ) from None
        chosen.presenter.step(report.closing)
        chosen.presenter.result(report.document, report.tables)
    return report.exit_code


def _redrive(chosen: StackContext, arguments: argparse.Namespace) -> RedriveReport:
    stack = existing_stack(chosen.clients.cloudformation, chosen.config.stack_name)
    if not arguments.dry_run:
        chosen.announce_stack("replay the failed events and delete those that succeed")
    pipeline = deployed_pipeline(stack, chosen.config)
    bucket = FailedEventsBucket(chosen.clients.s3, pipeline.bucket, pipeline.account)
    objects = [stored for stored in bucket.objects() if not arguments.since or stored.when >= arguments.since]
    with redrive_progress(Console(file=sys.stderr, highlight=False), len(objects)) as progress:
        reader = ObjectReader(bucket, pipeline, arguments.source)
        redrive = assemble(chosen.clients, chosen.config, reader, progress)
        return redrive.inspect(objects) if arguments.dry_run else redrive.run(objects)


def assemble(clients: Clients, config: StackConfig, reader: ObjectReader, progress: RedriveProgress) -> Redrive:
    """What replays the objects of a reader through the functions of the stack that they are from."""
    return Redrive(
        read=reader.read,
        replay=partial(replay, invoking_client(clients, config)),
        recompute=partial(recompute_summary, clients.workflow, reader.pipeline.state_machine),
        delete=reader.bucket.delete,
        progress=progress,
    )
