"""Options that commands share, and what they choose."""

import argparse
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from build.deployment.aws_errors import aws_errors_explained
from build.deployment.clients import Clients, open_clients
from build.deployment.presenting.presenter import Presenter, presenting
from build.errors import CommandError
from stack.config import (
    DEFAULT_REGION,
    DEFAULT_SUFFIX,
    SUFFIX_VARIABLE,
    StackConfig,
    SuffixError,
    suffix_from_environment,
)


@dataclass(frozen=True)
class Connection:
    """What a command works with.

    Args:
        clients: connections to the account and region that were chosen.
        presenter: shows what happens.
    """

    clients: Clients
    presenter: Presenter


@dataclass(frozen=True)
class Session(Connection):
    """What a command that is about one stack works with.

    Args:
        config: of the stack that was chosen.
    """

    config: StackConfig


def add_connection_options(parser: argparse.ArgumentParser) -> None:
    """Describe the options that choose an identity and a region, and how output looks."""
    parser.add_argument("--profile", help="profile of the AWS configuration (default: AWS_PROFILE, else default)")
    parser.add_argument(
        "--region", help=f"AWS region (default: AWS_REGION, AWS_DEFAULT_REGION, the profile, else {DEFAULT_REGION})"
    )
    parser.add_argument("--json", action="store_true", help="print what happens as one JSON object a line")


def add_target_options(parser: argparse.ArgumentParser) -> None:
    """Describe the options that choose a stack, an identity and a region, and how output looks."""
    parser.add_argument(
        "--suffix",
        default=suffix_from_environment(),
        help=f"which stack, TapStack<SUFFIX> (default: {SUFFIX_VARIABLE}, else {DEFAULT_SUFFIX})",
    )
    add_connection_options(parser)


@contextmanager
def connection(arguments: argparse.Namespace) -> Iterator[Connection]:
    """Connect to what was chosen, and explain what AWS refuses.

    Raises:
        CommandError: for everything that botocore raises.
    """
    with presenting(arguments.json) as presenter:
        with aws_errors_explained(arguments.region or DEFAULT_REGION):
            clients = open_clients(arguments.profile, arguments.region)
        with aws_errors_explained(clients.region):
            yield Connection(clients, presenter)


@contextmanager
def session(arguments: argparse.Namespace) -> Iterator[Session]:
    """Connect to what was chosen, for one stack.

    Raises:
        CommandError: for a bad suffix, and for everything that botocore raises.
    """
    with connection(arguments) as connected:
        yield Session(connected.clients, connected.presenter, chosen_config(arguments.suffix))


def chosen_config(suffix: str) -> StackConfig:
    """The configuration of a suffix.

    Raises:
        CommandError: when no stack can have it.
    """
    try:
        return StackConfig(suffix)
    except SuffixError as error:
        raise CommandError(str(error), exit_code=2) from error


def assignment(text: str) -> tuple[str, str]:
    """A `NAME=VALUE` from the command line.

    Raises:
        ArgumentTypeError: when there is no name or no equals sign.
    """
    name, equals, value = text.partition("=")
    if not (name and equals):
        raise argparse.ArgumentTypeError(f"{text!r} is not of the form NAME=VALUE")
    return name, value
