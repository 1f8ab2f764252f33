"""Operations on a stack: each begins one in CloudFormation and follows its events to the end."""

from collections.abc import Callable, Collection
from dataclasses import dataclass, field, replace
from itertools import takewhile
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from botocore.exceptions import ClientError

from build.aws import UNKNOWN_ACTION, error_code, until
from build.cloudformation.failures import Detached, OperationFailed, root_cause
from build.cloudformation.next_steps import failed_resources, next_step
from build.cloudformation.stacks import DeployedStack, StackEvent, find_stack, stack_events
from build.progress import Progress

if TYPE_CHECKING:
    from mypy_boto3_cloudformation import CloudFormationClient

DELETED = frozenset({"DELETE_COMPLETE"})
ROLLED_BACK = frozenset({"ROLLBACK_COMPLETE", "UPDATE_ROLLBACK_COMPLETE"})
SUCCEEDED = frozenset({"CREATE_COMPLETE", "UPDATE_COMPLETE", "IMPORT_COMPLETE"})
FOREIGN_EVENTS = 100
"""After so many events without its token, an operation's own have not been written yet."""
_FIRST_STATUSES = frozenset({"CREATE_IN_PROGRESS", "DELETE_IN_PROGRESS", "IMPORT_IN_PROGRESS", "UPDATE_IN_PROGRESS"})


def unique_name() -> str:
    """A name that no operation and no change set has had: it tells an operation's events from those of others, and
    a deleted change set's name is free only some time later."""
    return f"build-{uuid4()}"


@dataclass
class OperationEvents:
    """Reads the events of one operation, each once and oldest first.

    An operation begins at its oldest event with its token; whatever follows belongs to it, whatever its token: a
    cancelled update rolls back under the token of the cancellation.

    Args:
        cloudformation: the client to read with.
        stack_id: ARN of the stack; its name stops resolving once it is deleted.
        token: ClientRequestToken of the operation; None for one that was begun without.
        seen: the events read so far.
    """

    cloudformation: "CloudFormationClient"
    stack_id: str
    token: str | None
    seen: list[StackEvent] = field(default_factory=list)

    def read_new(self) -> list[StackEvent]:
        """The events since the last time."""
        events = self._since_last_read() if self.seen else self._since_beginning()
        events.sort(key=lambda event: event.time)
        self.seen.extend(events)
        return events

    @property
    def ending(self) -> StackEvent | None:
        """The stack's own event that ended the operation; None while it goes on."""
        latest = self._latest
        return latest if latest and not latest.in_progress else None

    @property
    def updating(self) -> bool:
        """Whether the operation is an update that can still be cancelled."""
        return self._latest is not None and self._latest.status == "UPDATE_IN_PROGRESS"

    @property
    def _latest(self) -> StackEvent | None:
        return next((event for event in reversed(self.seen) if event.of_stack), None)

    def _since_last_read(self) -> list[StackEvent]:
        seen = {event.event_id for event in self.seen}
        events = stack_events(self.cloudformation, self.stack_id)
        return list(takewhile(lambda event: event.event_id not in seen, events))[::-1]

    def _since_beginning(self) -> list[StackEvent]:
        newest_first: list[StackEvent] = []
        found = False
        for event in stack_events(self.cloudformation, self.stack_id):
            own = event.token == self.token
            if (found or len(newest_first) == FOREIGN_EVENTS) and not own:
                break
            found = found or own
            newest_first.append(event)
            if own and event.of_stack and event.status in _FIRST_STATUSES:
                break
        return newest_first[::-1] if found else []


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
        """Begin to execute a change set; a rollback also deletes new resources that the template retains otherwise.

        Args:
            change_set_id: its ARN.
            stack_id: ARN of its stack.
            rollback: whether a failure rolls everything back; without, the stack stays as it failed.
        """
        token = unique_name()
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
            OperationFailed: when one of its resources cannot be deleted.
        """
        return self._run(stack_id, DELETED, self.cloudformation.delete_stack, **self._role)

    def roll_back(self, stack_id: str) -> DeployedStack:
        """Roll back an update that failed and was left as it was.

        Raises:
            OperationFailed: when that fails.
        """
        return self._run(stack_id, ROLLED_BACK, self.cloudformation.rollback_stack, **self._role)

    def continue_rollback(self, stack_id: str, skip: Collection[str]) -> DeployedStack:
        """Continue a rollback that failed.

        Args:
            stack_id: ARN of the stack.
            skip: logical ids of resources to leave as they are.

        Raises:
            OperationFailed: when that fails again.
        """
        call = self.cloudformation.continue_update_rollback
        return self._run(stack_id, ROLLED_BACK, call, ResourcesToSkip=sorted(skip), **self._role)

    def cancel(self, stack_id: str) -> DeployedStack:
        """Cancel the update that is under way, and follow its rollback.

        Raises:
            OperationFailed: when the rollback fails.
        """
        return self._run(stack_id, ROLLED_BACK, self.cloudformation.cancel_update_stack)

    def attach(self, stack_id: str, expected: Collection[str]) -> DeployedStack:
        """Follow the operation that somebody began.

        Raises:
            OperationFailed: when it ends in another status than the expected ones.
        """
        newest = next(stack_events(self.cloudformation, stack_id))
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
            stack = until(lambda: self._at_rest(events.stack_id), self.progress.waiting)
        except KeyboardInterrupt:
            raise Detached(events.stack_id.split("/")[1], events.updating) from None
        if stack.status not in expected:
            cause = root_cause(self.cloudformation, stack.stack_id, events.seen)
            step = next_step(stack, failed_resources(reversed(events.seen)))
            raise OperationFailed(f"{stack.name} ended as {stack.status}.", stack.status, cause, step)
        return stack

    def _run(
        self, stack_id: str, expected: Collection[str], begin: Callable[..., object], **arguments: Any
    ) -> DeployedStack:
        token = unique_name()
        begin(StackName=stack_id, ClientRequestToken=token, **arguments)
        return self.follow(OperationEvents(self.cloudformation, stack_id, token), expected)

    def _ending(self, events: OperationEvents) -> StackEvent | None:
        for event in events.read_new():
            self.progress.event(event)
        return events.ending

    def _at_rest(self, stack_id: str) -> DeployedStack | None:
        stack = find_stack(self.cloudformation, stack_id)
        return stack if stack and not stack.in_progress else None

    @property
    def _role(self) -> dict[str, Any]:
        return {"RoleARN": self.role_arn} if self.role_arn else {}


def set_termination_protection(
    cloudformation: "CloudFormationClient", stack: DeployedStack, enabled: bool, progress: Progress
) -> DeployedStack:
    """Turn a stack's termination protection on or off, unless it already is.

    An endpoint that does not implement the action, as emulators may not, is reported and otherwise no failure.

    Returns:
        The stack as it is then.
    """
    if stack.termination_protection == enabled:
        return stack
    try:
        cloudformation.update_termination_protection(StackName=stack.stack_id, EnableTerminationProtection=enabled)
    except ClientError as error:
        if error_code(error) not in UNKNOWN_ACTION:
            raise
        progress.step("termination protection is unknown to this endpoint and stays as it is")
        return stack
    progress.step(f"turned termination protection {'on' if enabled else 'off'}")
    return replace(stack, termination_protection=enabled)
