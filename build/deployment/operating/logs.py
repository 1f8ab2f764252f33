"""Reading and following the log groups of a stack."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from build.deployment.clients import Clients
from build.deployment.deployed_stack import DeployedStack
from build.deployment.operating.log_entries import LogEntry, log_entry
from build.deployment.stack_resources import stack_resources
from build.errors import CommandError

if TYPE_CHECKING:
    from mypy_boto3_logs import CloudWatchLogsClient

LATE_MILLISECONDS = 30_000
"""How late CloudWatch Logs may show an event whose neighbours it showed already."""


@dataclass
class LogTail:
    """Reads a log group, a stretch at a time.

    Args:
        logs: the client to read with.
        group: name of the log group.
        source: what people call it.
        since: where to begin, in milliseconds since 1970.
        seen: times of the entries shown, by id.
    """

    logs: "CloudWatchLogsClient"
    group: str
    source: str
    since: int
    seen: dict[str, int] = field(default_factory=dict)

    def fresh(self) -> Iterator[LogEntry]:
        """The entries that were not there the last time."""
        start = max(self.since, max(self.seen.values(), default=0) - LATE_MILLISECONDS)
        self.seen = {name: time for name, time in self.seen.items() if time >= start}
        pages = self.logs.get_paginator("filter_log_events").paginate(logGroupName=self.group, startTime=start)
        for event in (event for page in pages for event in page["events"]):
            if event["eventId"] not in self.seen:
                self.seen[event["eventId"]] = event["timestamp"]
                entry = log_entry(self.source, event)
                if entry:
                    yield entry


def tails(clients: Clients, stack: DeployedStack, function: str | None, since: int) -> list[LogTail]:
    """The log groups of a stack, or that of one function.

    Args:
        clients: connections to the account and region.
        stack: whose log groups they are.
        function: logical id; None for all, the workflow's included.
        since: where to begin, in milliseconds since 1970.

    Raises:
        CommandError: when there is no such function.
    """
    groups = {
        one.logical_id.removesuffix("LogGroup"): one.physical_id
        for one in stack_resources(clients.cloudformation, stack.stack_id)
        if one.resource_type == "AWS::Logs::LogGroup"
    }
    if function and function not in groups:
        raise CommandError(f"{function} writes no logs in {stack.name}; choose one of {', '.join(sorted(groups))}.", 2)
    chosen = [function] if function else sorted(groups)
    return [LogTail(clients.logs, groups[name], name, since) for name in chosen]


def fresh_entries(tails: list[LogTail]) -> list[LogEntry]:
    """What all log groups have to show by now, in order of time."""
    return sorted((entry for tail in tails for entry in tail.fresh()), key=lambda entry: entry.time)
