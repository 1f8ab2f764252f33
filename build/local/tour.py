"""A tour of one fault: all is well, the fault, the alarms that ring, what failed, its redrive, and all clear."""

import json
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from rich.console import Console

from build.cloudformation.stacks import existing_stack
from build.errors import CommandError
from build.executions import execute
from build.local.cloud import LocalCloud
from build.local.faults import POISON_ATTRIBUTE, Fault
from build.local.monitor import SPEED
from build.local.report import AlarmReport
from build.local.scenario import VALID_REQUEST, reconciled, table_writer
from build.local.writing import TableWriter, Write, numbered_item
from build.monitoring.evaluation import State
from build.progress import Progress
from build.redrive.command import assemble
from build.redrive.failed_events import FailedEventsBucket, deployed_pipeline
from build.redrive.redrive import ObjectReader
from build.redrive.report import RedriveReport, redrive_progress
from build.text import TextTable, print_table
from stack.config import StreamSource

if TYPE_CHECKING:
    from build.local.items import Item

_RECORDS_AT_FIRST = 10
_LONGEST_WAIT = 180
"""Seconds; an alarm rings within a minute here, and the busiest machine takes a few times as long."""
_LONGEST_USUAL_PERIOD = 300
"""Seconds; all alarms but the one that watches for a daily summary have this period."""
_SECONDS_BETWEEN_LOOKS = 0.2


@dataclass(frozen=True)
class TourReport:
    """What a tour showed.

    Args:
        name: of the fault.
        written: activities that the records lead to.
        recorded: activities that are recorded in the end.
        notifications: the subjects that the topic sent while the tour lasted, in order.
        redriven: what became of the failed events.
        expects_failed_events: whether there had to be any.
        alarms: what became of the alarms.
    """

    name: str
    written: int
    recorded: int
    notifications: Sequence[str]
    redriven: RedriveReport
    expects_failed_events: bool
    alarms: AlarmReport

    def document(self) -> dict[str, object]:
        """The report for programs."""
        return {
            "fault": self.name,
            "written": self.written,
            "recorded": self.recorded,
            "notifications": list(self.notifications),
            "failed_events": len(self.redriven.results),
            "alarms": self.alarms.document(),
        }

    def problems(self) -> Iterator[str]:
        """What did not go as it should, a sentence each."""
        if self.recorded != self.written:
            yield f"{self.written} activities were expected and {self.recorded} are recorded."
        if bool(self.redriven.results) != self.expects_failed_events:
            yield f"the bucket of failed events held {len(self.redriven.results)} objects."
        if self.redriven.exit_code:
            yield f"the redrive left something: {self.redriven.closing}."
        if not self.notifications:
            yield "the alert topic sent nothing."
        yield from self.alarms.problems()

    def print(self, as_json: bool) -> None:
        """Print the report on stdout, for programs or for people."""
        if as_json:
            print(json.dumps(self.document(), indent=2), flush=True)
            return
        rows = [
            ("redrive", self.redriven.closing if self.redriven.results else "nothing failed every retry"),
            ("activities recorded", f"{self.recorded} of {self.written}"),
            *(("sent by the alert topic", subject) for subject in self.notifications),
        ]
        console = Console(highlight=False)
        print_table(console, TextTable(f"Fault {self.name}", ("what", "result"), rows))
        print_table(console, self.alarms.table)


