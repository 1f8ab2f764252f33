"""The options that say what is to be deployed, for the commands that deploy it or show what that would change."""

import argparse

from build.deployment.commands.options import assignment
from build.deployment.deployment import Deployment
from build.errors import CommandError
from build.packaging import package
from build.packaging.packager import OUTPUT
from stack.config import StackConfig
from stack.parameters import ALERT_EMAIL
from stack.template import render


def add_deployment_options(parser: argparse.ArgumentParser) -> None:
    """Describe what the template is given, and what may be lost."""
    parser.add_argument("--alert-email", metavar="ADDRESS", help="where alarms are mailed to; empty for nowhere")
    parser.add_argument(
        "--parameter",
        action="append",
        type=assignment,
        default=[],
        metavar="NAME=VALUE",
        help="a parameter of the template; those not given keep their value",
    )
    parser.add_argument(
        "--tag",
        action="append",
        type=assignment,
        metavar="KEY=VALUE",
        help="a tag of the stack and its resources; without any, those there are stay",
    )
    parser.add_argument("--role-arn", metavar="ARN", help="role that CloudFormation acts as")
    parser.add_argument("--bytecode", action="store_true", help="ship compiled bytecode, see `package --help`")
    parser.add_argument("--no-rollback", action="store_true", help="pause where something fails, to look at it")
    parser.add_argument(
        "--allow-replace",
        action="append",
        default=[],
        metavar="LOGICAL_ID",
        help="a table, bucket or log group that may be deleted or replaced with all it holds",
    )


def requested_deployment(arguments: argparse.Namespace, config: StackConfig) -> Deployment:
    """What the options ask for, its archives made.

    Raises:
        CommandError: for options that exclude each other, and when something cannot be packaged.
    """
    if arguments.no_rollback and config.protected:
        raise CommandError(f"{config.stack_name} is protected and always rolls back; leave out --no-rollback.", 2)
    email = {} if arguments.alert_email is None else {ALERT_EMAIL: arguments.alert_email}
    return Deployment(
        config=config,
        template=render(config),
        package=package(config, OUTPUT, arguments.bytecode),
        parameters={**dict(arguments.parameter), **email},
        tags=None if arguments.tag is None else dict(arguments.tag),
        role_arn=arguments.role_arn,
        rollback=not arguments.no_rollback,
        allow_replace=frozenset(arguments.allow_replace),
    )
