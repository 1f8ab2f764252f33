"""A deployment from beginning to end."""

from dataclasses import dataclass
from functools import cached_property
from typing import cast

from build.deployment.artifacts.record import record_deployment
from build.deployment.artifacts.upload import upload_package
from build.deployment.changes.arguments import change_set_arguments
from build.deployment.changes.change_sets import ChangeSets, NothingToChange
from build.deployment.changes.data_loss import guard_data
from build.deployment.changes.resource_changes import Fate
from build.deployment.clients import Clients
from build.deployment.comparison import Comparison, compare
from build.deployment.deployed_stack import DeployedStack
from build.deployment.deployment import Deployment
from build.deployment.following.operations import Operations
from build.deployment.following.stack_events import OperationEvents
from build.deployment.presenting.change_text import summary
from build.deployment.progress import Progress
from build.deployment.protection import set_termination_protection
from build.deployment.settling import Settling
from build.deployment.stack_states import SUCCEEDED, Path, path_from
from build.errors import CommandError


def deploy(clients: Clients, deployment: Deployment, progress: Progress) -> DeployedStack:
    """Bring a stack to what is asked for, and do nothing when it is.

    Args:
        clients: connections to the account and region.
        deployment: what is asked for.
        progress: hears what happens.

    Returns:
        The stack as it is now; its `outputs` are the template's.

    Raises:
        CommandError: when the stack's state, the guard of data or the template does not allow it.
        OperationFailed: when CloudFormation fails; it names the first resource that did.
        Detached: when the user stops watching.
    """
    return Deployer(clients, deployment, progress).deploy()


@dataclass(frozen=True)
class Deployer:
    """The steps of a deployment."""

    clients: Clients
    deployment: Deployment
    progress: Progress

    def deploy(self) -> DeployedStack:
        """All steps, as far as they are needed."""
        comparison = compare(self.clients, self.deployment, Settling(self.operations, self.deployment).settle())
        stack = comparison.settled or self.change(comparison)
        if stack is comparison.stack:
            self.progress.step(f"no changes, {stack.name} is as it should be")
        if self.deployment.config.protected:
            return set_termination_protection(self.clients.cloudformation, stack, True, self.progress)
        return stack

    def change(self, comparison: Comparison) -> DeployedStack:
        """Upload what the stack is made from, then make and execute a change set, unless it turns out to be empty."""
        upload_package(comparison.bucket, self.deployment.package, self.progress)
        try:
            events = self.begin(comparison)
        except NothingToChange:
            return self.unchanged(comparison)
        stack = self.operations.follow(events, SUCCEEDED)
        before = comparison.stack.parameters if comparison.stack else {}
        record_deployment(comparison.bucket, comparison.desired, before)
        return stack

    def unchanged(self, comparison: Comparison) -> DeployedStack:
        """The stack that an empty change set leaves as it is.

        Raises:
            CommandError: when it is paused where something failed.
        """
        stack = cast(DeployedStack, comparison.stack)
        if path_from(stack.status) is not Path.UPDATE:
            raise CommandError(
                f"{stack.name} is {stack.status}, and CloudFormation sees nothing to change; "
                "leave out --no-rollback to take that back first."
            )
        return stack

    def begin(self, comparison: Comparison) -> OperationEvents:
        """Make a change set and begin to execute it, unless it would lose data.

        Raises:
            CommandError: when it would lose data.
            NothingToChange: when it is empty.
        """
        arguments = change_set_arguments(self.clients, self.deployment, comparison)
        change_set = self.change_sets.create(comparison.desired, comparison.stack, arguments)
        with self.change_sets.discarded_on_error(change_set):
            self.change_sets.wait(change_set)
            changes = self.change_sets.changes(change_set)
            guard_data(changes, self.deployment.allow_replace)
            self.progress.step(summary(changes))
            self.progress.changes([change for change in changes if change.fate is not Fate.ADD])
            return self.operations.begin_execution(
                change_set.change_set_id, change_set.stack_id, self.deployment.rollback
            )

    @cached_property
    def operations(self) -> Operations:
        """Runs what has to be run, as the role that was asked for."""
        return Operations(self.clients.cloudformation, self.progress, self.deployment.role_arn)

    @cached_property
    def change_sets(self) -> ChangeSets:
        """Makes and reads change sets."""
        return ChangeSets(self.clients.cloudformation, self.progress)
