"""Recovering a stack from whatever status it has to one that a change set can start from, and cancelling an update."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum
from types import MappingProxyType

from build.aws import Clients
from build.cloudformation.changes import STORES_DATA, allowing, described_store
from build.cloudformation.next_steps import (
    build_command,
    continue_rollback_advice,
    destroy_command,
    failed_resources,
    quoted,
    removal_commands,
    unprotect_command,
)
from build.cloudformation.operations import DELETED, ROLLED_BACK, SUCCEEDED, Operations, with_profile
from build.cloudformation.stacks import (
    TABLE_TYPE,
    DeployedStack,
    StackEvent,
    StackResource,
    deployed_template,
    existing_stack,
    find_stack,
    retained_ids,
    stack_events,
    stack_resources,
)
from build.deploy.desired import Comparison, Deployment
from build.deploy.unused_tables import delete_table, use_of_table
from build.errors import CommandError
from build.progress import Progress

_LEFT_AS_THEY_FAILED = frozenset({"CREATE_FAILED", "UPDATE_FAILED"})
"""Where an operation without rollback stops, and where another one without rollback continues
(https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/stack-failure-options.html)."""
_ROLLING_BACK = frozenset({"UPDATE_ROLLBACK_IN_PROGRESS", "UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS"})


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
        clients: of the account and region.
        operations: run what has to be run.
        deployment: what the user asks for, and allows.
    """

    clients: Clients
    operations: Operations
    deployment: Deployment

    def run(self) -> DeployedStack | None:
        """Take the step that each status asks for, until the stack can be changed.

        Returns:
            The stack to update; None when it is to be created.

        Raises:
            CommandError: when the user has to decide, or an operation fails.
        """
        taken = []
        while (stack := self._find()) and (step := _STEPS.get(self._next_action(stack))):
            step(self, stack)
            taken.append(step)
        if self.deployment.continue_rollback and Recovery._continue_rollback not in taken:
            self._tell("there is no failed rollback to continue, so --continue-rollback changes nothing")
        return stack if stack and self._next_action(stack) is NextAction.UPDATE else None

    def _follow(self, stack: DeployedStack) -> None:
        self._tell(f"{stack.name} is {stack.status}; following that first")
        rolling_back = "ROLLBACK" in stack.status
        self.operations.attach(stack.stack_id, NEXT_ACTIONS if rolling_back else SUCCEEDED | DELETED)

    def _recreate(self, stack: DeployedStack) -> None:
        resources = stack_resources(self.operations.cloudformation, stack.stack_id)
        unused = self._unused_tables(stack, resources)
        self._refuse_to_lose(stack, [resource for resource in resources if resource not in unused])
        for table in unused:
            self._tell(f"deleting {table.physical_id}, which the failed creation made and which is empty")
            delete_table(self.clients.dynamodb, table.physical_id, self.operations.progress.waiting)
        self._tell(f"{stack.name} is {stack.status}; deleting it to create it again")
        self.operations.delete(stack.stack_id)

    def _unused_tables(self, stack: DeployedStack, resources: list[StackResource]) -> list[StackResource]:
        """The retained tables of a stack that was never complete, so that those that are new and empty were of no use.

        Raises:
            CommandError: when anything else would be left behind.
        """
        retained = retained_ids(deployed_template(self.operations.cloudformation, stack.stack_id))
        kept = [resource for resource in resources if resource.logical_id in retained]
        uses = {table: self._use(stack, table) for table in kept if table.resource_type == TABLE_TYPE}
        unused = [table for table, use in uses.items() if not use]
        if len(unused) < len(kept):
            raise _leaving_behind(stack, kept, uses)
        return unused

    def _use(self, stack: DeployedStack, table: StackResource) -> str:
        return use_of_table(self.clients.dynamodb, table.physical_id, stack.created)

    def _roll_back(self, stack: DeployedStack) -> None:
        self._tell(f"{stack.name} is {stack.status}; rolling that back first")
        self.operations.roll_back(stack.stack_id)

    def _continue_rollback(self, stack: DeployedStack) -> None:
        if not self.deployment.continue_rollback:
            raise CommandError(
                f"the last update of {stack.name} failed, and so did its rollback; "
                f"{continue_rollback_advice(stack, self._failed(stack))}"
            )
        self._refuse_to_skip_others(stack)
        self._tell(f"continuing the rollback of {stack.name}")
        self.operations.continue_rollback(stack.stack_id, self.deployment.skip)

    def _finish_deletion(self, stack: DeployedStack) -> None:
        raise CommandError(
            f"the deletion of {stack.name} failed half-way{_reason(stack)}; "
            f"finish it with `{destroy_command(stack)}`, then deploy again."
        )

    def _repair_import(self, stack: DeployedStack) -> None:
        raise CommandError(
            f"an import into {stack.name} failed and could not be rolled back{_reason(stack)}; "
            "finish it in the CloudFormation console, then deploy again."
        )

    def _find(self) -> DeployedStack | None:
        return find_stack(self.operations.cloudformation, self.deployment.config.stack_name)

    def _next_action(self, stack: DeployedStack) -> NextAction:
        return next_action(stack.status, self.deployment.rollback)

    def _refuse_to_lose(self, stack: DeployedStack, resources: list[StackResource]) -> None:
        lost = [
            resource
            for resource in resources
            if resource.resource_type in STORES_DATA and resource.logical_id not in self.deployment.allow_replace
        ]
        if lost:
            stores = ", ".join(described_store(resource.resource_type, resource.logical_id) for resource in lost)
            raise CommandError(
                f"{stack.name} is {stack.status}, and creating it again would delete {stores}; "
                f"{_continuing(stack)}save what is needed of it and repeat the command with "
                f"{allowing(resource.logical_id for resource in lost)}{_unprotecting(stack, lost)}."
            )

    def _refuse_to_skip_others(self, stack: DeployedStack) -> None:
        if not self.deployment.skip:
            return
        failed = {event.logical_id for event in self._failed(stack)}
        if others := sorted(self.deployment.skip - failed):
            raise CommandError(
                f"--skip {' --skip '.join(others)} names nothing that failed in the rollback of {stack.name}; "
                f"what did is {', '.join(sorted(failed)) or 'not known'}.",
                exit_code=2,
            )

    def _failed(self, stack: DeployedStack) -> list[StackEvent]:
        return failed_resources(stack_events(self.operations.cloudformation, stack.stack_id))

    def _tell(self, text: str) -> None:
        self.operations.progress.step(text)


