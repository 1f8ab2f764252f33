"""Whom a command tells what it does."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from build.deployment.changes.resource_changes import ResourceChange
    from build.deployment.following.stack_events import StackEvent


class Progress(Protocol):
    """Hears what happens while it happens."""

    def step(self, text: str) -> None:
        """Something was done, or is worth knowing: one sentence without a full stop."""

    def changes(self, changes: "Sequence[ResourceChange]") -> None:
        """What is about to change."""

    def event(self, event: "StackEvent") -> None:
        """A resource, or the stack, changed its state."""

    def waiting(self) -> None:
        """Nothing new; called every few seconds."""


class Silence:
    """Tells nobody anything."""

    def step(self, text: str) -> None:
        pass

    def changes(self, changes: "Sequence[ResourceChange]") -> None:
        pass

    def event(self, event: "StackEvent") -> None:
        pass

    def waiting(self) -> None:
        pass
