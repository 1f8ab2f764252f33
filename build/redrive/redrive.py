"""Replaying objects, recomputing the summaries of their days, and only then deleting them.

This order makes it safe to stop at any moment: an object stays in the bucket until its records are recorded and
counted, so the next run repeats whatever was not finished. Repeating it changes nothing, because activities and
summaries are written under keys of their own; two runs at once do no more than one.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from functools import partial
from itertools import islice

from build.parallel import in_parallel
from build.redrive.failed_events import (
    DamagedObject,
    DeployedPipeline,
    FailedBatch,
    FailedEventsBucket,
    StoredObject,
    parse_failed_batch,
)
from build.redrive.report import ObjectOutcome, ObjectResult, RedriveProgress, RedriveReport

_LARGEST_OBJECT = 64 * 1024 * 1024
"""Bytes; an event of 6 MB becomes at most six times as long when it is escaped."""


@dataclass(frozen=True)
class ReadObject:
    """An object that was read.

    Args:
        result: what is known of it.
        batch: what to replay; None for an object that is left alone.
    """

    result: ObjectResult
    batch: FailedBatch | None = None


@dataclass(frozen=True)
class ObjectReader:
    """Reads objects, and changes nothing.

    Args:
        bucket: that they are stored in.
        pipeline: that they should come from.
        source: name of the only source to read; None for all.
    """

    bucket: FailedEventsBucket
    pipeline: DeployedPipeline
    source: str | None = None

    def read(self, stored: StoredObject) -> ReadObject | None:
        """Read an object; None when it no longer exists, or is of another source than the chosen one."""
        result = ObjectResult(stored.key, stored.when)
        try:
            return self._read_batch(stored, result)
        except DamagedObject as damage:
            return ReadObject(result.left_alone(str(damage)))

    def _read_batch(self, stored: StoredObject, result: ObjectResult) -> ReadObject | None:
        if stored.failed_at is None:
            raise DamagedObject("its key is not one that Lambda writes")
        if stored.size > _LARGEST_OBJECT:
            raise DamagedObject(f"it is larger than any that Lambda writes, {stored.size:,} bytes")
        content = self.bucket.read(stored.key)
        if content is None:
            return None
        batch = parse_failed_batch(content.body, self.pipeline)
        if self.source not in (None, batch.source.name):
            return None
        return ReadObject(_with_batch(result, batch, content.etag), batch)


def _with_batch(result: ObjectResult, batch: FailedBatch, etag: str) -> ObjectResult:
    return replace(
        result,
        etag=etag,
        source=batch.source.name,
        records=len(batch.records),
        days=tuple(sorted(batch.days)),
        error=batch.error,
    )


def _today_in_utc() -> date:
    return datetime.now(UTC).date()


@dataclass(frozen=True)
class Redrive:
    """Inspects objects or replays them.

    Args:
        read: reads an object; None for one of another source, or one that no longer exists.
        replay: returns why not all records of a batch are recorded; None when they are.
        recompute: makes the summary of a day again; returns why it could not.
        delete: deletes an object, given its key and entity tag, unless it was replaced; returns whether it is deleted.
        progress: shows what happens.
        today: the UTC day that is not over yet.
        group_size: objects that are replayed before their days are recomputed: after a stop, at most so many are
            replayed again.
    """

    read: Callable[[StoredObject], ReadObject | None]
    replay: Callable[[FailedBatch], str | None]
    recompute: Callable[[date], str | None]
    delete: Callable[[str, str], bool]
    progress: RedriveProgress
    today: Callable[[], date] = _today_in_utc
    group_size: int = 1000

    def inspect(self, objects: Sequence[StoredObject]) -> RedriveReport:
        """Report what objects contain, and change nothing."""
        return RedriveReport(self._results(self._inspect, objects))

    def run(self, objects: Sequence[StoredObject]) -> RedriveReport:
        """Replay objects and delete them; one that failed or is damaged stays as it is."""
        results: list[ObjectResult] = []
        summaries: dict[date, str | None] = {}
        remaining = iter(objects)
        while group := list(islice(remaining, self.group_size)):
            replayed = self._results(self._replay, group)
            recomputed = self._recompute(replayed)
            concluded = _oldest_first(in_parallel(partial(self._conclude, recomputed), replayed))
            for result in _oldest_first(set(concluded) - set(replayed)):
                self.progress.note(result.line)
            results += concluded
            summaries |= recomputed
        return RedriveReport(results, summaries)

    def _results(
        self, work: Callable[[StoredObject], ObjectResult | None], objects: Sequence[StoredObject]
    ) -> list[ObjectResult]:
        """Do the work on every object, and show its result; those without one are left out."""
        results = []
        for result in in_parallel(work, objects):
            self.progress.object_done(result)
            if result:
                results.append(result)
        return _oldest_first(results)

    def _inspect(self, stored: StoredObject) -> ObjectResult | None:
        read = self.read(stored)
        return read.result if read else None

    def _replay(self, stored: StoredObject) -> ObjectResult | None:
        read = self.read(stored)
        if read is None:
            return None
        if read.batch is None:
            return read.result
        problem = self.replay(read.batch)
        return read.result.failed(problem) if problem else read.result.recorded()

    def _recompute(self, results: Iterable[ObjectResult]) -> dict[date, str | None]:
        """Recompute the days that are over; the schedule makes the first summary of the others.

        The days of a batch that failed are recomputed too, since some of its records may be recorded.
        """
        days = {day for result in results for day in result.days if day < self.today()}
        recomputed = dict(in_parallel(lambda day: (day, self.recompute(day)), days))
        for day, problem in sorted(recomputed.items()):
            self.progress.note(f"summary of {day}: {problem or 'recomputed'}")
        return recomputed

    def _conclude(self, summaries: Mapping[date, str | None], result: ObjectResult) -> ObjectResult:
        """Delete an object whose records are recorded and summarised."""
        if result.outcome is not ObjectOutcome.RECORDED:
            return result
        missing = [str(day) for day in result.days if summaries.get(day)]
        if missing:
            return result.failed(f"it is recorded, but the summary of {', '.join(missing)} could not be recomputed")
        if not self.delete(result.key, result.etag):
            return result.failed("it is recorded, but was replaced in the meantime")
        return result


def _oldest_first(results: Iterable[ObjectResult]) -> list[ObjectResult]:
    return sorted(results, key=lambda result: (result.when, result.key))
