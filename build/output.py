"""How results are shown: live to people at a terminal, as plain lines elsewhere, as JSON to programs."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from operator import itemgetter
from time import monotonic
from typing import Any, Protocol, TextIO

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.spinner import Spinner
from rich.text import Text

from build.cloudformation.changes import ResourceChange, change_lines
from build.cloudformation.stacks import DeployedStack, StackEvent
from build.errors import CommandError
from build.progress import Progress
from build.text import TextTable, one_line, print_table

_HEARTBEAT_SECONDS = 30.0
_OUTCOMES = {
    "CREATE_COMPLETE": "created",
    "DELETE_COMPLETE": "deleted",
    "DELETE_SKIPPED": "retained",
    "IMPORT_COMPLETE": "imported",
    "UPDATE_COMPLETE": "updated",
}

_MOST_RESOURCES_SHOWN = 8
_LEVEL_STYLES = {"WARNING": "yellow", "ERROR": "red", "CRITICAL": "bold red"}
_CHANGE_STYLES = {"+": "green", "-": "red", "!": "bold red"}


class Presenter(Progress, Protocol):
    """Shows what happens, and how it ended."""

    def result(self, document: Mapping[str, Any], tables: Sequence[TextTable] = ()) -> None:
        """The command is done.

        Args:
            document: the result for programs.
            tables: the result for people.
        """

    def log(self, line: str, level: str, document: Mapping[str, Any]) -> None:
        """A function or workflow of the stack logged something.

        Args:
            line: for people.
            level: `INFO`, `ERROR`, or nothing.
            document: for programs.
        """

    def failure(self, error: CommandError) -> None:
        """The command failed; the sentence itself is printed on stderr elsewhere."""

    def close(self) -> None:
        """Nothing more will come."""


@dataclass
class ResourcesInProgress:
    """The resources that CloudFormation is working on: when each was begun, by logical id."""

    begun: dict[str, datetime] = field(default_factory=dict)

    def record(self, event: StackEvent) -> str | None:
        """Take note of an event.

        Returns:
            A line for people, when the event says that something ended or is rolled back.
        """
        if event.of_stack:
            return _stack_line(event)
        if event.in_progress:
            self.begun.setdefault(event.logical_id, event.time)
            return None
        begun = self.begun.pop(event.logical_id, event.time)
        return _resource_line(event, (event.time - begun).total_seconds())


class Heartbeat:
    """Says when it is time for a sign of life."""

    def __init__(self) -> None:
        self._last = monotonic()

    def due(self) -> bool:
        """Whether the last sign is half a minute old; if so, this is the next."""
        now = monotonic()
        if now - self._last < _HEARTBEAT_SECONDS:
            return False
        self._last = now
        return True


class LinePresenter:
    """Writes a line for each thing that happens, for logs and pipes: no control characters, nothing that moves."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._in_progress = ResourcesInProgress()
        self._heartbeat = Heartbeat()

    def step(self, text: str) -> None:
        self._write(text)

    def changes(self, changes: Sequence[ResourceChange]) -> None:
        for line in change_lines(changes):
            self._write(line)

    def event(self, event: StackEvent) -> None:
        line = self._in_progress.record(event)
        if line:
            self._write(line)

    def waiting(self) -> None:
        if self._heartbeat.due():
            self._write(f"waiting for {', '.join(sorted(self._in_progress.begun)) or 'AWS'}")

    def result(self, document: Mapping[str, Any], tables: Sequence[TextTable] = ()) -> None:
        for table in tables:
            for line in table.lines:
                self._write(line)

    def log(self, line: str, level: str, document: Mapping[str, Any]) -> None:
        self._write(line)

    def failure(self, error: CommandError) -> None:
        pass

    def close(self) -> None:
        pass

    def _write(self, line: str) -> None:
        encoding = self._stream.encoding or "utf-8"
        print(line.encode(encoding, "replace").decode(encoding), file=self._stream, flush=True)


class JsonPresenter:
    """Writes one JSON object a line; its `type` is step, change, event, heartbeat, log, failure or result.

    Times are as in ISO 8601: `2026-03-01T12:00:01+00:00`.
    """

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._in_progress = ResourcesInProgress()
        self._heartbeat = Heartbeat()

    def step(self, text: str) -> None:
        self._write("step", {"text": text})

    def changes(self, changes: Sequence[ResourceChange]) -> None:
        for change in changes:
            self._write("change", {"kind": change.kind.value, "iam": change.of_permissions, **asdict(change)})

    def event(self, event: StackEvent) -> None:
        self._in_progress.record(event)
        self._write("event", asdict(event))

    def waiting(self) -> None:
        if self._heartbeat.due():
            self._write("heartbeat", {"waiting_for": sorted(self._in_progress.begun)})

    def result(self, document: Mapping[str, Any], tables: Sequence[TextTable] = ()) -> None:
        self._write("result", document)

    def log(self, line: str, level: str, document: Mapping[str, Any]) -> None:
        self._write("log", document)

    def failure(self, error: CommandError) -> None:
        self._write("failure", error.document)

    def close(self) -> None:
        pass

    def _write(self, kind: str, document: Mapping[str, Any]) -> None:
        print(json.dumps({"type": kind, **document}, default=_json_value), file=self._stream, flush=True)


def outputs_table(stack: DeployedStack) -> TextTable:
    """The outputs of a stack, by name."""
    return TextTable(f"Outputs of {stack.name}", ("output", "value"), sorted(stack.outputs.items()))


def result_tables(stack: DeployedStack) -> list[TextTable]:
    """What a deployment ends with: the outputs of the stack, and the pause of its streams if there is one."""
    pause = [TextTable("Streams", ("", ""), [("paused", stack.pause)])] if stack.pause else []
    return [outputs_table(stack), *pause]


def _json_value(value: object) -> str:
    return value.isoformat() if isinstance(value, datetime) else str(value)


def _stack_line(event: StackEvent) -> str | None:
    if event.in_progress and "ROLLBACK" not in event.status:
        return None
    return _with_reason(f"{event.logical_id} is {event.status}", event.reason)


def _resource_line(event: StackEvent, seconds: float) -> str:
    outcome = _OUTCOMES.get(event.status, event.status)
    duration = f" in {seconds:.0f} s" if seconds >= 1 else ""
    line = f"{event.logical_id} {outcome}{duration}"
    return _with_reason(line, event.reason) if event.failed else line


def _with_reason(line: str, reason: str) -> str:
    return f"{line}: {one_line(reason)}" if reason else line


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
