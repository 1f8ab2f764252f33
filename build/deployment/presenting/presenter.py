"""Who shows what a command does: lines, a live display, or JSON."""

import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from time import monotonic
from typing import Any, Protocol

from build.deployment.operating.log_entries import LogEntry
from build.deployment.progress import Progress
from build.deployment.tables import Table
from build.errors import CommandError

HEARTBEAT_SECONDS = 30.0


class Presenter(Progress, Protocol):
    """Hears what happens, and shows how it ended."""

    def result(self, document: Mapping[str, Any], tables: Sequence[Table] = ()) -> None:
        """The command is done.

        Args:
            document: the result for programs.
            tables: the result for people.
        """

    def log(self, entry: LogEntry) -> None:
        """A stack logged something."""

    def failure(self, error: CommandError) -> None:
        """The command failed; its sentence goes to stderr without further doing."""

    def close(self) -> None:
        """Nothing more will come."""


class Heartbeat:
    """Says when it is time for a sign of life."""

    def __init__(self) -> None:
        self.last = monotonic()

    def due(self) -> bool:
        """Whether the last sign is half a minute old; if so, this is the next."""
        now = monotonic()
        if now - self.last < HEARTBEAT_SECONDS:
            return False
        self.last = now
        return True


def presenter_for(json_lines: bool) -> Presenter:
    """The presenter for where the output goes: a live display only for a terminal that can move its cursor."""
    if json_lines:
        from build.deployment.presenting.json_lines import JsonPresenter

        return JsonPresenter(sys.stdout)
    if sys.stdout.isatty() and os.environ.get("TERM") != "dumb":
        from build.deployment.presenting.terminal import TerminalPresenter

        return TerminalPresenter()
    from build.deployment.presenting.lines import LinePresenter

    return LinePresenter(sys.stdout)


@contextmanager
def presenting(json_lines: bool) -> Iterator[Presenter]:
    """A presenter that also shows why a command failed, and leaves the terminal as it was."""
    presenter = presenter_for(json_lines)
    try:
        yield presenter
    except CommandError as error:
        presenter.failure(error)
        raise
    finally:
        presenter.close()
