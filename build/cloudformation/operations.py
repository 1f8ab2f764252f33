"""Operations on a stack: each begins one in CloudFormation and follows its events to the end."""

import shlex
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from itertools import islice
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from botocore.exceptions import BotoCoreError, ClientError

from build.aws import UNKNOWN_ACTION, Answer, Clients, error_code, explanation, may_have_been_done, until
from build.cloudformation.conflicts import Conflict, StackGone, conflicts_recognized
from build.cloudformation.failures import Detached, FollowingLost, OperationFailed, root_cause
from build.cloudformation.operation_events import OperationEvents, stack_name
from build.cloudformation.stacks import DeployedStack, StackEvent, find_stack, is_missing, stack_events
from build.progress import Progress
from build.reconnection import Reconnection
from stack.config import STACK_PREFIX

if TYPE_CHECKING:
    from mypy_boto3_cloudformation import CloudFormationClient

DELETED = frozenset({"DELETE_COMPLETE"})
ROLLED_BACK = frozenset({"ROLLBACK_COMPLETE", "UPDATE_ROLLBACK_COMPLETE"})
SETTLED = DELETED | ROLLED_BACK
"""What it makes no difference who brought about."""
SUCCEEDED = frozenset({"CREATE_COMPLETE", "UPDATE_COMPLETE", "IMPORT_COMPLETE"})
READS_WITHOUT_EVENTS = 10
"""After so many readings, about half a minute, an operation without events of its own may never have begun."""


def unique_name() -> str:
    """A name that no operation and no change set has had: it tells an operation's events from those of others, and
    a deleted change set's name is free only some time later."""
    return f"build-{uuid4()}"


@dataclass(frozen=True)
class Operations:
    """Begins operations and follows them.

    Args:
        cloudformation: the client to call with.
        progress: hears every event.
        role_arn: the role that CloudFormation acts as; None leaves the stack's role as it is.
        command: the words after `python -m build` that follow the operations again, without suffix and region.
    """

    cloudformation: "CloudFormationClient"
    progress: Progress
    role_arn: str | None = None
    command: str = "deploy"

    def begin_execution(self, change_set_id: str, stack_id: str, rollback: bool) -> OperationEvents:
        """Begin to execute a change set; a rollback also deletes new resources that the template retains otherwise.

        Args:
            change_set_id: its ARN.
            stack_id: ARN of its stack.
            rollback: whether a failure rolls everything back; without, the stack stays as it failed.

        Raises:
            Conflict: when somebody else changed the stack first.
            Detached: on Ctrl-C, as AWS may have begun.
        """
        return self._begin(
            stack_id,
            self.cloudformation.execute_change_set,
            ChangeSetName=change_set_id,
            DisableRollback=not rollback,
            RetainExceptOnCreate=rollback,
        )

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
        events = OperationEvents(self.cloudformation, stack_id, None)
        with self._leaving(events):
            for newest in self._ask(lambda: list(islice(stack_events(self.cloudformation, stack_id), 1))):
                events.token = newest.token
        return self.follow(events, expected)

    def follow(self, events: OperationEvents, expected: Collection[str]) -> DeployedStack:
        """Report an operation's events until it ends, through a network that is lost for a few minutes.

        Args:
            events: of the operation.
            expected: statuses that it should end in.

        Raises:
            Conflict: when it never began.
            Detached: on Ctrl-C.
            FollowingLost: when AWS cannot be asked any more.
            OperationFailed: when it ends in another status.
            StackGone: when somebody deleted the stack.
        """
        with self._leaving(events):
            self._ask(lambda: self._is_over(events))
            stack = self._ask(lambda: self._at_rest(events.stack_id))
        if stack.status in DELETED.difference(expected):
            raise StackGone(stack.name)
        if not (events.seen or stack.status in SETTLED.intersection(expected)):
            raise Conflict(f"AWS did not begin the operation on {stack.name}, which is {stack.status}; try again.")
        if stack.status not in expected:
            cause = root_cause(self.cloudformation, stack.stack_id, events.seen)
            raise OperationFailed(f"{stack.name} ended as {stack.status}.", stack.status, cause)
        return stack

    def _run(
        self, stack_id: str, expected: Collection[str], begin: Callable[..., object], **arguments: Any
    ) -> DeployedStack:
        return self.follow(self._begin(stack_id, begin, StackName=stack_id, **arguments), expected)

    def _begin(self, stack_id: str, begin: Callable[..., object], **arguments: Any) -> OperationEvents:
        """Ask for an operation; where the answer is lost, its events tell later whether it began."""
        events = OperationEvents(self.cloudformation, stack_id, unique_name())
        try:
            with conflicts_recognized(events.stack_name):
                begin(ClientRequestToken=events.token, **arguments)
        except Conflict:
            if not self._has_begun(events):
                raise
        except KeyboardInterrupt:
            raise Detached(events.stack_name, updating=False) from None
        except (ClientError, BotoCoreError) as error:
            if not may_have_been_done(error):
                raise
            self.progress.step("the answer of AWS was lost; looking whether it began")
            events.confirmed = False
        return events

    def _has_begun(self, events: OperationEvents) -> bool:
        """Whether a refused request is the repetition of one that AWS had answered, but the answer was lost."""
        with suppress(ClientError, BotoCoreError):
            return bool(replace(events, seen=[]).read_new())
        return False

    def _ask(self, read: Callable[[], Answer | None]) -> Answer:
        reconnection = Reconnection(self.progress.step)
        return until(lambda: reconnection.attempt(read), self.progress.waiting)

    @contextmanager
    def _leaving(self, events: OperationEvents) -> Iterator[None]:
        """Say what AWS goes on doing when following ends before the operation does."""
        try:
            yield
        except KeyboardInterrupt:
            raise Detached(events.stack_name, events.updating) from None
        except (ClientError, BotoCoreError) as error:
            region = self.cloudformation.meta.region_name
            suffix = events.stack_name.removeprefix(STACK_PREFIX)
            command = f"python -m build {self.command} --suffix {suffix} --region {region}"
            reason = explanation(error, region)
            raise FollowingLost(events.stack_name, reason, command, events.confirmed) from error

    def _is_over(self, events: OperationEvents) -> bool | None:
        """True when the operation ended or never began, or its stack is unknown; None while it goes on."""
        try:
            self._report(events.read_new())
        except ClientError as error:
            if not is_missing(error):
                raise
            return True
        return (events.ending is not None if events.seen else self._is_idle(events)) or None

    def _is_idle(self, events: OperationEvents) -> bool:
        """Whether nothing goes on with the stack, though the operation has had the time to write its first event."""
        if events.fruitless_reads % READS_WITHOUT_EVENTS:
            return False
        stack = find_stack(self.cloudformation, events.stack_id)
        if stack and stack.in_progress:
            return False
        self._report(events.read_all())
        return not events.seen

    def _report(self, events: list[StackEvent]) -> None:
        for event in events:
            self.progress.event(event)

    def _at_rest(self, stack_id: str) -> DeployedStack | None:
        stack = find_stack(self.cloudformation, stack_id)
        if stack is None:
            raise StackGone(stack_name(stack_id))
        return None if stack.in_progress else stack

    @property
    def _role(self) -> dict[str, Any]:
        return {"RoleARN": self.role_arn} if self.role_arn else {}


def with_profile(command: str, clients: Clients) -> str:
    """A command with the profile that it was given, so that it can be repeated as it is printed."""
    profile = clients.session.profile_name
    return command if profile == "default" else f"{command} --profile {shlex.quote(profile)}"


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
