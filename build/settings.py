"""The account and region that the settings of a suffix, the options and the environment choose together."""

import argparse
from collections.abc import Mapping

from botocore.exceptions import BotoCoreError, ClientError

from build.aws import Clients
from build.errors import CommandError
from stack.config import StackConfig, SuffixError
from stack.settings import SettingsError, SuffixSettings, read_settings

DEFAULT_SOURCE = "the default"


def suffix_settings(suffix: str) -> tuple[SuffixSettings, StackConfig]:
    """The settings of a suffix, and the configuration of its stack.

    Raises:
        CommandError: for a bad suffix, and for settings that cannot be used.
    """
    try:
        settings = read_settings(suffix)
        return settings, settings.config
    except (SettingsError, SuffixError) as error:
        raise CommandError(str(error), exit_code=2) from error


def region_source(
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
