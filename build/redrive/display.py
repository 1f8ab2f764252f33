"""Progress on stderr: a bar on a terminal, else a line for each object."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.text import Text

from build.redrive.report import Entry
from build.text import one_line


class Display(Protocol):
    """Hears what happens while it happens."""

    def object_done(self, entry: Entry | None) -> None:
        """An object was looked at or replayed; None for one that is not asked for, or gone."""

    def note(self, text: str) -> None:
        """Something else worth knowing."""


class Lines:
    """A line for each thing that happens."""

    def __init__(self, console: Console, total: int) -> None:
        self.console = console
        self.total = total
        self.done = 0

    def object_done(self, entry: Entry | None) -> None:
        self.done += 1
        if entry:
            self.note(f"{self.done}/{self.total} {entry.line}")

    def note(self, text: str) -> None:
        self.console.print(Text(one_line(text)), soft_wrap=True)


class Bar:
    """A bar that fills, and lines above it for what needs attention."""

    def __init__(self, progress: Progress, total: int) -> None:
        self.progress = progress
        self.task = progress.add_task("failed events", total=total)

    def object_done(self, entry: Entry | None) -> None:
        self.progress.advance(self.task)
        if entry and entry.reason:
            self.note(entry.line)

    def note(self, text: str) -> None:
        self.progress.console.print(Text(one_line(text)), soft_wrap=True)


@contextmanager
def displaying(console: Console, total: int) -> Iterator[Display]:
    """The display for a console, for as long as so many objects take."""
    if not console.is_terminal or console.is_dumb_terminal:
        yield Lines(console, total)
        return
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True) as progress:
        yield Bar(progress, total)
