"""The command `sweep`: destroy the stacks that are past their expiry; for a job that runs by itself."""

import argparse
from collections.abc import Sequence
from datetime import UTC, datetime

from build.aws_errors import aws_errors_explained
from build.cloudformation.failures import Detached
from build.cloudformation.stacks import DeployedStack, project_stacks
from build.commands.destroy import destroy, stack_deletion
from build.deploy.expiry import EXPIRY_TAG, read_expiry
from build.errors import CommandError
from build.options import Context, add_context_options, context, require_account, suffix_settings
from build.text import one_line

EXAMPLE = "python -m build sweep --region us-west-2 --yes --json"
PROTECTION_TAG = "protected"
"""A stack with this tag is left alone, whatever the tag's value."""
_SOME_EXPIRED = 2


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_context_options(parser)
    parser.add_argument("--yes", action="store_true", help="destroy them; without it they are only listed")


def run(arguments: argparse.Namespace) -> int:
    """List the stacks that are past their expiry, or destroy them; 0 when none is left, 2 when some were only listed.

    Raises:
        CommandError: when one could not be destroyed; the others are all the same.
    """
    with context(arguments) as chosen:
        expired = expired_stacks(chosen)
        destroyed, failed = _destroy_all(chosen, expired) if arguments.yes else ([], [])
        names = [stack.name for stack in expired]
        if expired and not arguments.yes:
            chosen.presenter.step(f"nothing was destroyed; add --yes to destroy {', '.join(names)}")
        chosen.presenter.result(
            {"region": chosen.clients.region, "expired": names, "destroyed": destroyed, "failed": failed}
        )
        if failed:
            raise CommandError(
                f"{', '.join(failed)} could not be destroyed; correct what is said of each and repeat the command."
            )
    return _SOME_EXPIRED if expired and not arguments.yes else 0


def expired_stacks(chosen: Context) -> list[DeployedStack]:
    """The stacks of this project that are past their expiry; says of each that has one what becomes of it."""
    expired = []
    for stack in project_stacks(chosen.clients.cloudformation):
        if EXPIRY_TAG not in stack.tags:
            continue
        if reason := reason_to_keep(stack):
            chosen.presenter.step(f"{stack.name} is left alone: {reason}")
        else:
            chosen.presenter.step(f"{stack.name} expired at {stack.tags[EXPIRY_TAG]}")
            expired.append(stack)
    return expired


def reason_to_keep(stack: DeployedStack) -> str:
    """Why a stack is left alone, as a clause; nothing when it is past its expiry and may be destroyed.

    A change that is under way may be about to prolong or to protect it.
    """
    try:
        _, config = suffix_settings(stack.suffix)
        expiry = read_expiry(stack.tags.get(EXPIRY_TAG, ""))
    except CommandError as error:
        return str(error).rstrip(".")
    reasons = (
        (config.protected, "its suffix is protected"),
        (stack.termination_protection, "it has termination protection"),
        (PROTECTION_TAG in stack.tags, f"it has the tag {PROTECTION_TAG}"),
        (stack.in_progress, f"it is {stack.status}"),
        (expiry > datetime.now(UTC), f"it expires at {stack.tags.get(EXPIRY_TAG)}"),
    )
    return next((reason for holds, reason in reasons if holds), "")


def _destroy_all(chosen: Context, stacks: Sequence[DeployedStack]) -> tuple[list[str], list[str]]:
    """Destroy one stack after the other, whatever becomes of each.

    Returns:
        The names of those that are gone, and of those that could not be destroyed.

    Raises:
        Detached: when the user stops following.
    """
    destroyed, failed = [], []
    if stacks:
        chosen.announce(f"{len(stacks)} stacks", "destroy them and what they store, they are past their expiry")
    for stack in stacks:
        try:
            if _destroy(chosen, stack):
                destroyed.append(stack.name)
        except Detached:
            raise
        except CommandError as error:
            chosen.presenter.step(f"{stack.name} could not be destroyed: {one_line(str(error))}")
            failed.append(stack.name)
    return destroyed, failed


def _destroy(chosen: Context, stack: DeployedStack) -> bool:
    """Destroy a stack if that is still due: the stacks before it may have taken hours.

    Returns:
        Whether the stack is gone.
    """
    settings, config = suffix_settings(stack.suffix)
    with aws_errors_explained(chosen.clients.region):
        require_account(chosen.clients, settings)
        deletion = stack_deletion(chosen.clients, config)
        if deletion and (reason := reason_to_keep(deletion.stack)):
            chosen.presenter.step(f"{stack.name} is left alone after all: {reason}")
            return False
        if deletion:
            destroy(chosen.clients, deletion, chosen.presenter, settings.role)
    return True
