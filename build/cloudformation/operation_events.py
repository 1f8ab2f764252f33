"""The events of one operation on a stack, told from those of the operations before it."""

from dataclasses import dataclass, field
from itertools import takewhile
from typing import TYPE_CHECKING

from build.cloudformation.stacks import StackEvent, stack_events

if TYPE_CHECKING:
    from mypy_boto3_cloudformation import CloudFormationClient

FOREIGN_EVENTS = 100
"""After so many events without its token, an operation's own have not been written yet."""
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


def stack_name(stack_id: str) -> str:
    """The name in the ARN of a stack."""
    return stack_id.split("/")[1]
