"""Compares every record of a stack's streams with the activities in its analytics table, and changes nothing."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from time import monotonic, sleep

from build.aws import Clients
from build.output import Heartbeat
from build.reconcile.ledger import Kind, Ledger, SourceBalance, temporary_ledger
from build.reconcile.reading import (
    KEYS_IN_A_REQUEST,
    DeployedActivities,
    Keys,
    Pace,
    activity_keys,
    deployed_activities,
    failed_batches,
    failed_keys,
    recorded_keys,
    streamed_keys,
)
from build.redrive.failed_events import DeployedPipeline, FailedEventsBucket
from build.redrive.redrive import ObjectReader
from handlers.windows import Window, milliseconds_since_1970

RETENTION_HOURS = 24
"""That a stream keeps its records (https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Streams.html)."""
_READS_PER_SECOND = 5.0
_PATIENCE = 60.0
_BETWEEN_LOOKS = 5.0
_NAMES = {Kind.STREAMED: "records", Kind.ACTIVITY: "activities"}


def last_hours(hours: float) -> Window:
    """The records that were created in the last so many hours, to the second, as records say their time."""
    now = datetime.now(UTC).replace(microsecond=0)
    return Window(milliseconds_since_1970(now - timedelta(hours=hours)), milliseconds_since_1970(now))


def reconcile(
    clients: Clients,
    pipeline: DeployedPipeline,
    span: Window,
    tell: Callable[[str], None],
    reads_per_second: float = _READS_PER_SECOND,
    patience: float = _PATIENCE,
) -> list[SourceBalance]:
    """Find out what became of the records of a stack's streams.

    Args:
        clients: of the account and region.
        pipeline: of the stack.
        span: when the records were created.
        tell: hears how far it is.
        reads_per_second: of streams and table together.
        patience: seconds to wait for records that are still on their way when everything has been read.

    Raises:
        CommandError: when a function was deployed by another version of the project.
    """
    deployed = [deployed_activities(clients, source) for source in pipeline.sources]
    failed = ObjectReader(FailedEventsBucket(clients.s3, pipeline.bucket, pipeline.account), pipeline)
    with temporary_ledger() as ledger:
        return _Reconciliation(clients, ledger, span, tell, Pace(reads_per_second), patience).run(deployed, failed)


@dataclass(frozen=True)
class _Reconciliation:
    """The steps: streams first and failed events last, so that a record that moves on meanwhile is found."""

    clients: Clients
    ledger: Ledger
    span: Window
    tell: Callable[[str], None]
    pace: Pace
    patience: float

    def run(self, deployed: Sequence[DeployedActivities], failed: ObjectReader) -> list[SourceBalance]:
        for source in deployed:
            self._add(source, Kind.STREAMED, streamed_keys(self.clients.streams, source, self.span, self.pace))
        complete_from = max(self.span.start, last_hours(RETENTION_HOURS).start)
        for source in deployed:
            self._add(source, Kind.ACTIVITY, activity_keys(self.clients.dynamodb, source, self.span, self.pace))
        self._add_failed(deployed, failed)
        self._look_again(deployed)
        return [self.ledger.balance(source.name, complete_from) for source in deployed]

    def _add(self, source: DeployedActivities, kind: Kind, pages: Iterator[Keys]) -> None:
        heartbeat, read = Heartbeat(), 0
        for page in pages:
            self.ledger.add(source.name, kind, page)
            read += len(page)
            if heartbeat.due():
                self.tell(f"{source.name}: {read:,} {_NAMES[kind]} so far")
        self.tell(f"{source.name}: {read:,} {_NAMES[kind]} read")

    def _add_failed(self, deployed: Sequence[DeployedActivities], failed: ObjectReader) -> None:
        sources = {source.name: source for source in deployed}
        for batch in failed_batches(failed, self.tell):
            source = sources[batch.source.name]
            self.ledger.add(source.name, Kind.FAILED, failed_keys(batch, source.activity))

    def _look_again(self, deployed: Sequence[DeployedActivities]) -> None:
        """Look for the activities of records that were still on their way, or were created before the span."""
        deadline = monotonic() + self.patience
        self._look_up(deployed)
        while monotonic() < deadline and not all(self.ledger.is_complete(source.name) for source in deployed):
            self.tell("some records have no activity yet; looking again")
            sleep(_BETWEEN_LOOKS)
            self._look_up(deployed)

    def _look_up(self, deployed: Sequence[DeployedActivities]) -> None:
        for source in deployed:
            for keys in self.ledger.unrecorded(source.name, KEYS_IN_A_REQUEST):
                for found in recorded_keys(self.clients.dynamodb, source.table, keys, self.pace):
                    self.ledger.add(source.name, Kind.ACTIVITY, found)
