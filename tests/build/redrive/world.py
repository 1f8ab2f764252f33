"""A bucket, a function and a workflow in memory, which can be stopped at any call."""

import itertools
import threading
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import UTC, date, datetime

from build.redrive.bucket import Content, StoredObject
from build.redrive.examination import Examination
from build.redrive.redrive import Redrive
from tests.build.redrive.failures import MIDDAY, PIPELINE

TODAY = date(2026, 3, 10)


class FakeBucket:
    """Objects by key; what replaces one has another entity tag."""

    def __init__(self, world):
        self.world = world
        self.contents = {}
        self.reads = []
        self.versions = itertools.count()

    def put(self, name, content):
        self.contents[name] = (content, f'"{next(self.versions)}"')

    def objects(self):
        return [StoredObject(name, len(content), MIDDAY) for name, (content, _) in sorted(self.contents.items())]

    def read(self, name):
        self.world.call("read")
        self.reads.append(name)
        if name not in self.contents:
            return None
        return Content(*self.contents[name])

    def delete(self, name, etag):
        self.world.call("delete")
        if name not in self.contents:
            return True
        if self.contents[name][1] != etag:
            return False
        self.world.require_counted(name)
        del self.contents[name]
        return True


class Notes:
    """A display that remembers."""

    def __init__(self):
        self.entries = []
        self.notes = []

    def object_done(self, entry):
        self.entries.append(entry)

    def note(self, text):
        self.notes.append(text)


@dataclass
class World:
    """Everything around a redrive.

    Args:
        poison: ids of events that are never recorded.
        failing_days: days whose summary cannot be made.
        stop_at: number of the call at which the user presses Ctrl-C; None for never.
        recorded: ids of the events that are recorded, by day.
        counted: what the summary of each day counted when it was made.
    """

    poison: set = field(default_factory=set)
    failing_days: set = field(default_factory=set)
    stop_at: int | None = None
    recorded: dict = field(default_factory=lambda: defaultdict(set))
    counted: dict = field(default_factory=dict)
    calls: list = field(default_factory=list)

    def __post_init__(self):
        self.bucket = FakeBucket(self)
        self.display = Notes()
        self.lock = threading.Lock()
        self.batches = {}

    def call(self, name):
        """Take note of a call, before it has any effect."""
        with self.lock:
            number = len(self.calls)
            self.calls.append(name)
        if number == self.stop_at:
            raise KeyboardInterrupt

    def replay(self, batch):
        self.call("replay")
        days = dict(zip((one["eventID"] for one in batch.records), map(day_of, batch.records), strict=True))
        for event, day in days.items():
            if event not in self.poison:
                self.recorded[day].add(event)
        return "some failed" if self.poison & days.keys() else None

    def recompute(self, day):
        self.call("recompute")
        if day in self.failing_days:
            return "no table"
        self.counted[day] = set(self.recorded[day])
        return None

    def require_counted(self, name):
        """An object may only go when its records are recorded and, for days that are over, counted."""
        for record in self.batches[name]:
            day = day_of(record)
            assert record["eventID"] in self.recorded[day]
            assert day >= TODAY or record["eventID"] in self.counted[day]

    def redrive(self, source=None):
        """A redrive of this world."""
        examination = Examination(self.bucket, PIPELINE, source)
        return Redrive(examination, self.replay, self.recompute, self.bucket.delete, self.display, lambda: TODAY)

    def run(self, source=None):
        """Replay what the bucket holds now."""
        return self.redrive(source).run(self.bucket.objects())


def day_of(record):
    """The UTC day in which a record was created."""
    return datetime.fromtimestamp(record["dynamodb"]["ApproximateCreationDateTime"], UTC).date()
