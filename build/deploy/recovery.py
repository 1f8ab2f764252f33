"""Recovering a stack from whatever status it has to one that a change set can start from."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum
from types import MappingProxyType

from build.cloudformation.changes import STORES_DATA, allowing, described_store
from build.cloudformation.operations import DELETED, SUCCEEDED, Operations
from build.cloudformation.stacks import (
    DeployedStack,
    StackResource,
    deployed_template,
    find_stack,
    retained_ids,
    stack_resources,
)
from build.deploy.desired import Comparison, Deployment
from build.errors import CommandError

_LEFT_AS_THEY_FAILED = frozenset({"CREATE_FAILED", "UPDATE_FAILED"})
"""Where an operation without rollback stops, and where another one without rollback continues
(https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/stack-failure-options.html)."""


class NextAction(Enum):
    """What a deployment does next with a stack, by its status."""

    CREATE = "create the stack"
    UPDATE = "update the stack"
    FOLLOW = "follow the operation under way to its end"
    RECREATE = "delete what a failed creation left, then create the stack"
    ROLL_BACK = "roll back an update that was left as it failed, then update the stack"
    CONTINUE_ROLLBACK = "stop and say how a rollback that failed is continued"
    FINISH_DELETION = "stop and say how a deletion that failed is finished"
    REPAIR_IMPORT = "stop and say that an import has to be repaired by hand"


NEXT_ACTIONS: Mapping[str, NextAction] = MappingProxyType(
    {
        "CREATE_COMPLETE": NextAction.UPDATE,
        "CREATE_FAILED": NextAction.RECREATE,
        "CREATE_IN_PROGRESS": NextAction.FOLLOW,
        "DELETE_COMPLETE": NextAction.CREATE,
        "DELETE_FAILED": NextAction.FINISH_DELETION,
        "DELETE_IN_PROGRESS": NextAction.FOLLOW,
        "IMPORT_COMPLETE": NextAction.UPDATE,
        "IMPORT_IN_PROGRESS": NextAction.FOLLOW,
        "IMPORT_ROLLBACK_COMPLETE": NextAction.UPDATE,
        "IMPORT_ROLLBACK_FAILED": NextAction.REPAIR_IMPORT,
        "IMPORT_ROLLBACK_IN_PROGRESS": NextAction.FOLLOW,
        "REVIEW_IN_PROGRESS": NextAction.CREATE,
        "ROLLBACK_COMPLETE": NextAction.RECREATE,
        "ROLLBACK_FAILED": NextAction.RECREATE,
        "ROLLBACK_IN_PROGRESS": NextAction.FOLLOW,
        "UPDATE_COMPLETE": NextAction.UPDATE,
        "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS": NextAction.FOLLOW,
        "UPDATE_FAILED": NextAction.ROLL_BACK,
        "UPDATE_IN_PROGRESS": NextAction.FOLLOW,
        "UPDATE_ROLLBACK_COMPLETE": NextAction.UPDATE,
        "UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS": NextAction.FOLLOW,
        "UPDATE_ROLLBACK_FAILED": NextAction.CONTINUE_ROLLBACK,
        "UPDATE_ROLLBACK_IN_PROGRESS": NextAction.FOLLOW,
    }
)
"""By CloudFormation's StackStatus."""


def next_action(status: str, rollback: bool = True) -> NextAction:
    """What a deployment does next with a stack of a status.

    Args:
        status: one of CloudFormation's StackStatus; one that is newer than this table is followed or updated, which
            CloudFormation refuses where it cannot be done.
        rollback: whether the deployment rolls back when it fails.
    """
    if status in _LEFT_AS_THEY_FAILED and not rollback:
        return NextAction.UPDATE
    return NEXT_ACTIONS.get(status, NextAction.FOLLOW if status.endswith("_IN_PROGRESS") else NextAction.UPDATE)


def unchanged_stack(comparison: Comparison) -> DeployedStack | None:
    """The stack, when it is complete and what is asked for; None when there is something to do.

    After a rollback CloudFormation reports the template, parameters and tags that it rolled back to.
    """
    stack = comparison.stack
    complete = stack is not None and next_action(stack.status) is NextAction.UPDATE
    return stack if complete and comparison.is_as_desired else None


