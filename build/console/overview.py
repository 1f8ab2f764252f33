"""What every open page shows: read by one thread for all of them, again and again, more slowly when AWS throttles."""

import traceback
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import cached_property
from threading import Event, Thread

from botocore.exceptions import BotoCoreError, ClientError

from build.aws_errors import explanation, is_transient
from build.console.alarm_states import AlarmState, alarm_states
from build.console.daily_summaries import DailySummary, newest_summaries
from build.console.execution_paths import ListedExecution, newest_executions
from build.console.failed_batches import FailedBatches
from build.console.log_buffer import LogBuffer
from build.console.metrics import DEFAULT_PERIOD, SHOWN, Metric, Series, Widget, dashboard_widgets, metric_series
from build.console.pipeline import Counted, Flow, flows
from build.console.target import Target
from build.errors import CommandError
from build.redrive.failed_events import StoredObject

_LONGEST_PAUSE = 300.0
_DASHBOARD = "AWS::CloudWatch::Dashboard"


@dataclass(frozen=True)
class Snapshot:
    """A stack at one moment.

    Args:
        taken: when; None before the first time.
        problem: why there is nothing newer, as a sentence; empty when there is.
    """

    taken: datetime | None = None
    alarms: tuple[AlarmState, ...] = ()
    executions: tuple[ListedExecution, ...] = ()
    summaries: tuple[DailySummary, ...] = ()
    failed_events: tuple[StoredObject, ...] = ()
    dead_letters: int = 0
    series: Mapping[Metric, Series] = field(default_factory=dict)
    problem: str = ""

    @property
    def counted(self) -> Counted:
        return Counted(len(self.failed_events), self.dead_letters)


class Overview:
    """Reads a stack in the background.

    Args:
        target: the stack.
        failed: its bucket of failed events.
        logs: its log lines, which are read as long as somebody looks at them.
    """

    def __init__(self, target: Target, failed: FailedBatches, logs: LogBuffer) -> None:
        self.target = target
        self._failed = failed
        self._logs = logs
        self._due = Event()
        self._watching = 0
        self.snapshot = Snapshot()
        self.version = 0

    @cached_property
    def widgets(self) -> tuple[Widget, ...]:
        """The widgets of the deployed dashboard."""
        names = list(self.target.physical_ids(_DASHBOARD))
        return tuple(widget for name in names for widget in dashboard_widgets(self.target.clients.cloudwatch, name))

    @cached_property
    def flows(self) -> list[Flow]:
        """The arrows from tables to functions."""
        return flows(self.target)

    def start(self) -> None:
        """Read now, and from then on as long as a page is open."""
        Thread(target=self._run, daemon=True).start()

    def hurry(self) -> None:
        """Read soon, because something was changed."""
        self._due.set()

    @contextmanager
    def watched(self) -> Iterator[None]:
        """Note that a page is open as long as the block lasts; one thread only may call this."""
        self._watching += 1
        self.hurry()
        try:
            yield
        finally:
            self._watching -= 1

    def touch(self) -> None:
        """Have the pages show again what they show, because something was done here."""
        self.version += 1

    def read(self) -> float:
        """Read everything once; the seconds until it is worth doing again."""
        pause = self.target.seconds_between_reads
        try:
            self.snapshot = self._taken()
        except CommandError as error:
            self._keep(str(error))
        except (BotoCoreError, ClientError) as error:
            self._keep(explanation(error, self.target.clients.region))
            if isinstance(error, ClientError) and is_transient(error):
                pause = min(_LONGEST_PAUSE, 4 * pause)
        except Exception as error:
            traceback.print_exc()
            self._keep(f"reading failed ({type(error).__name__}), the terminal shows where; it is tried again.")
        self.touch()
        return pause

    def _run(self) -> None:
        while True:
            pause = self.read()
            self._due.wait(pause)
            if not self._watching:
                self._due.wait()
            self._due.clear()

    def _keep(self, problem: str) -> None:
        """Keep showing what was read before, and say why it does not change."""
        self.snapshot = replace(self.snapshot, problem=problem)

    def _taken(self) -> Snapshot:
        now, clients = datetime.now(UTC), self.target.clients
        metrics = [metric for widget in self.widgets for metric in widget.metrics]
        metrics += [metric for flow in self.flows for metric in (flow.processed, flow.age)]
        snapshot = Snapshot(
            taken=now,
            alarms=alarm_states(self.target),
            executions=newest_executions(clients.workflow, self.target.state_machine),
            summaries=newest_summaries(self.target),
            failed_events=self._failed.listed(),
            dead_letters=self._dead_letters(),
            series=metric_series(clients.cloudwatch, metrics, _period_of(now - SHOWN), now),
        )
        if self._logs.watched:
            self._logs.read()
        return snapshot

    def _dead_letters(self) -> int:
        url = self.target.stack.outputs["DailyAnalyticsDeadLetterQueueUrl"]
        answer = self.target.clients.sqs.get_queue_attributes(
            QueueUrl=url, AttributeNames=["ApproximateNumberOfMessages"]
        )
        return int(answer["Attributes"]["ApproximateNumberOfMessages"])


def _period_of(time: datetime) -> datetime:
    """When the period of a moment begins, so that the first value of a graph is of a whole period."""
    return datetime.fromtimestamp(time.timestamp() // DEFAULT_PERIOD * DEFAULT_PERIOD, UTC)
