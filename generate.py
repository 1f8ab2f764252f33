"""Prints the CloudFormation template: `python generate.py --suffix dev > template.json`; or who may deploy it."""

import argparse
import os
import sys
from collections.abc import Sequence

from stack.config import DEFAULT_REGION, suffix_from_environment
from stack.errors import ConfigurationError
from stack.permissions.grants import ANY_ACCOUNT, Scope
from stack.permissions.roles import render_permissions
from stack.settings import read_settings
from stack.template import render


def _parse(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python generate.py",
        description="Print the CloudFormation template of one stack as JSON, or the policies of who may deploy it.",
        epilog="examples:\n  python generate.py --suffix dev > template.json\n"
        "  python generate.py --suffix dev --permissions --account 123456789012 --trust owner/repository",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--suffix",
        default=suffix_from_environment(),
        help="part of every name in the stack (default: the variable ENVIRONMENT_SUFFIX, else dev; now: %(default)s); "
        "with --permissions also a beginning, as 'pr-*'",
    )
    permissions = parser.add_argument_group("permissions")
    permissions.add_argument(
        "--permissions",
        action="store_true",
        help="print the policies that the commands, and the role that CloudFormation acts as, need for the stack",
    )
    permissions.add_argument("--trust", metavar="OWNER/REPOSITORY", help="add a role for that repository's workflows")
    permissions.add_argument("--account", help="its twelve digits (default: that of the suffix's settings, else any)")
    permissions.add_argument("--region", help=f"(default: that of the suffix's settings, else {DEFAULT_REGION})")
    return parser.parse_args(arguments)


def main(arguments: Sequence[str]) -> int:
    """Print the template, or the permissions.

    Returns:
        The exit code: 0 printed, 2 the suffix, its settings or the options are none that can be used, 141 nobody reads
        on, as after `head`.
    """
    try:
        sys.stdout.write(_text(_parse(arguments)))
        sys.stdout.flush()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 141
    except ConfigurationError as error:
        print(f"generate.py: {error}", file=sys.stderr)
        return 2
    return 0


def _text(chosen: argparse.Namespace) -> str:
    settings = read_settings(chosen.suffix)
    if chosen.permissions:
        scope = Scope(
            chosen.suffix,
            chosen.region or settings.region or DEFAULT_REGION,
            chosen.account or settings.account or ANY_ACCOUNT,
            settings.role,
            settings.protected,
        )
        return render_permissions(scope, chosen.trust)
    if any(given is not None for given in (chosen.trust, chosen.account, chosen.region)):
        raise ConfigurationError("--trust, --account and --region go with --permissions; add that.")
    return render(settings.config)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
