"""One JSON object a line, for programs."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any, TextIO

from build.deployment.changes.resource_changes import ResourceChange
from build.deployment.following.outcomes import OperationFailed
from build.deployment.following.stack_events import StackEvent
from build.deployment.operating.log_entries import LogEntry
from build.deployment.presenting.activity import Activity
from build.deployment.presenting.presenter import Heartbeat
from build.deployment.tables import Table
from build.errors import CommandError


class JsonPresenter:
    """Writes objects to a stream; `type` says what each is: step, change, event, heartbeat, failure or result."""

    def __init__(self, stream: TextIO) -> None:
        self.stream = stream
        self.activity = Activity()
        self.heartbeat = Heartbeat()

    def step(self, text: str) -> None:
        self._write("step", {"text": text})

    def changes(self, changes: Sequence[ResourceChange]) -> None:
        for change in changes:
            self._write("change", {"fate": change.fate.value, **asdict(change)})

    def event(self, event: StackEvent) -> None:
        self.activity.record(event)
        self._write("event", asdict(event))

    def waiting(self) -> None:
        if self.heartbeat.due():
            self._write("heartbeat", {"waiting_for": sorted(self.activity.begun)})

    def result(self, document: Mapping[str, Any], tables: Sequence[Table] = ()) -> None:
        self._write("result", document)

    def log(self, entry: LogEntry) -> None:
        self._write("log", asdict(entry))

    def failure(self, error: CommandError) -> None:
        self._write("failure", {"message": str(error), "exit_code": error.exit_code, **cause_of(error)})

    def close(self) -> None:
        pass

    def _write(self, kind: str, document: Mapping[str, Any]) -> None:
        print(json.dumps({"type": kind, **document}, default=str), file=self.stream, flush=True)


def cause_of(error: CommandError) -> dict[str, Any]:
    """What failed first, when CloudFormation told."""
    if not isinstance(error, OperationFailed) or error.cause is None:
        return {}
    return {"status": error.status, **asdict(error.cause), "hint": error.cause.hint}
