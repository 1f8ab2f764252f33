"""The command `destroy`: delete a stack and what it stores."""

import argparse
from dataclasses import dataclass

from build.aws import Clients
from build.cloudformation.failures import OperationFailed
from build.cloudformation.operations import DELETED, Operations, with_profile
from build.cloudformation.stacks import (
    BUCKET_TYPE,
    DeployedStack,
    StackResource,
    deployed_template,
    find_stack,
    retained_ids,
    stack_resources,
)
from build.cloudformation.termination_protection import set_termination_protection
from build.deploy.contents import empty_bucket, stored_data
from build.deploy.recovery import NEXT_ACTIONS
from build.errors import CommandError
from build.options import StackContext, add_stack_options, require_account, require_consent, stack_context
from build.progress import Progress
from stack.config import StackConfig

EXAMPLE = "python -m build destroy --suffix try-out --yes"
_DELETABLE_IN_PROGRESS = frozenset({"CREATE_IN_PROGRESS"})


@dataclass(frozen=True)
class StackDeletion:
    """A stack that is to be deleted.

    Args:
        stack: as it is.
        resources: those that exist.
        retained: logical ids of those that outlive the stack.
    """

    stack: DeployedStack
    resources: tuple[StackResource, ...]
    retained: frozenset[str]

    @property
    def buckets(self) -> list[str]:
        """The names of the buckets that are deleted with the stack."""
        return [
            resource.physical_id
            for resource in self.resources
            if resource.resource_type == BUCKET_TYPE and resource.logical_id not in self.retained
        ]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_stack_options(parser)
    parser.add_argument("--yes", action="store_true", help="do not ask")
    parser.add_argument(
        "--lift-protection", metavar="STACK", help="the name of a protected stack, to destroy it all the same"
    )
    parser.add_argument("--role-arn", metavar="ARN", help="role that CloudFormation acts as")


def run(arguments: argparse.Namespace) -> int:
    """Say what will be lost, ask, and destroy it; 0 when the stack is gone, or was never there.

    Raises:
        CommandError: when it is protected, when nobody agrees, or when something cannot be deleted.
    """
    with stack_context(arguments) as context:
        require_account(context.clients, context.settings)
        deletion = stack_deletion(context.clients, context.config, arguments.lift_protection)
        if deletion:
            context.announce_stack("delete the stack and what it stores")
            _list_losses(context, deletion)
            require_consent(deletion.stack.name, arguments.yes)
            destroy(context.clients, deletion, context.presenter, arguments.role_arn or context.settings.role)
        else:
            context.presenter.step(f"there is no {context.config.stack_name} in {context.clients.region}")
        context.presenter.result({"stack": context.config.stack_name, "status": "DELETE_COMPLETE"})
    return 0


def stack_deletion(clients: Clients, config: StackConfig, lifted: str | None = None) -> StackDeletion | None:
    """What destroying a stack would mean.

    Args:
        clients: of the account and region.
        config: names the stack.
        lifted: the name of a protected stack, as a sign that it is meant.

    Returns:
        None when there is no such stack.

    Raises:
        CommandError: for a protected stack that is not named.
    """
    _require_lifted(config.stack_name, config.protected, lifted)
    stack = find_stack(clients.cloudformation, config.stack_name)
    if stack is None:
        return None
    _require_lifted(stack.name, stack.termination_protection, lifted)
    return _deletion_of(clients, stack)


def destroy(clients: Clients, deletion: StackDeletion, progress: Progress, role_arn: str | None = None) -> None:
    """Empty the buckets of a stack, delete it and wait; once more when something prevented it.

    Args:
        clients: of the account and region.
        deletion: of the stack, which may still have termination protection.
        progress: hears what happens.
        role_arn: the role that CloudFormation acts as; None leaves the stack's.

    Raises:
        OperationFailed: when it cannot be deleted; it names the first resource that could not.
        Detached: when the user stops following.
        FollowingLost: when AWS goes on, but cannot be asked any more.
    """
    operations = Operations(clients.cloudformation, progress, role_arn, with_profile("destroy", clients))
    stack = deletion.stack
    if stack.in_progress and stack.status not in _DELETABLE_IN_PROGRESS:
        progress.step(f"{stack.name} is {stack.status}; following that first")
        stack = operations.attach(stack.stack_id, NEXT_ACTIONS)
        if stack.status in DELETED:
            return
        deletion = _deletion_of(clients, stack)
    set_termination_protection(clients.cloudformation, stack, False, progress)
    try:
        _empty_and_delete(clients, deletion, operations)
    except OperationFailed as failure:
        if failure.status != "DELETE_FAILED":
            raise
        progress.step(f"trying once more, {failure.cause.resource if failure.cause else stack.name} prevented it")
        _empty_and_delete(clients, deletion, operations)


def _deletion_of(clients: Clients, stack: DeployedStack) -> StackDeletion:
    if stack.status == "REVIEW_IN_PROGRESS":
        return StackDeletion(stack, (), frozenset())
    return StackDeletion(
        stack,
        tuple(stack_resources(clients.cloudformation, stack.stack_id)),
        retained_ids(deployed_template(clients.cloudformation, stack.stack_id)),
    )


def _require_lifted(name: str, protected: bool, lifted: str | None) -> None:
    if protected and lifted != name:
        raise CommandError(
            f"{name} is protected and was left alone; "
            f"if it is meant, repeat the command with --lift-protection {name}."
        )


def _list_losses(context: StackContext, deletion: StackDeletion) -> None:
    stored = stored_data(context.clients, deletion.resources, deletion.retained)
    context.presenter.step(f"destroying {deletion.stack.name} deletes all its resources for good")
    lines = (
        f"{'retained' if data.retained else 'lost'}: {data.kind} {data.resource.physical_id}, {data.content}"
        for data in stored
    )
    for line in sorted(lines):
        context.presenter.step(line)


def _empty_and_delete(clients: Clients, deletion: StackDeletion, operations: Operations) -> None:
    for bucket in deletion.buckets:
        deleted = empty_bucket(clients.s3, bucket, deletion.stack.account)
        operations.progress.step(f"emptied the bucket {bucket}, {deleted:,} versions")
    operations.delete(deletion.stack.stack_id)