@dataclass(frozen=True)
class Recovery:
    """The steps on the way to a stack that can be created or updated.

    Args:
        operations: run what has to be run.
        deployment: what the user asks for, and allows.
    """

    operations: Operations
    deployment: Deployment

    def run(self) -> DeployedStack | None:
        """Take the step that each status asks for, until the stack can be changed.

        Returns:
            The stack to update; None when it is to be created.

        Raises:
            CommandError: when the user has to decide, or an operation fails.
        """
        while (stack := self._find()) and (step := _STEPS.get(self._next_action(stack))):
            step(self, stack)
        return stack if stack and self._next_action(stack) is NextAction.UPDATE else None

    def _follow(self, stack: DeployedStack) -> None:
        self._tell(f"{stack.name} is {stack.status}; following that first")
        rolling_back = "ROLLBACK" in stack.status
        self.operations.attach(stack.stack_id, NEXT_ACTIONS if rolling_back else SUCCEEDED | DELETED)

    def _recreate(self, stack: DeployedStack) -> None:
        resources = stack_resources(self.operations.cloudformation, stack.stack_id)
        self._refuse_to_leave_behind(stack, resources)
        self._refuse_to_lose(stack, resources)
        self._tell(f"{stack.name} is {stack.status}; deleting it to create it again")
        self.operations.delete(stack.stack_id)

    def _roll_back(self, stack: DeployedStack) -> None:
        self._tell(f"{stack.name} is {stack.status}; rolling that back first")
        self.operations.roll_back(stack.stack_id)

    def _continue_rollback(self, stack: DeployedStack) -> None:
        if not self.deployment.continue_rollback:
            raise CommandError(
                f"the last update of {stack.name} failed and could not be rolled back ({stack.status_reason}); "
                "fix what that names and repeat the command with --continue-rollback, "
                "or leave a resource as it is with --continue-rollback --skip LogicalId."
            )
        self._tell(f"continuing the rollback of {stack.name}")
        self.operations.continue_rollback(stack.stack_id, self.deployment.skip)

    def _finish_deletion(self, stack: DeployedStack) -> None:
        raise CommandError(
            f"the deletion of {stack.name} failed half-way ({stack.status_reason}); "
            f"finish it with `python -m build destroy --suffix {self.deployment.config.suffix}`, then deploy again."
        )

    def _repair_import(self, stack: DeployedStack) -> None:
        raise CommandError(
            f"an import into {stack.name} failed and could not be rolled back ({stack.status_reason}); "
            "finish it in the CloudFormation console, then deploy again."
        )

    def _find(self) -> DeployedStack | None:
        return find_stack(self.operations.cloudformation, self.deployment.config.stack_name)

    def _next_action(self, stack: DeployedStack) -> NextAction:
        return next_action(stack.status, self.deployment.rollback)

    def _refuse_to_leave_behind(self, stack: DeployedStack, resources: list[StackResource]) -> None:
        """A retained resource keeps its name, so that the stack could not be created again."""
        retained = retained_ids(deployed_template(self.operations.cloudformation, stack.stack_id))
        kept = [
            f"{resource.logical_id} ({resource.physical_id})"
            for resource in resources
            if resource.logical_id in retained
        ]
        if kept:
            raise CommandError(
                f"{stack.name} is {stack.status}, and deleting it would leave {', '.join(kept)} behind, "
                "so that it could not be created again; delete or rename these, and repeat the command."
            )

    def _refuse_to_lose(self, stack: DeployedStack, resources: list[StackResource]) -> None:
        lost = [
            resource
            for resource in resources
            if resource.resource_type in STORES_DATA and resource.logical_id not in self.deployment.allow_replace
        ]
        if lost:
            stores = ", ".join(described_store(resource.resource_type, resource.logical_id) for resource in lost)
            raise CommandError(
                f"{stack.name} is {stack.status}, and creating it again would delete {stores}; continue from there "
                f"with --no-rollback, or, if that is meant, add {allowing(resource.logical_id for resource in lost)}."
            )

    def _tell(self, text: str) -> None:
        self.operations.progress.step(text)


_STEPS: Mapping[NextAction, Callable[[Recovery, DeployedStack], None]] = {
    NextAction.FOLLOW: Recovery._follow,
    NextAction.RECREATE: Recovery._recreate,
    NextAction.ROLL_BACK: Recovery._roll_back,
    NextAction.CONTINUE_ROLLBACK: Recovery._continue_rollback,
    NextAction.FINISH_DELETION: Recovery._finish_deletion,
    NextAction.REPAIR_IMPORT: Recovery._repair_import,
}
