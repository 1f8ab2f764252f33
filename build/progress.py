"""How a command tells what it is doing while it does it."""

import sys
from collections.abc import Sequence
from typing import Protocol

from build.cloudformation.changes import ResourceChange
from build.cloudformation.stacks import StackEvent


class Progress(Protocol):
    """Hears what happens while it happens."""

    def step(self, text: str) -> None:
        """Something was done, or is worth knowing: one sentence without a full stop."""

    def changes(self, changes: Sequence[ResourceChange]) -> None:
        """These resources are about to change."""

    def event(self, event: StackEvent) -> None:
        """A resource, or the stack, changed its status."""

    def waiting(self) -> None:
        """Nothing new; called every few seconds."""


class NullProgress:
    """Shows nothing."""

    def step(self, text: str) -> None:
        pass

    def changes(self, changes: Sequence[ResourceChange]) -> None:
        pass

    def event(self, event: StackEvent) -> None:
        pass

    def waiting(self) -> None:
        pass


class StderrProgress(NullProgress):
    """Prints the steps on stderr, and nothing of the details of a deployment."""

    def step(self, text: str) -> None:
        print(f"{text[0].upper()}{text[1:]}", file=sys.stderr, flush=True)
