"""A bucket, a function and a workflow in memory, which can be stopped at any call."""

import itertools
import threading
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any, cast

from build.redrive.failed_events import FailedBatch, FailedEventsBucket, ObjectContent, StoredObject
from build.redrive.redrive import ObjectReader, Redrive
from build.redrive.report import ObjectResult, RedriveReport
from tests.build.redrive.failure_records import MIDDAY, PIPELINE

TODAY = date(2026, 3, 10)


class InMemoryBucket:
    """Objects by key; what replaces one has another entity tag."""

    def __init__(self, stack: "InMemoryStack") -> None:
        self.stack = stack
        self.contents: dict[str, tuple[bytes, str]] = {}
        self.reads: list[str] = []
        self.versions = itertools.count()

    def put(self, name: str, content: bytes) -> None:
        self.contents[name] = (content, f'"{next(self.versions)}"')

    def objects(self) -> list[StoredObject]:
        return [StoredObject(name, len(content), MIDDAY) for name, (content, _) in sorted(self.contents.items())]

    def read(self, name: str) -> ObjectContent | None:
        self.stack.call("read")
        self.reads.append(name)
        if name not in self.contents:
            return None
        return ObjectContent(*self.contents[name])

    def delete(self, name: str, etag: str) -> bool:
        self.stack.call("delete")
        if name not in self.contents:
            return True
        if self.contents[name][1] != etag:
            return False
        self.stack.require_counted(name)
        del self.contents[name]
        return True


class RecordedProgress:
    """Progress that keeps what it is told."""

    def __init__(self) -> None:
        self.results: list[ObjectResult | None] = []
        self.notes: list[str] = []

    def object_done(self, result: ObjectResult | None) -> None:
        self.results.append(result)

    def note(self, text: str) -> None:
        self.notes.append(text)


@dataclass
class InMemoryStack:
    """Everything around a redrive.

    Args:
        poison: ids of events that are never recorded.
        failing_days: days whose summary cannot be made.
        stop_at: number of the call at which the user presses Ctrl-C; None for never.
        group_size: of the redrive.
        recorded: ids of the events that are recorded, by day.
        counted: what the summary of each day counted when it was made.
    """

    poison: set[str] = field(default_factory=set)
    failing_days: set[date] = field(default_factory=set)
    stop_at: int | None = None
    group_size: int = 1000
    recorded: dict[date, set[str]] = field(default_factory=lambda: defaultdict(set))
    counted: dict[date, set[str]] = field(default_factory=dict)
    calls: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.bucket = InMemoryBucket(self)
        self.progress = RecordedProgress()
        self.lock = threading.Lock()
        self.batches: dict[str, tuple[dict[str, Any], ...]] = {}

    def call(self, name: str) -> None:
        """Take note of a call, before it has any effect."""
        with self.lock:
            number = len(self.calls)
            self.calls.append(name)
        if number == self.stop_at:
            raise KeyboardInterrupt

    def replay(self, batch: FailedBatch) -> str | None:
        self.call("replay")
        days = dict(zip((record["eventID"] for record in batch.records), map(day_of, batch.records), strict=True))
        for event, day in days.items():
            if event not in self.poison:
                self.recorded[day].add(event)
        return "some failed" if self.poison & days.keys() else None

    def recompute(self, day: date) -> str | None:
        self.call("recompute")
        if day in self.failing_days:
            return "no table"
        self.counted[day] = set(self.recorded[day])
        return None

    def require_counted(self, name: str) -> None:
        """An object may only go when its records are recorded and, for days that are over, counted."""
        for record in self.batches[name]:
            day = day_of(record)
            assert record["eventID"] in self.recorded[day]
            assert day >= TODAY or record["eventID"] in self.counted[day]

    def redrive(self, source: str | None = None) -> Redrive:
        """A redrive of this stack."""
        reader = ObjectReader(cast(FailedEventsBucket, self.bucket), PIPELINE, source)
        return Redrive(
            reader.read, self.replay, self.recompute, self.bucket.delete, self.progress, lambda: TODAY, self.group_size
        )

    def run(self, source: str | None = None) -> RedriveReport:
        """Replay what the bucket holds now."""
        return self.redrive(source).run(self.bucket.objects())


def day_of(record: dict[str, Any]) -> date:
    """The UTC day in which a record was created."""
    return datetime.fromtimestamp(record["dynamodb"]["ApproximateCreationDateTime"], UTC).date()
