"""A live display for people who watch: what is under way moves at the bottom, what is done scrolls above it."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.measure import Measurement
from rich.spinner import Spinner
from rich.table import Table as RichTable
from rich.text import Text

from build.deployment.changes.resource_changes import ResourceChange
from build.deployment.following.stack_events import StackEvent
from build.deployment.operating.log_entries import LogEntry
from build.deployment.presenting.activity import Activity
from build.deployment.presenting.change_text import change_lines
from build.deployment.tables import Table
from build.errors import CommandError

MOST_RESOURCES_SHOWN = 8
UNLIMITED = 10_000
LEVELS = {"WARNING": "yellow", "ERROR": "red", "CRITICAL": "bold red"}
COLOURS = {"+": "green", "-": "red", "!": "bold red"}


class TerminalPresenter:
    """Writes to the terminal with rich, which honours NO_COLOR."""

    def __init__(self, console: Console | None = None) -> None:
        self.console = console or Console(highlight=False)
        self.activity = Activity()
        self.spinner = Spinner("dots", "AWS is at work")
        self.live = Live(console=self.console, get_renderable=self._display, transient=True, refresh_per_second=8)

    def step(self, text: str) -> None:
        self._print(text)

    def changes(self, changes: Sequence[ResourceChange]) -> None:
        for line in change_lines(changes):
            self._print(line, COLOURS.get(line[0], ""))

    def event(self, event: StackEvent) -> None:
        line = self.activity.record(event)
        if line:
            self._print(line, "red" if event.failed or "ROLLBACK" in event.status else "green")

    def waiting(self) -> None:
        self.live.start()

    def result(self, document: Mapping[str, Any], tables: Sequence[Table] = ()) -> None:
        self.close()
        for table in tables:
            self._show(table)

    def log(self, entry: LogEntry) -> None:
        self._print(entry.line, LEVELS.get(entry.level, ""))

    def failure(self, error: CommandError) -> None:
        pass

    def close(self) -> None:
        self.live.stop()

    def _show(self, table: Table) -> None:
        """In a frame, or without one where a frame would cut names that people want to copy."""
        framed = rich_table(table)
        unlimited = self.console.options.update(max_width=UNLIMITED)
        if Measurement.get(self.console, unlimited, framed).maximum <= self.console.width:
            self.console.print(framed)
        else:
            for line in table.lines:
                self.console.print(Text(line), soft_wrap=True)

    def _print(self, line: str, style: str = "") -> None:
        self.console.print(Text(line, style))

    def _display(self) -> RenderableType:
        now = datetime.now(UTC)
        oldest = sorted(list(self.activity.begun.items()), key=lambda one: one[1])
        shown = oldest[:MOST_RESOURCES_SHOWN]
        lines = [Text(f"  {name}  {(now - begun).total_seconds():.0f} s", "dim") for name, begun in shown]
        hidden = len(oldest) - len(shown)
        more = [Text(f"  and {hidden} more", "dim")] if hidden else []
        return Group(self.spinner, *lines, *more)


def rich_table(table: Table) -> RichTable:
    """A table in rich's terms."""
    shown = RichTable(title=table.title, title_justify="left", show_header=any(table.columns))
    for column in table.columns:
        shown.add_column(column)
    for row in table.rows:
        shown.add_row(*map(Text, row))
    return shown
