"""The alarms of a stack: their state, what each means and what to do, and their history."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from build.cloudformation.stacks import ALARM_TYPE
from build.console.target import Target
from build.diagram.graph import EdgeKind

if TYPE_CHECKING:
    from mypy_boto3_cloudwatch import CloudWatchClient

COMPOSITE_ALARM_TYPE = "AWS::CloudWatch::CompositeAlarm"
RINGING = "ALARM"
_README = Path(__file__).parents[2] / "README.md"
_ROW = re.compile(r"^\| ([^|]+) \| `[^|]+ \| ([^|]+) \| ([^|]+) \|$", re.MULTILINE)
_HEADING = re.compile(r"README: (.+)$")
_LINK = re.compile(r"\[([^]]+)]\([^)]*\)")
_URGENCY = {RINGING: 0, "INSUFFICIENT_DATA": 1}


@dataclass(frozen=True)
class RunbookRow:
    """A row of the README's table of alarms."""

    heading: str
    meaning: str
    remedy: str


@dataclass(frozen=True)
class AlarmState:
    """An alarm as it is.

    Args:
        name: in CloudWatch.
        logical_id: in the template.
        state: OK, ALARM or INSUFFICIENT_DATA.
        since: when it came to be in that state.
        description: its own.
        composite: whether it notifies for others.
        watched: logical ids of what it watches.
    """

    name: str
    logical_id: str
    state: str
    since: datetime
    description: str
    composite: bool
    watched: frozenset[str]

    @property
    def rings(self) -> bool:
        return self.state == RINGING

    @property
    def runbook(self) -> RunbookRow | None:
        """The row under the heading with which its description ends."""
        heading = _HEADING.search(self.description)
        return runbook_rows().get(heading[1]) if heading else None


@dataclass(frozen=True)
class AlarmTransition:
    """A change of an alarm's state, in CloudWatch's words."""

    time: datetime
    summary: str


def alarm_states(target: Target) -> tuple[AlarmState, ...]:
    """The alarms of a stack, those that ring first."""
    names = target.physical_ids(ALARM_TYPE, COMPOSITE_ALARM_TYPE)
    pages = target.clients.cloudwatch.get_paginator("describe_alarms").paginate(
        AlarmNamePrefix=f"{target.config.suffix}-", AlarmTypes=["MetricAlarm", "CompositeAlarm"]
    )
    found = [
        AlarmState(
            alarm["AlarmName"],
            names[alarm["AlarmName"]],
            alarm["StateValue"],
            alarm["StateUpdatedTimestamp"],
            alarm.get("AlarmDescription", ""),
            "AlarmRule" in alarm,
            _watched(target, names[alarm["AlarmName"]]),
        )
        for page in pages
        for alarm in (*page.get("MetricAlarms", ()), *page.get("CompositeAlarms", ()))
        if alarm["AlarmName"] in names
    ]
    return tuple(sorted(found, key=lambda alarm: (_URGENCY.get(alarm.state, 2), not alarm.composite, alarm.name)))


@cache
def runbook_rows() -> Mapping[str, RunbookRow]:
    """The rows of the README's table of alarms, by heading."""
    rows = (RunbookRow(*map(_plain, cells)) for cells in _ROW.findall(_README.read_text("utf-8")))
    return {row.heading: row for row in rows}


def alarm_history(cloudwatch: "CloudWatchClient", name: str) -> list[AlarmTransition]:
    """The newest changes of an alarm's state, newest first."""
    answer = cloudwatch.describe_alarm_history(
        AlarmName=name,
        AlarmTypes=["MetricAlarm", "CompositeAlarm"],
        HistoryItemType="StateUpdate",
        MaxRecords=20,
        ScanBy="TimestampDescending",
    )
    return [AlarmTransition(item["Timestamp"], item["HistorySummary"]) for item in answer["AlarmHistoryItems"]]


def _watched(target: Target, logical_id: str) -> frozenset[str]:
    return frozenset(watched.logical_id for watched in target.graph.targets(logical_id, EdgeKind.WATCH))


def _plain(text: str) -> str:
    """A cell of a table in Markdown without its marks."""
    return _LINK.sub(r"\1", text).replace("`", "").strip()