@dataclass
class Tour:
    """A tour through a cloud that is deployed and empty.

    Args:
        cloud: the deployed stack.
        name: of the fault.
        fault: what goes wrong.
        progress: hears what is done and what happens.
    """

    cloud: LocalCloud
    name: str
    fault: Fault
    progress: Progress
    _told: int = field(default=0, init=False)

    def run(self) -> TourReport:
        """Show the fault from its beginning to all clear.

        Raises:
            CommandError: when something that has to happen does not.
        """
        source = self.cloud.config.sources[0]
        writer = table_writer(self.cloud)
        self._reach_health(writer)
        topic = _TopicListener(self.cloud)
        healthy = len(self.cloud.monitor.transitions)
        rings = self.fault.alarm_names(self.cloud, source, self.fault.rings)
        self.progress.step(f"the fault: {self.fault.cause}")
        with self.fault.inject(self.cloud, source):
            self._write(writer, source, "during", self.fault.records, self.fault.poisoned)
            self._wait("the alarms ring", lambda: rings <= self.cloud.monitor.rang(healthy))
        self.progress.step(f"the remedy: {self.fault.remedy}")
        redriven = self._process_and_redrive()
        self._wait("all alarms are OK again", self._all_clear)
        return TourReport(
            name=self.name,
            written=sum(writer.counts(each).recorded for each in self.cloud.config.sources),
            recorded=self._recorded(),
            notifications=topic.subjects(),
            redriven=redriven,
            expects_failed_events=self.fault.fails_events,
            alarms=self._alarms(source, rings, healthy),
        )

    def _reach_health(self, writer: TableWriter) -> None:
        """Process some records and summarise them, so that every alarm is OK."""
        for source in self.cloud.config.sources:
            self._write(writer, source, "before", _RECORDS_AT_FIRST)
        self._process()
        self.progress.step("running the workflow")
        execute(self.cloud.clients.workflow, self.cloud.outputs["StepFunctionsStateMachineArn"], VALID_REQUEST)
        self._wait("all alarms are OK", self._all_clear)

    def _write(self, writer: TableWriter, source: StreamSource, when: str, count: int, poisoned: int = 0) -> None:
        self.progress.step(f"writing {count} records of {source.title.lower()}")
        for number in range(count):
            poison: "Item" = {POISON_ATTRIBUTE: {"BOOL": True}} if number < poisoned else {}
            writer.write(Write(source, {**numbered_item(source, when, number), **poison}))
        writer.flush()

    def _process(self) -> None:
        if not self.cloud.poller.wait_until_idle(_LONGEST_WAIT):
            raise self._in_vain("the streams are processed")

    def _process_and_redrive(self) -> RedriveReport:
        """Process what waits in the streams, and replay what failed, as `python -m build redrive` does."""
        self._process()
        clients, config = self.cloud.clients, self.cloud.config
        pipeline = deployed_pipeline(existing_stack(clients.cloudformation, config.stack_name), config)
        bucket = FailedEventsBucket(clients.s3, pipeline.bucket, pipeline.account)
        objects = bucket.objects()
        if objects:
            self.progress.step("redriving the failed events")
        with redrive_progress(Console(file=sys.stderr, highlight=False), len(objects)) as shown:
            return assemble(clients, config, ObjectReader(bucket, pipeline), shown).run(objects)

    def _all_clear(self) -> bool:
        """Whether every alarm is OK, and none has changed for a period: as periods pass, some change to and fro."""
        changed = max((change.time for change in self.cloud.monitor.transitions), default=0)
        steady = time.time() - changed > _LONGEST_USUAL_PERIOD / SPEED
        return steady and all(alarm.state is State.OK for alarm in self.cloud.monitor.alarms())

    def _wait(self, until: str, reached: Callable[[], bool]) -> None:
        """Wait, and tell every change of an alarm meanwhile.

        Raises:
            CommandError: when it is not reached.
        """
        self.progress.step(f"waiting until {until}")
        deadline = time.monotonic() + _LONGEST_WAIT
        while not reached():
            if time.monotonic() > deadline:
                raise self._in_vain(until)
            self._tell()
            time.sleep(_SECONDS_BETWEEN_LOOKS)
        self._tell()

    def _tell(self) -> None:
        """Tell the alarms that began or ceased to ring since the last time."""
        transitions = self.cloud.monitor.transitions
        for change in transitions[self._told :]:
            if State.ALARM in (change.before, change.after):
                moment = time.strftime("%H:%M:%S", time.localtime(change.time))
                self.progress.step(f"{moment} {change.alarm} is {change.after}")
        self._told = len(transitions)

    def _in_vain(self, until: str) -> CommandError:
        return CommandError(
            f"it took longer than {_LONGEST_WAIT} seconds until {until}: read {self.cloud.emulator.log_file} and "
            "try again."
        )

    def _recorded(self) -> int:
        return sum(balance.recorded for balance in reconciled(self.cloud).values())

    def _alarms(self, source: StreamSource, rings: frozenset[str], since: int) -> AlarmReport:
        may_ring = self.fault.alarm_names(self.cloud, source, self.fault.may_ring)
        monitor = self.cloud.monitor
        tolerated = frozenset(name for name in may_ring if name not in rings)
        return AlarmReport(monitor.alarms(), monitor.rang(since), rings, tolerated)


class _TopicListener:
    """A subscription of the alert topic: what a mail would bring, a queue of the emulator's holds."""

    def __init__(self, cloud: LocalCloud) -> None:
        self._sqs = cloud.clients.sqs
        name = cloud.config.name("alert-listener")
        self._queue = self._sqs.create_queue(QueueName=name)["QueueUrl"]
        attributes = self._sqs.get_queue_attributes(QueueUrl=self._queue, AttributeNames=["QueueArn"])["Attributes"]
        cloud.clients.sns.subscribe(
            TopicArn=cloud.outputs["AlertTopicArn"], Protocol="sqs", Endpoint=attributes["QueueArn"]
        )

    def subjects(self) -> list[str]:
        """The subjects of everything that was sent since the last call."""
        found: list[str] = []
        while messages := self._sqs.receive_message(QueueUrl=self._queue, MaxNumberOfMessages=10).get("Messages"):
            for message in messages:
                found.append(json.loads(message["Body"])["Subject"])
                self._sqs.delete_message(QueueUrl=self._queue, ReceiptHandle=message["ReceiptHandle"])
        return found
