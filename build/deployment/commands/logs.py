"""The command `logs`."""

import argparse
import re
import time

from build.deployment.commands.options import add_target_options, session
from build.deployment.deployed_stack import existing_stack
from build.deployment.operating.logs import LogTail, fresh_entries, tails
from build.deployment.polling import until
from build.deployment.presenting.presenter import Presenter

EXAMPLE = "python -m build logs --suffix prod --function UserDataProcessor --since 2h --follow"
SECONDS = {"s": 1, "m": 60, "h": 3_600, "d": 86_400}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the options."""
    add_target_options(parser)
    parser.add_argument("--function", metavar="NAME", help="logical id, like UserDataProcessor (default: all)")
    parser.add_argument("--follow", action="store_true", help="go on showing what is logged, until Ctrl-C")
    parser.add_argument(
        "--since", type=duration, default="10m", metavar="DURATION", help="how far back: 90s, 10m, 2h, 3d (10m)"
    )


def run(arguments: argparse.Namespace) -> int:
    """Show what a stack logged; 0 when done.

    Raises:
        CommandError: when there is no such stack or function.
    """
    with session(arguments) as chosen:
        stack = existing_stack(chosen.clients.cloudformation, chosen.config.stack_name)
        since = int((time.time() - arguments.since) * 1000)
        chosen_tails = tails(chosen.clients, stack, arguments.function, since)
        show(chosen_tails, chosen.presenter)
        if arguments.follow:
            follow(chosen_tails, chosen.presenter)
    return 0


def show(chosen: list[LogTail], presenter: Presenter) -> None:
    """Show what is new."""
    for entry in fresh_entries(chosen):
        presenter.log(entry)


def follow(chosen: list[LogTail], presenter: Presenter) -> None:
    """Show what is new again and again, until the user stops it."""
    try:
        until(lambda: show(chosen, presenter), lambda: None)
    except KeyboardInterrupt:
        return


def duration(text: str) -> int:
    """A length of time in seconds, from `90s`, `10m`, `2h` or `3d`.

    Raises:
        ArgumentTypeError: for anything else.
    """
    match = re.fullmatch(r"(\d+)([smhd])", text)
    if not match:
        raise argparse.ArgumentTypeError(f"{text!r} is not a length of time like 90s, 10m, 2h or 3d")
    return int(match[1]) * SECONDS[match[2]]
