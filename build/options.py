"""Options that commands share, and what a command works with once they are chosen."""

import argparse
import os
import re
import sys
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from botocore.exceptions import BotoCoreError, ClientError

from build.aws import Clients, open_clients
from build.aws_errors import aws_errors_explained
from build.errors import INTERRUPTED, CommandError
from build.output import JsonPresenter, LinePresenter, Presenter, TerminalPresenter
from stack.config import (
    DEFAULT_REGION,
    DEFAULT_SUFFIX,
    SUFFIX_VARIABLE,
    StackConfig,
    suffix_from_environment,
)
from stack.errors import ConfigurationError
from stack.settings import SuffixSettings, read_settings

DEFAULT_SOURCE = "the default"


@dataclass(frozen=True)
class Context:
    """What a command works with: one identity in one region, and who shows what happens.

    Args:
        clients: of the identity and region.
        presenter: shows what happens.
        region_source: where the region was chosen.
    """

    clients: Clients
    presenter: Presenter
    region_source: str

    def announce(self, what: str, action: str) -> None:
        """Say in one line what is about to be done, where and as whom.

        Args:
            what: the command acts on.
            action: that follows, as a verb and its objects.
        """
        alias = account_alias(self.clients)
        account = f"{self.clients.account} ({alias})" if alias else self.clients.account
        self.presenter.step(
            f"{what} in account {account}, region {self.clients.region} (from {self.region_source}), "
            f"as {self.clients.identity}: {action}"
        )


@dataclass(frozen=True)
class StackContext(Context):
    """What a command that is about one stack works with."""

    settings: SuffixSettings
    config: StackConfig

    def announce_stack(self, action: str) -> None:
        """Say in one line what is about to be done with the stack.

        Raises:
            CommandError: when the settings name another account.
        """
        require_account(self.clients, self.settings)
        self.announce(self.config.stack_name, action)


def add_context_options(parser: argparse.ArgumentParser) -> None:
    """The options that choose an identity and a region, and how output looks."""
    parser.add_argument("--profile", help="profile of the AWS configuration (default: AWS_PROFILE, else default)")
    parser.add_argument(
        "--region",
        help="AWS region (default: the settings of the suffix when there is one, AWS_REGION, AWS_DEFAULT_REGION, "
        f"the profile, else {DEFAULT_REGION})",
    )
    parser.add_argument("--json", action="store_true", help="print what happens as one JSON object a line")


def add_stack_options(parser: argparse.ArgumentParser) -> None:
    """The options that choose a stack, an identity and a region, and how output looks."""
    parser.add_argument(
        "--suffix",
        default=suffix_from_environment(),
        help=f"which stack, TapStack<SUFFIX> (default: {SUFFIX_VARIABLE}, else {DEFAULT_SUFFIX})",
    )
    add_context_options(parser)


@contextmanager
def context(arguments: argparse.Namespace) -> Iterator[Context]:
    """What the options of `add_context_options` choose; what AWS refuses inside becomes a sentence.

    Raises:
        CommandError: for everything that botocore raises.
    """
    with presenting(arguments.json) as presenter, _clients(arguments, arguments.region) as clients:
        yield Context(clients, presenter, _region_source(arguments, None, clients, os.environ))


@contextmanager
def stack_context(arguments: argparse.Namespace) -> Iterator[StackContext]:
    """What the options of `add_stack_options` choose, completed with the settings of the suffix.

    Raises:
        CommandError: for a bad suffix or setting, for a region in which no stack can be, and for everything that
            botocore raises.
    """
    with presenting(arguments.json) as presenter:
        settings, config = suffix_settings(arguments.suffix)
        with _clients(arguments, arguments.region or settings.region) as clients:
            require_supported_region(clients.region)
            source = _region_source(arguments, settings, clients, os.environ)
            yield StackContext(clients, presenter, source, settings, config)


def assignment(text: str) -> tuple[str, str]:
    """A `NAME=VALUE` from the command line.

    Raises:
        ArgumentTypeError: when there is no name or no equals sign.
    """
    name, equals, value = text.partition("=")
    if not (name and equals):
        raise argparse.ArgumentTypeError(f"{text!r} is not of the form NAME=VALUE")
    return name, value


def email_address(text: str) -> str:
    """An address that mail can be sent to, or nothing.

    Raises:
        ArgumentTypeError: for anything else.
    """
    if text and not re.fullmatch(r"[^@\s]+@[^@\s.]+(\.[^@\s.]+)+", text):
        raise argparse.ArgumentTypeError(f"{text!r} is no e-mail address like ops@example.com")
    return text


