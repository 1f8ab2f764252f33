"""A live display for people who watch: what is under way moves at the bottom, what is done scrolls above it."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from operator import itemgetter
from typing import Any

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.spinner import Spinner
from rich.text import Text

from build.cloudformation.changes import ResourceChange, change_lines
from build.cloudformation.stacks import StackEvent
from build.errors import CommandError
from build.output import ResourcesInProgress
from build.text import TextTable, print_table

_MOST_RESOURCES_SHOWN = 8
_LEVEL_STYLES = {"WARNING": "yellow", "ERROR": "red", "CRITICAL": "bold red"}
_CHANGE_STYLES = {"+": "green", "-": "red", "!": "bold red"}


class TerminalPresenter:
    """Writes to the terminal with rich, which honours NO_COLOR."""

    def __init__(self, console: Console | None = None) -> None:
        self._console = console or Console(highlight=False)
        self._in_progress = ResourcesInProgress()
        self._spinner = Spinner("dots", "AWS is at work")
        self._live = Live(console=self._console, get_renderable=self._display, transient=True, refresh_per_second=8)

    def step(self, text: str) -> None:
        self._print(text)

    def changes(self, changes: Sequence[ResourceChange]) -> None:
        for line in change_lines(changes):
            self._print(line, _CHANGE_STYLES.get(line[0], ""))

    def event(self, event: StackEvent) -> None:
        line = self._in_progress.record(event)
        if line:
            self._print(line, "red" if event.failed or "ROLLBACK" in event.status else "green")

    def waiting(self) -> None:
        self._live.start()

    def result(self, document: Mapping[str, Any], tables: Sequence[TextTable] = ()) -> None:
        self.close()
        for table in tables:
            print_table(self._console, table)

    def log(self, line: str, level: str, document: Mapping[str, Any]) -> None:
        self._print(line, _LEVEL_STYLES.get(level, ""))

    def failure(self, error: CommandError) -> None:
        pass

    def close(self) -> None:
        self._live.stop()

    def _print(self, line: str, style: str = "") -> None:
        self._console.print(Text(line, style))

    def _display(self) -> RenderableType:
        now = datetime.now(UTC)
        oldest = sorted(list(self._in_progress.begun.items()), key=itemgetter(1))
        shown = oldest[:_MOST_RESOURCES_SHOWN]
        lines = [Text(f"  {name}  {(now - begun).total_seconds():.0f} s", "dim") for name, begun in shown]
        hidden = len(oldest) - len(shown)
        more = [Text(f"  and {hidden} more", "dim")] if hidden else []
        return Group(self._spinner, *lines, *more)