def _reason(stack: DeployedStack) -> str:
    return f" ({stack.status_reason})" if stack.status_reason else ""


def _leaving_behind(stack: DeployedStack, kept: list[StackResource], uses: Mapping[StackResource, str]) -> CommandError:
    """A retained resource keeps its name, so that the stack could not be created again."""
    named = ", ".join(f"{resource.logical_id} ({resource.physical_id})" for resource in kept)
    stores = [(resource.resource_type, resource.physical_id) for resource in kept]
    used = "".join(f"{table.physical_id} {use}; " for table, use in uses.items() if use)
    return CommandError(
        f"{stack.name} is {stack.status}, and deleting it would leave {named} behind, "
        f"so that it could not be created again; {used}run `{destroy_command(stack)}`, which leaves them, "
        f"and keep what they store with `{build_command('adopt', stack)}`, "
        f"or delete them with {quoted(removal_commands(stores, stack.region))}, and deploy again."
    )


def _continuing(stack: DeployedStack) -> str:
    """Only a creation that was not rolled back can be continued."""
    if stack.status not in _LEFT_AS_THEY_FAILED:
        return ""
    return f"continue from there with `{build_command('deploy', stack, '--no-rollback')}`, or, if that is meant, "


def _unprotecting(stack: DeployedStack, lost: list[StackResource]) -> str:
    """A table that could not be deleted once cannot be until its protection is off."""
    tables = [
        unprotect_command(resource.physical_id, stack.region)
        for resource in lost
        if resource.resource_type == TABLE_TYPE and resource.status == "DELETE_FAILED"
    ]
    return f"; deletion protection is turned off with {quoted(tables)}" if tables else ""


_STEPS: Mapping[NextAction, Callable[[Recovery, DeployedStack], None]] = {
    NextAction.FOLLOW: Recovery._follow,
    NextAction.RECREATE: Recovery._recreate,
    NextAction.ROLL_BACK: Recovery._roll_back,
    NextAction.CONTINUE_ROLLBACK: Recovery._continue_rollback,
    NextAction.FINISH_DELETION: Recovery._finish_deletion,
    NextAction.REPAIR_IMPORT: Recovery._repair_import,
}


def cancel_update(clients: Clients, name: str, progress: Progress) -> DeployedStack:
    """Cancel a stack's update and follow its rollback; one that is under way already is followed.

    Raises:
        CommandError: when there is no update to cancel, or it cannot be rolled back.
    """
    stack = existing_stack(clients.cloudformation, name)
    operations = Operations(clients.cloudformation, progress, command=with_profile("deploy --cancel", clients))
    if stack.status in _ROLLING_BACK:
        progress.step(f"{name} is {stack.status}; following that")
        return operations.attach(stack.stack_id, ROLLED_BACK)
    if stack.status != "UPDATE_IN_PROGRESS":
        raise CommandError(
            f"{name} is {stack.status}, and only an update under way can be cancelled; "
            "`destroy` ends a creation, and anything else ends by itself."
        )
    progress.step(f"cancelling the update of {name}")
    return operations.cancel(stack.stack_id)
