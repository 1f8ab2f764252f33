"""Operations on a stack: each begins one in CloudFormation and follows it to its end."""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from build.deployment.deployed_stack import DeployedStack, find_stack
from build.deployment.following.outcomes import Detached, OperationFailed
from build.deployment.following.root_cause import root_cause
from build.deployment.following.stack_events import OperationEvents, StackEvent, newest_first
from build.deployment.polling import until
from build.deployment.progress import Progress

if TYPE_CHECKING:
    from mypy_boto3_cloudformation import CloudFormationClient

DELETED = frozenset({"DELETE_COMPLETE"})
ROLLED_BACK = frozenset({"ROLLBACK_COMPLETE", "UPDATE_ROLLBACK_COMPLETE"})


def new_token() -> str:
    """A name that no operation has had: with it an operation's events are told from others."""
    return f"build-{uuid4()}"


@dataclass(frozen=True)
class Operations:
    """Begins operations and follows them.

    Args:
        cloudformation: the client to call with.
        progress: hears every event.
        role_arn: the role that CloudFormation acts as; None leaves the stack's role as it is.
    """

    cloudformation: "CloudFormationClient"
    progress: Progress
    role_arn: str | None = None

    def begin_execution(self, change_set_id: str, stack_id: str, rollback: bool) -> OperationEvents:
        """Begin to execute a change set; what it makes anew goes again when it fails, even what is retained otherwise.

        Args:
            change_set_id: its ARN.
            stack_id: ARN of its stack.
            rollback: whether a failure takes everything back; without, it pauses where it failed.
        """
        token = new_token()
        self.cloudformation.execute_change_set(
            ChangeSetName=change_set_id,
            ClientRequestToken=token,
            DisableRollback=not rollback,
            RetainExceptOnCreate=rollback,
        )
        return OperationEvents(self.cloudformation, stack_id, token)

    def delete(self, stack_id: str) -> DeployedStack:
        """Delete a stack.

        Raises:
            OperationFailed: when something of it cannot be deleted.
        """
        return self._run(stack_id, DELETED, self.cloudformation.delete_stack, **self._role)

    def roll_back(self, stack_id: str) -> DeployedStack:
        """Take a paused update back.

        Raises:
            OperationFailed: when that fails.
        """
        return self._run(stack_id, ROLLED_BACK, self.cloudformation.rollback_stack, **self._role)

    def continue_rollback(self, stack_id: str, skip: Collection[str]) -> DeployedStack:
        """Try again to take a failed update back.

        Args:
            stack_id: ARN of the stack.
            skip: logical ids of resources to leave as they are.

        Raises:
            OperationFailed: when that fails again.
        """
        call = self.cloudformation.continue_update_rollback
        return self._run(stack_id, ROLLED_BACK, call, ResourcesToSkip=sorted(skip), **self._role)

    def cancel(self, stack_id: str) -> DeployedStack:
        """Cancel the update that is under way, and follow it back.

        Raises:
            OperationFailed: when the rollback fails.
        """
        return self._run(stack_id, ROLLED_BACK, self.cloudformation.cancel_update_stack)

    def attach(self, stack_id: str, expected: Collection[str]) -> DeployedStack:
        """Follow what somebody began.

        Raises:
            OperationFailed: when it ends in another status than the expected ones.
        """
        newest = next(newest_first(self.cloudformation, stack_id))
        return self.follow(OperationEvents(self.cloudformation, stack_id, newest.token), expected)

    def follow(self, events: OperationEvents, expected: Collection[str]) -> DeployedStack:
        """Report an operation's events until it ends.

        Args:
            events: of the operation.
            expected: statuses that it should end in.

        Raises:
            Detached: on Ctrl-C.
            OperationFailed: when it ends in another status.
        """
        try:
            until(lambda: self._ending(events), self.progress.waiting)
            stack = until(lambda: self._settled(events.stack_id), self.progress.waiting)
        except KeyboardInterrupt:
            raise Detached(events.stack_id.split("/")[1], events.updating) from None
        if stack.status not in expected:
            cause = root_cause(self.cloudformation, stack.stack_id, events.read)
            raise OperationFailed(f"{stack.name} ended as {stack.status}.", stack.status, cause)
        return stack

    def _run(
        self, stack_id: str, expected: Collection[str], begin: Callable[..., object], **arguments: Any
    ) -> DeployedStack:
        token = new_token()
        begin(StackName=stack_id, ClientRequestToken=token, **arguments)
        return self.follow(OperationEvents(self.cloudformation, stack_id, token), expected)

    def _ending(self, events: OperationEvents) -> StackEvent | None:
        for event in events.fresh():
            self.progress.event(event)
        return events.ending

    def _settled(self, stack_id: str) -> DeployedStack | None:
        stack = find_stack(self.cloudformation, stack_id)
        return stack if stack and not stack.in_progress else None

    @property
    def _role(self) -> dict[str, Any]:
        return {"RoleARN": self.role_arn} if self.role_arn else {}
