"""Replaying objects, recomputing the summaries of their days, and only then deleting them.

The order makes it safe to stop at any moment: an object lies in the bucket until its records are recorded and counted,
so whatever was not finished is done again by the next run. Doing it again changes nothing, because activities and
summaries are written under keys of their own; two runs at once do no more than one.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import partial
from itertools import islice

from build.redrive.bucket import StoredObject
from build.redrive.display import Display
from build.redrive.examination import Examined
from build.redrive.failed_batch import FailedBatch
from build.redrive.parallel import in_parallel
from build.redrive.report import Entry, Outcome, Report

OBJECTS_AT_ONCE = 1000
"""How many are replayed before their days are recomputed: what a stop makes the next run do again, at most."""


def today_in_utc() -> date:
    """The day that is not over yet."""
    return datetime.now(UTC).date()


@dataclass(frozen=True)
class Redrive:
    """Looks at objects or replays them.

    Args:
        examine: reads an object; None for one that is not asked for, or gone.
        replay: says why not all records of a batch are recorded; None when they are.
        recompute: makes the summary of a day again; says why it could not.
        delete: deletes an object, given its key and entity tag, unless it was replaced; says whether it is gone.
        display: hears what happens.
        today: the UTC day that is not over yet.
    """

    examine: Callable[[StoredObject], Examined | None]
    replay: Callable[[FailedBatch], str | None]
    recompute: Callable[[date], str | None]
    delete: Callable[[str, str], bool]
    display: Display
    today: Callable[[], date] = today_in_utc

    def look(self, objects: Sequence[StoredObject]) -> Report:
        """Say what objects hold, and change nothing."""
        return Report(self._shown(self._look, objects))

    def run(self, objects: Sequence[StoredObject]) -> Report:
        """Replay objects; one that failed or is damaged stays as it is."""
        entries: list[Entry] = []
        summaries: dict[date, str | None] = {}
        remaining = iter(objects)
        while group := list(islice(remaining, OBJECTS_AT_ONCE)):
            replayed = self._shown(self._replay, group)
            made = self._summaries(replayed)
            concluded = oldest_first(in_parallel(partial(self._conclude, made), replayed))
            for entry in oldest_first(set(concluded) - set(replayed)):
                self.display.note(entry.line)
            entries += concluded
            summaries |= made
        return Report(entries, summaries)

    def _shown(self, work: Callable[[StoredObject], Entry | None], objects: Sequence[StoredObject]) -> list[Entry]:
        """What comes of objects, without those that nothing comes of, shown one by one."""
        entries = []
        for entry in in_parallel(work, objects):
            self.display.object_done(entry)
            if entry:
                entries.append(entry)
        return oldest_first(entries)

    def _look(self, stored: StoredObject) -> Entry | None:
        examined = self.examine(stored)
        return examined.entry if examined else None

    def _replay(self, stored: StoredObject) -> Entry | None:
        examined = self.examine(stored)
        if examined is None:
            return None
        if examined.batch is None:
            return examined.entry
        problem = self.replay(examined.batch)
        return examined.entry.failed(problem) if problem else examined.entry.recorded()

    def _summaries(self, entries: Iterable[Entry]) -> dict[date, str | None]:
        """Recompute the days of entries that are over; the schedule makes the first summary of the others.

        A batch that failed counts too, since some of its records may be recorded.
        """
        days = {day for entry in entries for day in entry.days if day < self.today()}
        made = dict(in_parallel(lambda day: (day, self.recompute(day)), days))
        for day, problem in sorted(made.items()):
            self.display.note(f"summary of {day}: {problem or 'made again'}")
        return made

    def _conclude(self, made: Mapping[date, str | None], entry: Entry) -> Entry:
        """Delete what was recorded and summarised."""
        if entry.outcome is not Outcome.RECORDED:
            return entry
        uncounted = [str(day) for day in entry.days if made.get(day)]
        if uncounted:
            return entry.failed(f"it is recorded, but the summary of {', '.join(uncounted)} could not be made")
        if not self.delete(entry.key, entry.etag):
            return entry.failed("it is recorded, but was replaced meanwhile")
        return entry


def oldest_first(entries: Iterable[Entry]) -> list[Entry]:
    """Entries in the order in which Lambda gave up on them."""
    return sorted(entries, key=lambda entry: (entry.when, entry.key))
