"""The command `logs`: what the functions and the workflow of a stack log, readably, once or followed."""

import argparse
import json
import re
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from build.aws import Clients, until
from build.aws_errors import is_transient
from build.cloudformation.stacks import LOG_GROUP_TYPE, DeployedStack, existing_stack, stack_resources
from build.errors import CommandError
from build.options import add_stack_options, stack_context
from build.output import Presenter
from build.text import one_line

if TYPE_CHECKING:
    from mypy_boto3_logs import CloudWatchLogsClient
    from mypy_boto3_logs.type_defs import FilteredLogEventTypeDef

EXAMPLE = "python -m build logs --suffix prod --function UserDataProcessor --since 2h --follow"
LATE_MILLISECONDS = 30_000
"""How late CloudWatch Logs may show an event whose neighbours it showed already."""
_SECONDS = {"s": 1, "m": 60, "h": 3_600, "d": 86_400}
_SHOWN_OTHERWISE = frozenset(
    {"cold_start", "function_arn", "function_memory_size", "function_name", "function_request_id", "level", "location"}
    | {"message", "service", "timestamp", "type", "xray_trace_id"}
    | {"event_timestamp", "execution_arn", "id", "previous_event_id", "redrive_count"}
)
"""Fields of Powertools' logger and of Step Functions that a line shows otherwise, or that say nothing to people."""
_NOISE = ("START RequestId", "END RequestId", "INIT_START")


