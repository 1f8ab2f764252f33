"""The command `deploy`: package, upload, create or update a stack, follow it; or cancel an update."""

import argparse
import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import cast

from build.aws import Clients
from build.cloudformation.change_sets import ChangeSets, NothingToChange
from build.cloudformation.changes import ChangeKind, guard_data, summary
from build.cloudformation.operations import SUCCEEDED, OperationEvents, Operations, set_termination_protection
from build.cloudformation.stacks import DeployedStack, existing_stack
from build.deploy.artifacts import record_deployment, upload_package
from build.deploy.desired import (
    Comparison,
    Deployment,
    add_deployment_options,
    change_set_arguments,
    compare,
    requested_deployment,
)
from build.deploy.recovery import NextAction, Recovery, next_action, unchanged_stack
from build.errors import CommandError
from build.options import StackContext, add_stack_options, stack_context
from build.output import outputs_table
from build.progress import Progress
from build.text import TextTable

EXAMPLE = "python -m build deploy --suffix prod --alert-email ops@example.com --tag team=data --outputs outputs.json"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_stack_options(parser)
    add_deployment_options(parser)
    parser.add_argument("--outputs", type=Path, metavar="FILE", help="write the stack's outputs to a file, as JSON")
    parser.add_argument(
        "--continue-rollback", action="store_true", help="after a rollback that failed: continue it, then deploy"
    )
    parser.add_argument(
        "--skip",
        action="append",
        default=[],
        metavar="LOGICAL_ID",
        help="with --continue-rollback: a resource to leave as it is",
    )
    parser.add_argument("--cancel", action="store_true", help="cancel the update that is under way, deploy nothing")


def run(arguments: argparse.Namespace) -> int:
    """Deploy, or cancel a deployment; 0 when the stack is as it should be.

    Raises:
        CommandError: when it is not.
    """
    _check(arguments)
    with stack_context(arguments) as context:
        stack = _cancelled(context) if arguments.cancel else _deployed(context, arguments)
        if arguments.outputs:
            _write_outputs(arguments.outputs, stack.outputs)
        context.presenter.result(
            {"stack": stack.name, "status": stack.status, "outputs": stack.outputs, "pause": stack.pause},
            [outputs_table(stack), *_pause_tables(stack)],
        )
    return 0


def deploy(clients: Clients, deployment: Deployment, progress: Progress) -> DeployedStack:
    """Bring a stack to what is asked for, and do nothing when it is.

    Args:
        clients: of the account and region.
        deployment: what is asked for.
        progress: hears what happens.

    Returns:
        The stack as it is now; its `outputs` are the template's.

    Raises:
        CommandError: when the stack's status, the guard of stored data or the template does not allow it.
        OperationFailed: when CloudFormation fails; it names the first resource that did.
        Detached: when the user stops following.
    """
    return _Deployer(clients, deployment, progress).deploy()


def cancel_update(clients: Clients, name: str, progress: Progress) -> DeployedStack:
    """Cancel a stack's update and follow its rollback.

    Raises:
        CommandError: when there is no update to cancel, or it cannot be rolled back.
    """
    stack = existing_stack(clients.cloudformation, name)
    if stack.status != "UPDATE_IN_PROGRESS":
        raise CommandError(
            f"{name} is {stack.status}, and only an update under way can be cancelled; "
            "`destroy` ends a creation, and anything else ends by itself."
        )
    progress.step(f"cancelling the update of {name}")
    return Operations(clients.cloudformation, progress).cancel(stack.stack_id)


@dataclass(frozen=True)
class _Deployer:
    """The steps of a deployment."""

    clients: Clients
    deployment: Deployment
    progress: Progress

    def deploy(self) -> DeployedStack:
        """All steps, as far as they are needed."""
        recovered = Recovery(self._operations, self.deployment).run()
        comparison = compare(self.clients, self.deployment, recovered)
        stack = unchanged_stack(comparison) or self._change(comparison)
        if stack is comparison.stack:
            self.progress.step(f"no changes, {stack.name} is as it should be")
        if self.deployment.config.protected:
            return set_termination_protection(self.clients.cloudformation, stack, True, self.progress)
        return stack

    def _change(self, comparison: Comparison) -> DeployedStack:
        upload_package(comparison.bucket, self.deployment.package, self.progress)
        try:
            events = self._begin(comparison)
        except NothingToChange:
            return _unless_failed(cast(DeployedStack, comparison.stack))
        stack = self._operations.follow(events, SUCCEEDED)
        before = comparison.stack.parameters if comparison.stack else {}
        record_deployment(comparison.bucket, comparison.desired, before)
        return stack

    def _begin(self, comparison: Comparison) -> OperationEvents:
        """Create a change set and begin to execute it, unless it would lose stored data."""
        change_sets = ChangeSets(self.clients.cloudformation, self.progress)
        arguments = change_set_arguments(self.clients, self.deployment, comparison)
        change_set = change_sets.create(comparison.desired, comparison.stack, arguments)
        with change_sets.deleted_on_error(change_set):
            change_sets.wait(change_set)
            changes = change_sets.changes(change_set)
            guard_data(changes, self.deployment.allow_replace)
            self.progress.step(summary(changes))
            self.progress.changes([change for change in changes if change.kind is not ChangeKind.ADD])
            return self._operations.begin_execution(
                change_set.change_set_id, change_set.stack_id, self.deployment.rollback
            )

    @cached_property
    def _operations(self) -> Operations:
        return Operations(self.clients.cloudformation, self.progress, self.deployment.role_arn)


def _unless_failed(stack: DeployedStack) -> DeployedStack:
    """The stack that an empty change set leaves as it is; one that is left as it failed is no success."""
    if next_action(stack.status) is not NextAction.UPDATE:
        raise CommandError(
            f"{stack.name} is {stack.status}, and CloudFormation sees nothing to change; "
            "leave out --no-rollback to roll that back first."
        )
    return stack


def _check(arguments: argparse.Namespace) -> None:
    """Find out before anything is deployed what would fail after."""
    if arguments.skip and not arguments.continue_rollback:
        raise CommandError("--skip goes with --continue-rollback; add that.", exit_code=2)
    if arguments.outputs and not arguments.outputs.resolve().parent.is_dir():
        raise CommandError(f"{arguments.outputs} is in a folder that does not exist; create that first.", exit_code=2)


def _cancelled(context: StackContext) -> DeployedStack:
    return cancel_update(context.clients, context.config.stack_name, context.presenter)


def _deployed(context: StackContext, arguments: argparse.Namespace) -> DeployedStack:
    deployment = replace(
        requested_deployment(arguments, context.config),
        continue_rollback=arguments.continue_rollback,
        skip=frozenset(arguments.skip),
    )
    return deploy(context.clients, deployment, context.presenter)


def _pause_tables(stack: DeployedStack) -> list[TextTable]:
    """The pause of the streams, if there is one."""
    return [TextTable("Streams", ("", ""), [("paused", stack.pause)])] if stack.pause else []


def _write_outputs(path: Path, outputs: Mapping[str, str]) -> None:
    try:
        path.write_text(json.dumps(outputs, indent=2, sort_keys=True) + "\n")
    except OSError as error:
        raise CommandError(
            f"the stack is deployed, but {path} cannot be written ({error.strerror}); "
            "choose another file and repeat the command."
        ) from error
