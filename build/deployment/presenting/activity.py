"""Which resources CloudFormation is working on, and what there is to say when it is done with one."""

from dataclasses import dataclass, field
from datetime import datetime

from build.deployment.following.stack_events import StackEvent
from build.deployment.one_line import one_line

OUTCOMES = {
    "CREATE_COMPLETE": "created",
    "DELETE_COMPLETE": "deleted",
    "DELETE_SKIPPED": "kept",
    "IMPORT_COMPLETE": "imported",
    "UPDATE_COMPLETE": "updated",
}


@dataclass
class Activity:
    """What is under way: when each resource was begun, by logical id."""

    begun: dict[str, datetime] = field(default_factory=dict)

    def record(self, event: StackEvent) -> str | None:
        """Take note of an event.

        Returns:
            A line for people, when the event says that something ended or is going back.
        """
        if event.of_stack:
            return stack_line(event)
        if event.in_progress:
            self.begun.setdefault(event.logical_id, event.time)
            return None
        begun = self.begun.pop(event.logical_id, event.time)
        return resource_line(event, (event.time - begun).total_seconds())


def stack_line(event: StackEvent) -> str | None:
    """What to say of a stack's own event; nothing of one that only begins what was asked for."""
    if event.in_progress and "ROLLBACK" not in event.status:
        return None
    return with_reason(f"{event.logical_id} is {event.status}", event.reason)


def resource_line(event: StackEvent, seconds: float) -> str:
    """What to say of a resource that CloudFormation is done with."""
    outcome = OUTCOMES.get(event.status, event.status)
    duration = f" in {seconds:.0f} s" if seconds >= 1 else ""
    line = f"{event.logical_id} {outcome}{duration}"
    return with_reason(line, event.reason) if event.failed else line


def with_reason(line: str, reason: str) -> str:
    """A line and, if there is one, the reason for what it says."""
    return f"{line}: {one_line(reason)}" if reason else line
