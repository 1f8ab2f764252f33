"""Log events as people read them: when, how grave, who, what, and the fields that matter."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from build.deployment.one_line import one_line

if TYPE_CHECKING:
    from mypy_boto3_logs.type_defs import FilteredLogEventTypeDef

SAID_OTHERWISE = frozenset(
    {"cold_start", "function_arn", "function_memory_size", "function_name", "function_request_id", "level", "location"}
    | {"message", "service", "timestamp", "type", "xray_trace_id"}
    | {"event_timestamp", "execution_arn", "id", "previous_event_id", "redrive_count"}
)
"""Fields of Powertools' logger and of Step Functions that a line says otherwise, or that say nothing to people."""
NOISE = ("START RequestId", "END RequestId", "INIT_START")


@dataclass(frozen=True)
class LogEntry:
    """A log event.

    Args:
        event_id: names it once and for all.
        time: when it was written.
        source: what wrote it: the logical id of its log group, without that word.
        level: `INFO`, `ERROR`, or nothing when it does not say.
        message: one line.
        fields: what it says besides.
    """

    event_id: str
    time: datetime
    source: str
    level: str
    message: str
    fields: Mapping[str, Any]

    @property
    def line(self) -> str:
        """The entry as one line."""
        fields = (f"{name}={field_text(value)}" for name, value in self.fields.items())
        return " ".join(
            filter(None, (f"{self.time:%H:%M:%S}", self.level.ljust(7), self.source, self.message, *fields))
        )


def log_entry(source: str, event: "FilteredLogEventTypeDef") -> LogEntry | None:
    """The entry that an event of FilterLogEvents is; None for what Lambda says about each invocation, and metrics."""
    text = event["message"].strip()
    content = structure_of(text)
    if text.startswith(NOISE) or "_aws" in content:
        return None
    return LogEntry(
        event_id=event["eventId"],
        time=datetime.fromtimestamp(event["timestamp"] / 1000, UTC),
        source=source,
        level=str(content.get("level", "")),
        message=one_line(str(content.get("message") or content.get("type") or text)),
        fields={name: value for name, value in content.items() if name not in SAID_OTHERWISE},
    )


def structure_of(text: str) -> dict[str, Any]:
    """The object that a log line is, or an empty one."""
    try:
        content = json.loads(text)
    except ValueError:
        return {}
    return content if isinstance(content, dict) else {}


def field_text(value: Any) -> str:
    """A value in one line."""
    return one_line(value if isinstance(value, str) else json.dumps(value))
