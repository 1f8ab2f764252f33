"""The end of a stack and of what it holds."""

from dataclasses import dataclass

from build.deployment.clients import Clients
from build.deployment.deployed_stack import DeployedStack, find_stack, template_of
from build.deployment.following.operations import DELETED, Operations
from build.deployment.following.outcomes import OperationFailed
from build.deployment.progress import Progress
from build.deployment.protection import set_termination_protection
from build.deployment.stack_buckets import empty_bucket
from build.deployment.stack_resources import StackResource, retained_ids, stack_resources
from build.deployment.stack_states import PATHS
from build.errors import CommandError
from stack.config import StackConfig

DELETABLE_AT_WORK = frozenset({"CREATE_IN_PROGRESS"})


@dataclass(frozen=True)
class Doomed:
    """A stack that is to be destroyed.

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
        """The names of the buckets that go with the stack."""
        return [
            one.physical_id
            for one in self.resources
            if one.resource_type == "AWS::S3::Bucket" and one.logical_id not in self.retained
        ]


def doomed_stack(clients: Clients, config: StackConfig, lifted: str | None = None) -> Doomed | None:
    """What destroying a stack would mean.

    Args:
        clients: connections to the account and region.
        config: names the stack.
        lifted: the name of a protected stack, as a sign that it is meant.

    Returns:
        None when there is no such stack.

    Raises:
        CommandError: for a protected stack that is not named.
    """
    require_lifted(config.stack_name, config.protected, lifted)
    stack = find_stack(clients.cloudformation, config.stack_name)
    if stack is None:
        return None
    require_lifted(stack.name, stack.termination_protection, lifted)
    if stack.status == "REVIEW_IN_PROGRESS":
        return Doomed(stack, (), frozenset())
    return Doomed(
        stack,
        tuple(stack_resources(clients.cloudformation, stack.stack_id)),
        retained_ids(template_of(clients.cloudformation, stack.stack_id)),
    )


def require_lifted(name: str, protected: bool, lifted: str | None) -> None:
    """Go on with a protected stack only when it was named.

    Raises:
        CommandError: when it was not.
    """
    if protected and lifted != name:
        raise CommandError(
            f"{name} is protected and was left alone; "
            f"if it is meant, repeat the command with --lift-protection {name}."
        )


def destroy(clients: Clients, doomed: Doomed, progress: Progress, role_arn: str | None = None) -> None:
    """Empty the buckets of a stack, delete it and wait; once more when something got in the way.

    Args:
        clients: connections to the account and region.
        doomed: the stack, after its protection was lifted.
        progress: hears what happens.
        role_arn: the role that CloudFormation acts as; None leaves the stack's.

    Raises:
        OperationFailed: when it cannot be deleted; it names the first resource that could not.
        Detached: when the user stops watching.
    """
    operations = Operations(clients.cloudformation, progress, role_arn)
    stack = doomed.stack
    if stack.in_progress and stack.status not in DELETABLE_AT_WORK:
        progress.step(f"{stack.name} is {stack.status}; following that first")
        stack = operations.attach(stack.stack_id, PATHS)
    if stack.status in DELETED:
        return
    set_termination_protection(clients.cloudformation, stack, False, progress)
    try:
        empty_and_delete(clients, doomed, operations)
    except OperationFailed as failure:
        if failure.status != "DELETE_FAILED":
            raise
        progress.step(f"trying once more, {failure.cause.resource if failure.cause else stack.name} was in the way")
        empty_and_delete(clients, doomed, operations)


def empty_and_delete(clients: Clients, doomed: Doomed, operations: Operations) -> None:
    """Delete a stack, its buckets first.

    Raises:
        OperationFailed: when it cannot be deleted.
    """
    for bucket in doomed.buckets:
        deleted = empty_bucket(clients.s3, bucket, doomed.stack.account)
        operations.progress.step(f"emptied the bucket {bucket}, {deleted:,} versions")
    operations.delete(doomed.stack.stack_id)
