"""The command `plan`: what a deployment would change, found out without changing anything."""

import argparse
from dataclasses import asdict, dataclass

from build.aws import Clients
from build.cloudformation.change_sets import ChangeSets, NothingToChange
from build.cloudformation.changes import ResourceChange, data_losses, summary
from build.cloudformation.stacks import DeployedStack, find_stack
from build.deploy.desired import (
    Comparison,
    Deployment,
    add_deployment_options,
    change_set_arguments,
    compare,
    requested_deployment,
)
from build.deploy.proposal import proposed_changes
from build.deploy.recovery import NextAction, next_action, unchanged_stack
from build.errors import CommandError
from build.options import add_stack_options, stack_context
from build.progress import Progress
from build.settings import require_account

EXAMPLE = "python -m build plan --suffix prod --json"
_CHANGES = 2


@dataclass(frozen=True)
class Plan:
    """What a deployment would do.

    Args:
        changes: of resources; none when there is nothing to do, or when only outputs change.
        refused: those changes that would lose stored data and are not allowed.
        protects: whether termination protection would be turned on.
        unchanged: whether there is nothing to do.
    """

    changes: tuple[ResourceChange, ...]
    refused: tuple[ResourceChange, ...]
    protects: bool
    unchanged: bool


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_stack_options(parser)
    add_deployment_options(parser)


def run(arguments: argparse.Namespace) -> int:
    """Show what `deploy` would change; 0 when nothing, 2 when something.

    Raises:
        CommandError: when that cannot be found out.
    """
    with stack_context(arguments) as context:
        require_account(context.clients, context.settings)
        found = plan(context.clients, requested_deployment(arguments, context.settings), context.presenter)
        _show(context.presenter, context.config.stack_name, found)
        context.presenter.result({"stack": context.config.stack_name, **asdict(found)})
    return 0 if found.unchanged else _CHANGES


def plan(clients: Clients, deployment: Deployment, progress: Progress) -> Plan:
    """Find out what a deployment would change; it leaves no change set and no new stack behind.

    Args:
        clients: of the account and region.
        deployment: what would be asked for.
        progress: hears that it takes time.

    Raises:
        CommandError: when the stack's status needs something else first.
        OperationFailed: when the change could not be made.
    """
    stack = plannable_stack(clients, deployment)
    comparison = compare(clients, deployment, stack)
    protects = deployment.config.protected and not (stack and stack.termination_protection)
    changes = None if unchanged_stack(comparison) else _changes_of(clients, deployment, comparison, progress)
    if changes is None:
        return Plan((), (), protects, unchanged=not protects)
    return Plan(tuple(changes), tuple(data_losses(changes, deployment.allow_replace)), protects, unchanged=False)


def plannable_stack(clients: Clients, deployment: Deployment) -> DeployedStack | None:
    """The stack to compare with; None when it is to be created.

    Raises:
        CommandError: when its status needs something else first.
    """
    stack = find_stack(clients.cloudformation, deployment.config.stack_name)
    if stack is None:
        return None
    action = next_action(stack.status, deployment.rollback)
    if action not in {NextAction.CREATE, NextAction.UPDATE}:
        raise CommandError(
            f"{stack.name} is {stack.status}, so `deploy` would {action.value}; there is nothing to compare until then."
        )
    return stack if action is NextAction.UPDATE else None


def _changes_of(
    clients: Clients, deployment: Deployment, comparison: Comparison, progress: Progress
) -> list[ResourceChange] | None:
    """The changes of a change set that is created only to be read; None when it is empty."""
    change_sets = ChangeSets(clients.cloudformation, progress)
    arguments = change_set_arguments(clients, deployment, comparison)
    change_set = change_sets.create(comparison.desired, comparison.stack, arguments)
    try:
        change_sets.wait(change_set)
        return proposed_changes(change_sets, change_set, comparison)
    except NothingToChange:
        return None
    finally:
        change_sets.delete(change_set)


def _show(progress: Progress, name: str, found: Plan) -> None:
    progress.changes(found.changes)
    if found.protects:
        progress.step(f"~ {name}.EnableTerminationProtection false → true")
    progress.step(f"{name}: {'no changes' if found.unchanged else summary(found.changes)}")
    for change in found.refused:
        progress.step(f"`deploy` refuses to {change.loss} without --allow-replace {change.logical_id}")
    for change in found.changes:
        if change.refusal:
            progress.step(f"AWS will refuse to {change.kind.value} {change.logical_id}: {change.refusal}")
