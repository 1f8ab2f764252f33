"""The command `console`: the page over the local cloud, or over a deployed stack."""

import argparse
import asyncio
import signal
import socket
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from build.aws import Clients
from build.console.access import Access, AccessGuard, Session
from build.console.application import console_application
from build.console.failed_batches import FailedBatches, RedriveJob
from build.console.log_buffer import LogBuffer
from build.console.overview import Overview
from build.console.pages import Console
from build.console.reads import (
    MOST_READS_A_MINUTE,
    READS,
    REDRIVING,
    STARTING_EXECUTIONS,
    ReadBudget,
    keep_pace,
    on_demand,
    refuse_writes,
)
from build.console.target import AllowedActions, Target, open_target
from build.errors import CommandError
from build.local.cloud import LocalCloud, new_log_folder, running_cloud, save_logs
from build.local.command import ended_by_signals
from build.local.generator import RecordGenerator
from build.loopback import HOST
from build.loopback_server import serve_on_loopback
from build.options import StackContext, add_stack_options, stack_context
from build.packaging import package
from build.progress import Progress, StderrProgress
from stack.config import DEFAULT_SUFFIX, StackConfig

EXAMPLE = "python -m build console\n  python -m build console --suffix prod --profile operations"
_SESSIONS = Path(__file__).resolve().parents[2] / ".local"
_SECONDS_BETWEEN_LOCAL_READS = 2.0
_SECONDS_BETWEEN_READS = 30.0
_OBJECTS_READ_AT_ONCE = 5
"""Of failed events on AWS, for one answer: the rest is read with the next ones."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_stack_options(parser)
    parser.set_defaults(suffix=None)
    parser.add_argument("--port", type=int, default=0, help="on 127.0.0.1 (default: the one of the last time, if free)")
    parser.add_argument("--allow-redrive", action="store_true", help="let the page replay failed events of the suffix")
    parser.add_argument("--allow-execute", action="store_true", help="let the page start executions of the suffix")


def run(arguments: argparse.Namespace) -> int:
    """Serve the page until Ctrl-C; without a suffix over a local cloud that lives as long.

    Raises:
        CommandError: when there is no such stack, or the port is taken.
    """
    with ended_by_signals():
        if arguments.suffix is None:
            _refuse_options_of_aws(arguments)
            _serve_local(arguments)
        else:
            _serve_deployed(arguments)
    return 0


def local_target(cloud: LocalCloud) -> Target:
    """The stack of a local cloud, with which the page may do everything."""
    return open_target(
        cloud.clients,
        cloud.clients,
        cloud.config,
        AllowedActions(execute=True, redrive=True, generate=True),
        "local cloud on this machine",
        _SECONDS_BETWEEN_LOCAL_READS,
    )


def assembled(target: Target, access: Access) -> Console:
    """Everything that the page is made from; nothing is read yet."""
    logs = LogBuffer(target)
    failed = FailedBatches(target) if target.allowed.generate else FailedBatches(target, _OBJECTS_READ_AT_ONCE)
    overview = Overview(target, failed, logs)
    return Console(
        target=target,
        overview=overview,
        failed=failed,
        redrive=RedriveJob(target, overview.touch, overview.hurry),
        logs=logs,
        generator=_generator(target) if target.allowed.generate else None,
        csrf_token=access.csrf_token,
    )


def _generator(target: Target) -> RecordGenerator:
    tables = {source: target.stack.outputs[f"{source.name}TableName"] for source in target.config.sources}
    return RecordGenerator(target.clients.dynamodb, tables)


@contextmanager
def listening(port: int, file: Path) -> Iterator[tuple[socket.socket, Session]]:
    """A port of loopback and the session that goes with it, both those of the last time where possible.

    Args:
        port: that the user asks for; 0 for the one of the last time, or any.
        file: that keeps the session.

    Raises:
        CommandError: when the port that the user asks for is taken.
    """
    session = Session.load(file)
    with socket.socket() as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((HOST, port or session.port))
        except OSError as error:
            if port:
                raise CommandError(f"port {port} cannot be used ({error.strerror}); choose another --port.") from error
            listener.bind((HOST, 0))
        listener.listen()
        session = Session(listener.getsockname()[1], session.secret, session.begun)
        session.save(file)
        yield listener, session


def _refuse_options_of_aws(arguments: argparse.Namespace) -> None:
    if arguments.allow_redrive or arguments.allow_execute or arguments.profile or arguments.region:
        raise CommandError("the local console may do everything; name a stack with --suffix, or leave that out.", 2)


def _serve_local(arguments: argparse.Namespace) -> None:
    config, logs, progress = StackConfig(DEFAULT_SUFFIX), new_log_folder(), StderrProgress()
    progress.step("packaging the functions")
    with running_cloud(config, package(config), logs, progress) as cloud:
        _serve(local_target(cloud), arguments.port, "local", progress, lambda: None)
        save_logs(cloud.clients.logs, logs)
        progress.step(f"stopped; the logs are in {logs}")


def _serve_deployed(arguments: argparse.Namespace) -> None:
    with stack_context(arguments) as context:
        actions = AllowedActions(execute=arguments.allow_execute, redrive=arguments.allow_redrive)
        with stack_context(arguments) as again:
            redrive_clients = again.clients
        budget = ReadBudget()
        with on_demand():
            target = deployed_target(context, redrive_clients, actions, budget)
        _serve(target, arguments.port, context.config.suffix, context.presenter, budget.end)


def deployed_target(
    context: StackContext, redrive_clients: Clients, actions: AllowedActions, budget: ReadBudget
) -> Target:
    """The stack of a suffix, read at the pace and with the limits that are announced before.

    Args:
        context: whose clients read, and may start executions where that is allowed.
        redrive_clients: replay where that is allowed, in a session of their own that is not held back.
        actions: that are allowed.
        budget: of what is read.

    Raises:
        CommandError: when there is no such stack, or the settings name another account.
    """
    refuse_writes(context.clients.session, STARTING_EXECUTIONS if actions.execute else ())
    refuse_writes(redrive_clients.session, REDRIVING if actions.redrive else ())
    keep_pace(context.clients.session, budget)
    context.announce_stack("show it on a local page")
    for sentence in promises(actions):
        context.presenter.step(sentence)
    return open_target(
        context.clients,
        redrive_clients,
        context.config,
        actions,
        f"account {context.clients.account}, {context.clients.region}",
        _SECONDS_BETWEEN_READS,
    )


def promises(actions: AllowedActions) -> Iterator[str]:
    """What the console may call in AWS, and how often."""
    reads = ", ".join(f"{service} {' '.join(operations)}" for service, operations in READS.items())
    yield f"reads at most {MOST_READS_A_MINUTE} times a minute, retries included, and fewer when throttled: {reads}"
    if actions.execute:
        yield "starts executions when the page is told to: Step Functions StartExecution"
    if actions.redrive:
        yield (
            "replays failed events when the page is told to, as fast as `python -m build redrive` and beside those "
            "reads: Lambda Invoke, S3 DeleteObject GetObject ListObjectsV2, "
            "Step Functions DescribeExecution StartExecution"
        )
    if not (actions.execute or actions.redrive):
        yield "changes nothing"


def _serve(target: Target, port: int, name: str, progress: Progress, end: Callable[[], None]) -> None:
    with listening(port, _SESSIONS / f"console-{name}.json") as (listener, session):
        access = Access(session)
        console = assembled(target, access)
        console.overview.start()
        progress.step(f"open {access.address} (good once; Ctrl-C ends it)")
        sys.stdout.flush()
        guarded = AccessGuard(console_application(console), access)
        asyncio.run(serve_on_loopback(guarded, listener, partial(_ended_by_signal, end)))


async def _ended_by_signal(end: Callable[[], None]) -> None:
    """Return when a signal ends the console; requests that wait for their turn to read do not outlast it."""
    signalled = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, signalled.set)
    await signalled.wait()
    end()
