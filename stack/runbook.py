"""What the README tells to do about alarms: its headings, and how urgent what is under them is."""

from dataclasses import dataclass
from enum import Enum


class Severity(Enum):
    """What an alarm means for the data, most urgent first; the value names the composite alarm that notifies."""

    DATA_AT_RISK = "data-at-risk"
    BROKEN = "broken"
    LATE = "late"

    @property
    def title(self) -> str:
        """The name as a sentence begins with it, `Data at risk`."""
        return self.value.replace("-", " ").capitalize()


@dataclass(frozen=True)
class RunbookEntry:
    """A row of the README's table of alarms.

    Args:
        heading: its first cell, with which the descriptions of its alarms end.
        severity: of its alarms.
        waits_for_a_person: whether something stays to be done when the metric is good again, so that no notification
            may say that it is over.
    """

    heading: str
    severity: Severity
    waits_for_a_person: bool = False

    def under_heading(self, description: str) -> str:
        """The description of an alarm with the heading at its end."""
        return f"{description} README: {self.heading}"


FUNCTION_FAILS = RunbookEntry("A function fails", Severity.BROKEN)
FUNCTION_THROTTLED = RunbookEntry("A function is throttled", Severity.LATE)
RECORDS_LATE = RunbookEntry("Records are late", Severity.LATE)
STREAM_NOT_READ = RunbookEntry("A stream is not read", Severity.DATA_AT_RISK)
RECORDS_KEEP_FAILING = RunbookEntry("Records keep failing", Severity.BROKEN)
FAILED_EVENTS_WAIT = RunbookEntry("Failed events wait", Severity.DATA_AT_RISK, waits_for_a_person=True)
FAILED_EVENTS_LOST = RunbookEntry("Failed events were lost", Severity.DATA_AT_RISK, waits_for_a_person=True)
RECORDS_DROPPED = RunbookEntry("Records were dropped", Severity.DATA_AT_RISK, waits_for_a_person=True)
EXECUTION_FAILED = RunbookEntry("An execution failed", Severity.BROKEN, waits_for_a_person=True)
WORKFLOW_THROTTLED = RunbookEntry("The workflow is throttled", Severity.LATE)
NO_SUMMARY = RunbookEntry("No day was summarised", Severity.LATE)
NOT_STARTED = RunbookEntry("No execution was started", Severity.BROKEN, waits_for_a_person=True)
SHARDS_NEARLY_FULL = RunbookEntry("Shards are nearly full", Severity.LATE)
TABLE_THROTTLED = RunbookEntry("Writes are throttled", Severity.LATE)
