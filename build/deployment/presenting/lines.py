"""A line for each thing that happens, for logs and pipes: no control characters, nothing that moves."""

from collections.abc import Mapping, Sequence
from typing import Any, TextIO

from build.deployment.changes.resource_changes import ResourceChange
from build.deployment.following.stack_events import StackEvent
from build.deployment.operating.log_entries import LogEntry
from build.deployment.presenting.activity import Activity
from build.deployment.presenting.change_text import change_lines
from build.deployment.presenting.presenter import Heartbeat
from build.deployment.tables import Table
from build.errors import CommandError


class LinePresenter:
    """Writes plain lines to a stream."""

    def __init__(self, stream: TextIO) -> None:
        self.stream = stream
        self.activity = Activity()
        self.heartbeat = Heartbeat()

    def step(self, text: str) -> None:
        self._write(text)

    def changes(self, changes: Sequence[ResourceChange]) -> None:
        for line in change_lines(changes):
            self._write(line)

    def event(self, event: StackEvent) -> None:
        line = self.activity.record(event)
        if line:
            self._write(line)

    def waiting(self) -> None:
        if self.heartbeat.due():
            self._write(f"waiting for {', '.join(sorted(self.activity.begun)) or 'AWS'}")

    def result(self, document: Mapping[str, Any], tables: Sequence[Table] = ()) -> None:
        for table in tables:
            for line in table.lines:
                self._write(line)

    def log(self, entry: LogEntry) -> None:
        self._write(entry.line)

    def failure(self, error: CommandError) -> None:
        pass

    def close(self) -> None:
        pass

    def _write(self, line: str) -> None:
        encoding = self.stream.encoding or "utf-8"
        print(line.encode(encoding, "replace").decode(encoding), file=self.stream, flush=True)
