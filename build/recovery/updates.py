"""Changes of a stack on the way back, each a change set: an import, or an update that loses no stored data."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from build.aws import Clients
from build.cloudformation.change_sets import ChangeSet, ChangeSets, NothingToChange
from build.cloudformation.changes import ChangeKind, ResourceChange, data_losses, summary
from build.cloudformation.operations import SUCCEEDED, Operations
from build.cloudformation.stacks import DeployedStack, DesiredStack, existing_stack
from build.deploy.artifacts import artifact_bucket, template_argument
from build.deploy.recovery import NEXT_ACTIONS, NextAction, next_action
from build.errors import CommandError
from build.recovery.imports import ExistingResource, with_resources


@dataclass(frozen=True)
class StackUpdates:
    """Changes one stack, and shows each change before it is made.

    Args:
        clients: of the account and region.
        operations: run what has to be run.
    """

    clients: Clients
    operations: Operations

    def settled_stack(self, name: str) -> DeployedStack:
        """A stack that can be updated, after whatever goes on with it, as it does after a command that was interrupted.

        Raises:
            CommandError: when there is none, or its status needs something else first.
        """
        stack = existing_stack(self.clients.cloudformation, name)
        if stack.in_progress:
            self.operations.progress.step(f"{name} is {stack.status}; following that first")
            stack = self.operations.attach(stack.stack_id, NEXT_ACTIONS)
        action = next_action(stack.status)
        if action is not NextAction.UPDATE:
            raise CommandError(f"{name} is {stack.status}; `deploy` would {action.value}, do that first.")
        return stack

    def import_resources(
        self,
        name: str,
        stack: DeployedStack | None,
        template: str,
        resources: Sequence[ExistingResource],
        approve: Callable[[], None],
    ) -> DeployedStack:
        """Import resources into a stack, which changes nothing of them and nothing else of the stack.

        Outputs and tags have to stay as they are: a new stack gets both by the deployment that follows
        (https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/import-resources-manually.html).

        Args:
            name: of the stack.
            stack: as it is; None for a new one.
            template: of the stack; `{}` for a new one.
            resources: to import.
            approve: called when the import was shown and before it is made; an error that it raises prevents it.

        Raises:
            OperationFailed: when a resource cannot be imported, as when another stack has it.
        """
        desired = DesiredStack(
            name,
            with_resources(template, resources),
            stack.parameters if stack else {},
            stack.tags if stack else {},
        )
        imported = {
            "ChangeSetType": "IMPORT",
            "ResourcesToImport": [resource.identification for resource in resources],
        }
        change_set = self._create(desired, stack, imported)
        with self._change_sets.deleted_on_error(change_set):
            self._shown(name, change_set)
            approve()
        with self._change_sets.deleted_if_refused(change_set):
            return self.operations.execute_import(change_set.change_set_id, change_set.stack_id)

    def update(self, stack: DeployedStack, template: str, parameters: Mapping[str, str]) -> DeployedStack:
        """Bring a stack to a template and parameters, and do nothing when it is.

        Raises:
            CommandError: when that would delete or replace what stores data; a resource may leave the stack retained.
            OperationFailed: when CloudFormation fails; it names the first resource that did.
        """
        change_set = self._create(DesiredStack(stack.name, template, parameters, stack.tags), stack, {})
        try:
            with self._change_sets.deleted_on_error(change_set):
                _guard(self._shown(stack.name, change_set))
        except NothingToChange:
            return stack
        with self._change_sets.deleted_if_refused(change_set):
            events = self.operations.begin_execution(change_set.change_set_id, change_set.stack_id, rollback=True)
        return self.operations.follow(events, SUCCEEDED)

    @property
    def _change_sets(self) -> ChangeSets:
        return ChangeSets(self.clients.cloudformation, self.operations.progress)

    def _create(self, desired: DesiredStack, stack: DeployedStack | None, arguments: Mapping[str, Any]) -> ChangeSet:
        role = {"RoleARN": self.operations.role_arn} if self.operations.role_arn else {}
        template = template_argument(artifact_bucket(self.clients, stack), desired.template)
        return self._change_sets.create(desired, stack, {**template, **role, **arguments})

    def _shown(self, name: str, change_set: ChangeSet) -> list[ResourceChange]:
        self._change_sets.wait(change_set)
        changes = self._change_sets.changes(change_set)
        self.operations.progress.step(f"{name}: {summary(changes)}")
        self.operations.progress.changes(changes)
        return changes


def _guard(changes: Sequence[ResourceChange]) -> None:
    losses = [change.loss for change in data_losses(changes) if change.kind is not ChangeKind.STOP_MANAGING]
    if losses:
        raise CommandError(
            f"refused, nothing was changed: this would {' and '.join(losses)}; "
            "go back with --abort, deploy the stack, and repeat the command."
        )
