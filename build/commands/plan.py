"""The command `plan`: what a deployment would change, found out without changing anything."""

import argparse
import shlex
from collections.abc import Callable
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path

from build.aws import Clients
from build.cloudformation.change_sets import ChangeSet, NothingToChange
from build.cloudformation.changes import ResourceChange, data_losses, summary
from build.cloudformation.stacks import DeployedStack, existing_stack, find_stack
from build.deploy.desired import Comparison, Deployment, add_deployment_options, requested_deployment
from build.deploy.proposal import Proposal, propose
from build.deploy.recovery import NextAction, next_action, unchanged_stack
from build.deploy.running_code import Drift, code_drifts
from build.deploy.saved_plan import save_plan
from build.errors import CommandError
from build.options import (
    StackContext,
    add_stack_options,
    require_account,
    require_credentials,
    require_folder,
    stack_context,
)
from build.progress import Progress

EXAMPLE = "python -m build plan --suffix prod --json"
_CHANGES = 2

Save = Callable[[ChangeSet, Comparison], None]
"""Writes down a change set and what it was created from."""


@dataclass(frozen=True)
class Plan:
    """What a deployment would do.

    Args:
        changes: of resources; none when there is nothing to do, or when only outputs change.
        refused: those changes that would lose stored data and are not allowed.
        protects: whether termination protection would be turned on.
        unchanged: whether there is nothing to do.
        code: what runs other code, or another layer, than the template says.
    """

    changes: tuple[ResourceChange, ...]
    refused: tuple[ResourceChange, ...]
    protects: bool
    unchanged: bool
    code: tuple[Drift, ...] = ()


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_stack_options(parser)
    add_deployment_options(parser)
    parser.add_argument(
        "--save", type=Path, metavar="FILE", help="keep the change set, for `deploy --plan FILE` to execute"
    )


def run(arguments: argparse.Namespace) -> int:
    """Show what `deploy` would change; 0 when nothing, 2 when something.

    Raises:
        CommandError: when that cannot be found out.
    """
    if arguments.save:
        require_folder(arguments.save)
    with stack_context(arguments) as context:
        require_credentials(context.clients)
        require_account(context.clients, context.settings)
        deployment = requested_deployment(arguments, context.settings, context.presenter)
        save = partial(_save, context, arguments, deployment) if arguments.save else None
        found = plan(context.clients, deployment, context.presenter, save)
        _show(context.presenter, context.config.stack_name, found)
        context.presenter.result({"stack": context.config.stack_name, **asdict(found)})
    return 0 if found.unchanged else _CHANGES


def plan(clients: Clients, deployment: Deployment, progress: Progress, save: Save | None = None) -> Plan:
    """Find out what a deployment would change; unless it is saved, it leaves no change set and no new stack behind.

    Args:
        clients: of the account and region.
        deployment: what would be asked for.
        progress: hears that it takes time.
        save: writes down the change set, which is kept then.

    Raises:
        CommandError: when the stack's status needs something else first.
        OperationFailed: when the change could not be made.
    """
    stack = plannable_stack(clients, deployment)
    proposal = propose(clients, deployment, stack, progress)
    protects = deployment.config.protected and not (stack and stack.termination_protection)
    changes = None if unchanged_stack(proposal.comparison) else _changes_of(proposal, save)
    code = tuple(code_drifts(clients, deployment.config, stack)) if stack else ()
    if changes is None:
        return Plan((), (), protects, unchanged=not (protects or code), code=code)
    refused = tuple(data_losses(changes, deployment.allow_replace))
    return Plan(tuple(changes), refused, protects, unchanged=False, code=code)


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


def _changes_of(proposal: Proposal, save: Save | None) -> list[ResourceChange] | None:
    """The changes of a change set, which is deleted unless it is saved; None when it is empty."""
    change_set = proposal.create_change_set()
    with proposal.change_sets.deleted_on_error(change_set):
        changes = _changes_unless_empty(proposal, change_set)
        if save and changes is not None:
            save(change_set, proposal.comparison)
            return changes
    proposal.change_sets.delete(change_set)
    return changes


def _changes_unless_empty(proposal: Proposal, change_set: ChangeSet) -> list[ResourceChange] | None:
    try:
        proposal.change_sets.wait(change_set)
    except NothingToChange:
        return None
    return proposal.changes(change_set)


def _save(
    context: StackContext,
    arguments: argparse.Namespace,
    deployment: Deployment,
    change_set: ChangeSet,
    comparison: Comparison,
) -> None:
    stack = existing_stack(context.clients.cloudformation, change_set.stack_id)
    save_plan(arguments.save, arguments, change_set, comparison, stack, deployment.package)
    context.presenter.step(f"saved the plan; execute it with `{_execution(context, arguments)}`")


def _execution(context: StackContext, arguments: argparse.Namespace) -> str:
    """The finished command that executes a saved plan."""
    profile = ("--profile", arguments.profile) if arguments.profile else ()
    place = ("--suffix", context.config.suffix, "--region", context.clients.region, *profile)
    return shlex.join(["python", "-m", "build", "deploy", *place, "--plan", str(arguments.save)])


def _show(progress: Progress, name: str, found: Plan) -> None:
    progress.changes(found.changes)
    if found.protects:
        progress.step(f"~ {name}.EnableTerminationProtection false → true")
    if found.unchanged or found.changes or not found.code:
        progress.step(f"{name}: {'no changes' if found.unchanged else summary(found.changes)}")
    for drift in found.code:
        progress.step(f"{drift.logical_id} runs {drift.of_code}; `deploy` ends that")
    for change in found.refused:
        if not change.refusal:
            progress.step(f"`deploy` refuses to {change.loss} without --allow-replace {change.logical_id}")
