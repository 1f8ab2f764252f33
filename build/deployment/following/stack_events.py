"""Stack events, oldest first, each once, and only those of one operation."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from itertools import takewhile
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mypy_boto3_cloudformation import CloudFormationClient
    from mypy_boto3_cloudformation.type_defs import StackEventTypeDef

OPERATION_BEGINNINGS = frozenset(
    {"CREATE_IN_PROGRESS", "DELETE_IN_PROGRESS", "IMPORT_IN_PROGRESS", "UPDATE_IN_PROGRESS"}
)
FOREIGN_EVENTS = 100


@dataclass(frozen=True)
class StackEvent:
    """One change of state of a resource, or of the stack itself.

    Args:
        event_id: names it once and for all.
        time: when it happened.
        logical_id: of the resource; the stack's name for the stack.
        physical_id: of the resource, or nothing before it has one; the stack's ARN for the stack.
        resource_type: `AWS::DynamoDB::Table`.
        status: one of CloudFormation's ResourceStatus.
        reason: CloudFormation's sentence about it, or nothing.
        token: ClientRequestToken of the call that began the operation, if it had one.
        of_stack: whether it is about the stack and not about one of its resources.
    """

    event_id: str
    time: datetime
    logical_id: str
    physical_id: str
    resource_type: str
    status: str
    reason: str
    token: str | None
    of_stack: bool

    @property
    def failed(self) -> bool:
        """Whether something could not be done."""
        return self.status.endswith("_FAILED")

    @property
    def in_progress(self) -> bool:
        """Whether something was begun and has not ended."""
        return self.status.endswith("_IN_PROGRESS")


def stack_event(event: "StackEventTypeDef") -> StackEvent:
    """The event that one entry of DescribeStackEvents describes."""
    return StackEvent(
        event_id=event["EventId"],
        time=event["Timestamp"],
        logical_id=event.get("LogicalResourceId", ""),
        physical_id=event.get("PhysicalResourceId", ""),
        resource_type=event.get("ResourceType", ""),
        status=event.get("ResourceStatus", ""),
        reason=event.get("ResourceStatusReason", ""),
        token=event.get("ClientRequestToken"),
        of_stack=event.get("PhysicalResourceId") == event["StackId"],
    )


def newest_first(cloudformation: "CloudFormationClient", stack_id: str) -> Iterator[StackEvent]:
    """All events of a stack, page by page as they are asked for."""
    for page in cloudformation.get_paginator("describe_stack_events").paginate(StackName=stack_id):
        yield from map(stack_event, page["StackEvents"])


@dataclass
class OperationEvents:
    """Reads the events of one operation, a stretch at a time.

    An operation begins at its oldest event with its token; whatever follows belongs to it, whatever its token: a
    cancelled update rolls back under the token of the cancellation.

    Args:
        cloudformation: the client to read with.
        stack_id: ARN of the stack; its name stops resolving once it is deleted.
        token: ClientRequestToken of the operation; None for one that was begun without.
    """

    cloudformation: "CloudFormationClient"
    stack_id: str
    token: str | None
    read: list[StackEvent] = field(default_factory=list)

    def fresh(self) -> list[StackEvent]:
        """The events since the last time, oldest first."""
        events = self._since_last_read() if self.read else self._since_beginning()
        events.sort(key=lambda event: event.time)
        self.read.extend(events)
        return events

    @property
    def latest(self) -> StackEvent | None:
        """The newest event about the stack itself."""
        return next((event for event in reversed(self.read) if event.of_stack), None)

    @property
    def ending(self) -> StackEvent | None:
        """The stack's own event that ended the operation; None while it goes on."""
        latest = self.latest
        return latest if latest and not latest.in_progress else None

    @property
    def updating(self) -> bool:
        """Whether the operation is an update that can still be cancelled."""
        return self.latest is not None and self.latest.status == "UPDATE_IN_PROGRESS"

    def _since_last_read(self) -> list[StackEvent]:
        seen = {event.event_id for event in self.read}
        events = newest_first(self.cloudformation, self.stack_id)
        return list(takewhile(lambda event: event.event_id not in seen, events))[::-1]

    def _since_beginning(self) -> list[StackEvent]:
        stretch: list[StackEvent] = []
        found = False
        for event in newest_first(self.cloudformation, self.stack_id):
            own = event.token == self.token
            if (found or len(stretch) == FOREIGN_EVENTS) and not own:
                break
            found = found or own
            stretch.append(event)
            if own and event.of_stack and event.status in OPERATION_BEGINNINGS:
                break
        return stretch[::-1] if found else []