def utc_time(text: str) -> datetime:
    """A time from the command line, in UTC unless it has an offset.

    Raises:
        ArgumentTypeError: when it is not ISO 8601.
    """
    try:
        time = datetime.fromisoformat(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{text!r} is no time like 2026-01-31 or 2026-01-31T14:30:00") from error
    return time if time.tzinfo else time.replace(tzinfo=UTC)


def given_once(option: str, pairs: Sequence[tuple[str, str]]) -> dict[str, str]:
    """The values that an option was given for names.

    Raises:
        CommandError: for a name with more than one, of which all but the last would be ignored.
    """
    values = dict(pairs)
    if len(values) != len(pairs):
        twice = next(name for name, count in Counter(name for name, _ in pairs).items() if count > 1)
        raise CommandError(f"{option} {twice}=... is given more than once; give each name one value.", exit_code=2)
    return values


def require_credentials(clients: Clients) -> None:
    """Find out whether AWS knows the credentials, before work that would be in vain; it takes no permission.

    Raises:
        BotoCoreError, ClientError: when it does not.
    """
    _ = clients.account


def require_supported_region(region: str) -> None:
    """Refuse the regions of the partition `aws-cn`, which lack what the stack is made of.

    Source: https://docs.amazonaws.cn/en_us/aws/latest/userguide/lambda.html

    Raises:
        CommandError: for such a region.
    """
    if region.startswith("cn-"):
        raise CommandError(
            f"{region} is a region of China, where Lambda has no failure destinations in S3, no metrics of event "
            "source mappings and no X-Ray; choose another region with --region.",
            exit_code=2,
        )


def require_folder(file: Path) -> None:
    """Find out before anything is done that a file could not be written after.

    Raises:
        CommandError: when its folder does not exist.
    """
    if not file.resolve().parent.is_dir():
        raise CommandError(f"{file} is in a folder that does not exist; create that first.", exit_code=2)


def require_consent(word: str, given: bool, otherwise: str = "nothing was deleted") -> None:
    """Go on only when the user types a word.

    Args:
        word: what to type.
        given: whether the user agreed on the command line.
        otherwise: what did not happen when the user does not agree.

    Raises:
        CommandError: when the user does not agree, or cannot be asked.
    """
    if given:
        return
    if not sys.stdin.isatty():
        raise CommandError("nobody can be asked here; add --yes when it is meant.", exit_code=2)
    print(f"Type {word} to go on: ", end="", file=sys.stderr, flush=True)
    if sys.stdin.readline().strip() != word:
        raise CommandError(f"{otherwise}; repeat the command when it is meant.")


def presenter_for(json_lines: bool) -> Presenter:
    """The presenter for where the output goes: a live display only for a terminal that can move its cursor."""
    if json_lines:
        return JsonPresenter(sys.stdout)
    if sys.stdout.isatty() and os.environ.get("TERM") != "dumb":
        return TerminalPresenter()
    return LinePresenter(sys.stdout)


@contextmanager
def presenting(json_lines: bool) -> Iterator[Presenter]:
    """A presenter that also shows why a command failed, and leaves the terminal as it was."""
    presenter = presenter_for(json_lines)
    try:
        yield presenter
    except CommandError as error:
        presenter.failure(error)
        raise
    except KeyboardInterrupt:
        presenter.failure(CommandError("interrupted", INTERRUPTED))
        raise
    finally:
        presenter.close()


def suffix_settings(suffix: str) -> tuple[SuffixSettings, StackConfig]:
    """The settings of a suffix, and the configuration of its stack.

    Raises:
        CommandError: for a bad suffix, and for settings that cannot be used.
    """
    try:
        settings = read_settings(suffix)
        return settings, settings.config
    except ConfigurationError as error:
        raise CommandError(str(error), exit_code=2) from error


@contextmanager
def _clients(arguments: argparse.Namespace, region: str | None) -> Iterator[Clients]:
    """The clients of the chosen identity; what AWS refuses inside becomes a sentence."""
    with aws_errors_explained(region or DEFAULT_REGION):
        clients = open_clients(arguments.profile, region)
    with aws_errors_explained(clients.region):
        yield clients


def _region_source(
    arguments: argparse.Namespace, settings: SuffixSettings | None, clients: Clients, environment: Mapping[str, str]
) -> str:
    """Where the region of the clients was chosen: the first that names one, as `open_clients` looks for it."""
    choices = (
        ("--region", arguments.region),
        (settings.section if settings else "", settings.region if settings else None),
        ("AWS_REGION", environment.get("AWS_REGION")),
        ("AWS_DEFAULT_REGION", environment.get("AWS_DEFAULT_REGION")),
        (f"the profile {clients.session.profile_name}", clients.session.region_name),
    )
    return next((source for source, region in choices if region), DEFAULT_SOURCE)


def account_alias(clients: Clients) -> str | None:
    """The alias of the account; None when it has none, or when it is not to be had.

    An alias is worth one short attempt and no failure: many who may deploy may not ask IAM.
    """
    hurried = clients.configured(connect_timeout=3, read_timeout=3, retries={"total_max_attempts": 1})
    try:
        aliases: list[str] = hurried.iam.list_account_aliases()["AccountAliases"]
    except (BotoCoreError, ClientError):
        return None
    return aliases[0] if aliases else None


def require_account(clients: Clients, settings: SuffixSettings) -> None:
    """Refuse another account than the one that the settings name.

    Raises:
        CommandError: when the credentials belong to another account.
    """
    if settings.account and clients.account != settings.account:
        raise CommandError(
            f"{settings.config.stack_name} belongs in the account {settings.account} ({settings.section}), and "
            f"these credentials are of {clients.account}; choose others with --profile, or correct the setting."
        )