@dataclass(frozen=True)
class LogEntry:
    """A log event.

    Args:
        event_id: unique for ever; where the endpoint gives none, as emulators may not, unique in its log group.
        time: when it was written.
        source: what wrote it: the logical id of its log group, without that word.
        level: `INFO`, `ERROR`, or nothing when it has none.
        message: one line.
        fields: its other fields.
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
        fields = (f"{name}={_field_text(value)}" for name, value in self.fields.items())
        return " ".join(
            filter(None, (f"{self.time:%H:%M:%S}", self.level.ljust(7), self.source, self.message, *fields))
        )


@dataclass
class LogTail:
    """Reads a log group from where it was read last.

    Args:
        logs: the client to read with.
        group: name of the log group.
        source: what people call it.
        since: where to begin, in milliseconds since 1970; moves on only when every page was read.
        seen: times of the events read since then, by id.
    """

    logs: "CloudWatchLogsClient"
    group: str
    source: str
    since: int
    seen: dict[str, int] = field(default_factory=dict)

    def read_new(self) -> Iterator[LogEntry]:
        """The entries that were not there the last time; after an error the next reading continues where it occurred.

        Raises:
            ClientError: when AWS refuses a page.
        """
        for event_id, event in self._events():
            if event_id not in self.seen:
                self.seen[event_id] = event["timestamp"]
                entry = log_entry(self.source, event_id, event)
                if entry:
                    yield entry
        self.since = max(self.since, max(self.seen.values(), default=0) - LATE_MILLISECONDS)
        self.seen = {event_id: time for event_id, time in self.seen.items() if time >= self.since}

    def _events(self) -> "Iterator[tuple[str, FilteredLogEventTypeDef]]":
        """All events since then, each with its id."""
        alike: Counter[tuple[int, str]] = Counter()
        pages = self.logs.get_paginator("filter_log_events").paginate(logGroupName=self.group, startTime=self.since)
        for event in (event for page in pages for event in page["events"]):
            content = (event["timestamp"], f"{event.get('logStreamName')} {event['message']}")
            alike[content] += 1
            yield event.get("eventId") or _made_up_id(*content, alike[content]), event


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_stack_options(parser)
    parser.add_argument("--function", metavar="NAME", help="logical id, like UserDataProcessor (default: all)")
    parser.add_argument("--follow", action="store_true", help="go on showing what is logged, until Ctrl-C")
    parser.add_argument(
        "--since", type=duration, default="10m", metavar="DURATION", help="how far back: 90s, 10m, 2h, 3d (10m)"
    )


def run(arguments: argparse.Namespace) -> int:
    """Show what a stack logged; 0 when done.

    Raises:
        CommandError: when there is no such stack or function.
    """
    with stack_context(arguments) as context:
        stack = existing_stack(context.clients.cloudformation, context.config.stack_name)
        since = int((time.time() - arguments.since) * 1000)
        tails = log_tails(context.clients, stack, arguments.function, since)
        show = _follow if arguments.follow else show_new_entries
        show(tails, context.presenter)
    return 0


def duration(text: str) -> int:
    """A length of time in seconds, from `90s`, `10m`, `2h` or `3d`.

    Raises:
        ArgumentTypeError: for anything else.
    """
    match = re.fullmatch(r"(\d+)([smhd])", text)
    if not match:
        raise argparse.ArgumentTypeError(f"{text!r} is not a length of time like 90s, 10m, 2h or 3d")
    return int(match[1]) * _SECONDS[match[2]]


def log_tails(clients: Clients, stack: DeployedStack, function: str | None, since: int) -> list[LogTail]:
    """The log groups of a stack, or that of one function.

    Args:
        clients: of the account and region.
        stack: whose log groups they are.
        function: logical id; None for all, the workflow's included.
        since: where to begin, in milliseconds since 1970.

    Raises:
        CommandError: when there is no such function.
    """
    groups = {
        resource.logical_id.removesuffix("LogGroup"): resource.physical_id
        for resource in stack_resources(clients.cloudformation, stack.stack_id)
        if resource.resource_type == LOG_GROUP_TYPE
    }
    if function and function not in groups:
        raise CommandError(f"{function} writes no logs in {stack.name}; choose one of {', '.join(sorted(groups))}.", 2)
    chosen = [function] if function else sorted(groups)
    return [LogTail(clients.logs, groups[source], source, since) for source in chosen]


def show_new_entries(tails: list[LogTail], presenter: Presenter) -> None:
    """Show what all log groups have to show by now, in order of time.

    Raises:
        ClientError, BotoCoreError: when a log group could not be read to its end, after the rest was shown; one that
            is not transient if there is one.
    """
    entries: list[LogEntry] = []
    errors: list[ClientError | BotoCoreError] = []
    for tail in tails:
        try:
            for entry in tail.read_new():
                entries.append(entry)
        except (ClientError, BotoCoreError) as error:
            errors.append(error)
    for entry in sorted(entries, key=lambda entry: entry.time):
        presenter.log(entry.line, entry.level, asdict(entry))
    if errors:
        raise min(errors, key=_passes)


def log_entry(source: str, event_id: str, event: "FilteredLogEventTypeDef") -> LogEntry | None:
    """The entry that an event of FilterLogEvents is; None for what Lambda logs of each invocation, and metrics."""
    text = event["message"].strip()
    content = _structure_of(text)
    if text.startswith(_NOISE) or "_aws" in content:
        return None
    return LogEntry(
        event_id=event_id,
        time=datetime.fromtimestamp(event["timestamp"] / 1000, UTC),
        source=source,
        level=str(content.get("level", "")),
        message=one_line(str(content.get("message") or content.get("type") or text)),
        fields={name: value for name, value in content.items() if name not in _SHOWN_OTHERWISE},
    )


def _follow(tails: list[LogTail], presenter: Presenter) -> None:
    try:
        until(lambda: show_new_entries(tails, presenter), lambda: None)
    except KeyboardInterrupt:
        return


def _passes(error: ClientError | BotoCoreError) -> bool:
    return isinstance(error, ClientError) and is_transient(error)


def _made_up_id(timestamp: int, content: str, number: int) -> str:
    """An id for the `number`th of the events that are alike in all that is known of them."""
    return f"{timestamp}-{sha256(content.encode()).hexdigest()}-{number}"


def _structure_of(text: str) -> dict[str, Any]:
    """The object that a log line is, or an empty one."""
    try:
        content = json.loads(text)
    except ValueError:
        return {}
    return content if isinstance(content, dict) else {}


def _field_text(value: Any) -> str:
    return one_line(value if isinstance(value, str) else json.dumps(value))
