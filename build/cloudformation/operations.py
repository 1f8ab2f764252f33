"""Operations on a stack: each begins one in CloudFormation and follows its events to the end."""

import shlex
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from itertools import islice, takewhile
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from build.aws import Answer, Clients, Reconnection, until
from build.aws_errors import explanation, may_have_been_done
from build.cloudformation.failures import (
    Conflict,
    Detached,
    FollowingLost,
    OperationFailed,
    StackGone,
    is_conflict,
    raise_if_conflict,
    root_cause,
)
from build.cloudformation.next_steps import command_for, failed_resources, next_step
from build.cloudformation.stacks import (
    DeployedStack,
    StackEvent,
    find_stack,
    is_missing,
    stack_events,
    stack_name,
    unique_name,
)
from build.progress import Progress

if TYPE_CHECKING:
    from mypy_boto3_cloudformation import CloudFormationClient

DELETED = frozenset({"DELETE_COMPLETE"})
ROLLED_BACK = frozenset({"ROLLBACK_COMPLETE", "UPDATE_ROLLBACK_COMPLETE"})
SETTLED = DELETED | ROLLED_BACK
"""What it makes no difference who brought about."""
SUCCEEDED = frozenset({"CREATE_COMPLETE", "UPDATE_COMPLETE", "IMPORT_COMPLETE"})
FOREIGN_EVENTS = 100
"""After so many events without its token, an operation's own have not been written yet."""
READS_WITHOUT_EVENTS = 10
"""After so many readings, about half a minute, an operation without events of its own may never have begun."""
_FIRST_STATUSES = frozenset({"CREATE_IN_PROGRESS", "DELETE_IN_PROGRESS", "IMPORT_IN_PROGRESS", "UPDATE_IN_PROGRESS"})


@dataclass
class OperationEvents:
    """Reads the events of one operation, each once and oldest first.

    An operation begins at its oldest event with its token; whatever follows belongs to it, whatever its token: a
    cancelled update rolls back under the token of the cancellation.

    Args:
        cloudformation: the client to read with.
        stack_id: ARN of the stack; its name stops resolving once it is deleted.
        token: ClientRequestToken of the operation; None for one that was begun without.
        confirmed: whether AWS said that it began the operation; its answer may be lost.
        seen: the events read so far.
        fruitless_reads: how often there was none.
    """

    cloudformation: "CloudFormationClient"
    stack_id: str
    token: str | None
    confirmed: bool = True
    seen: list[StackEvent] = field(default_factory=list)
    fruitless_reads: int = 0

    @property
    def stack_name(self) -> str:
        return stack_name(self.stack_id)

    def read_new(self) -> list[StackEvent]:
        """The events since the last time."""
        events = self._taken(self._since_last_read() if self.seen else self._since_beginning(FOREIGN_EVENTS))
        self.fruitless_reads += not self.seen
        return events

    def read_all(self) -> list[StackEvent]:
        """The events of an operation of which none was seen, however long ago in the stack's history they were."""
        return self._taken(self._since_beginning(None))

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

    def _taken(self, events: list[StackEvent]) -> list[StackEvent]:
        events.sort(key=lambda event: event.time)
        self.seen.extend(events)
        return events

    def _since_last_read(self) -> list[StackEvent]:
        seen = {event.event_id for event in self.seen}
        events = stack_events(self.cloudformation, self.stack_id)
        return list(takewhile(lambda event: event.event_id not in seen, events))[::-1]

    def _since_beginning(self, most_foreign: int | None) -> list[StackEvent]:
        newest_first: list[StackEvent] = []
        found = False
        for event in stack_events(self.cloudformation, self.stack_id):
            own = event.token == self.token
            if (found or len(newest_first) == most_foreign) and not own:
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
        command: the words after `python -m build` that follow the operations again, without suffix and region.
    """

    cloudformation: "CloudFormationClient"
    progress: Progress
    role_arn: str | None = None
    command: str = "deploy"

    def begin_execution(self, change_set_id: str, stack_id: str, rollback: bool) -> OperationEvents:
        """Begin to execute a change set; a rollback also deletes new resources that the template retains otherwise.

        Args:
            rollback: whether a failure rolls everything back; without, the stack stays as it failed.

        Raises:
            Conflict: when somebody else changed the stack first.
            Detached: on Ctrl-C, as AWS may have begun.
        """
        return self._begin(
            stack_id,
            self.cloudformation.execute_change_set,
            StackName=stack_id,
            ChangeSetName=change_set_id,
            DisableRollback=not rollback,
            RetainExceptOnCreate=rollback,
        )

    def execute_import(self, change_set_id: str, stack_id: str) -> DeployedStack:
        """Execute a change set that imports resources, which a failure leaves as they are.

        Raises:
            Conflict: when somebody else changed the stack first.
            OperationFailed: when a resource cannot be imported.
        """
        return self._run(stack_id, SUCCEEDED, self.cloudformation.execute_change_set, ChangeSetName=change_set_id)

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
            event = f"AWS never began the operation on {stack.name}, which is {stack.status}"
            raise Conflict(event, "repeat the command.")
        if stack.status not in expected:
            cause = root_cause(self.cloudformation, stack.stack_id, events.seen)
            step = next_step(stack, failed_resources(reversed(events.seen)))
            raise OperationFailed(f"{stack.name} ended as {stack.status}.", stack.status, cause, step)
        return stack

    def _run(
        self, stack_id: str, expected: Collection[str], begin: Callable[..., object], **arguments: Any
    ) -> DeployedStack:
        return self.follow(self._begin(stack_id, begin, StackName=stack_id, **arguments), expected)

    def _begin(self, stack_id: str, begin: Callable[..., object], **arguments: Any) -> OperationEvents:
        """Ask for an operation; where the answer is lost, its events tell later whether it began."""
        events = OperationEvents(self.cloudformation, stack_id, unique_name())
        try:
            begin(ClientRequestToken=events.token, **arguments)
        except KeyboardInterrupt:
            raise Detached(events.stack_name, updating=False) from None
        except (ClientError, BotoCoreError) as error:
            if may_have_been_done(error):
                self.progress.step("the answer of AWS was lost; looking whether it began")
                events.confirmed = False
            elif not self._has_begun(events, error):
                raise_if_conflict(error, events.stack_name)
                raise
        return events

    def _has_begun(self, events: OperationEvents, error: ClientError | BotoCoreError) -> bool:
        """Whether botocore repeated a request that had begun the operation, because the answer was lost."""
        if not is_conflict(error):
            return False
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
            command = command_for(events.stack_name, self.command, "--region", region)
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
