"""Looking at the objects of the bucket, without changing anything."""

from dataclasses import dataclass, replace

from build.redrive.bucket import FailedEventsBucket, StoredObject
from build.redrive.failed_batch import DamagedObject, FailedBatch, failed_batch
from build.redrive.pipeline import Pipeline
from build.redrive.report import Entry, Outcome

LARGEST_OBJECT = 64 * 1024 * 1024
"""Bytes; an event of 6 MB becomes at most six times as long when it is escaped."""


@dataclass(frozen=True)
class Examined:
    """An object that was looked at.

    Args:
        entry: what to show of it.
        batch: what to replay; None for an object that is left alone.
    """

    entry: Entry
    batch: FailedBatch | None = None


@dataclass(frozen=True)
class Examination:
    """Looks at objects.

    Args:
        bucket: that they lie in.
        pipeline: that they should come from.
        source: name of the only source that is asked for; None for all.
    """

    bucket: FailedEventsBucket
    pipeline: Pipeline
    source: str | None = None

    def __call__(self, stored: StoredObject) -> Examined | None:
        """Read an object.

        Returns:
            None when it is gone, or of another source than the one that is asked for.
        """
        entry = Entry(stored.key, stored.when)
        try:
            return self._examined(stored, entry)
        except DamagedObject as damage:
            return Examined(replace(entry, outcome=Outcome.LEFT_ALONE, reason=str(damage)))

    def _examined(self, stored: StoredObject, entry: Entry) -> Examined | None:
        if stored.failed_at is None:
            raise DamagedObject("its key is none that Lambda writes")
        if stored.size > LARGEST_OBJECT:
            raise DamagedObject(f"it is larger than any that Lambda writes, {stored.size:,} bytes")
        content = self.bucket.read(stored.key)
        if content is None:
            return None
        batch = failed_batch(content.body, self.pipeline)
        if self.source not in (None, batch.source.name):
            return None
        return Examined(described(entry, batch, content.etag), batch)


def described(entry: Entry, batch: FailedBatch, etag: str) -> Entry:
    """An entry with what its object holds."""
    return replace(
        entry,
        etag=etag,
        source=batch.source.name,
        records=len(batch.records),
        days=tuple(sorted(batch.days)),
        error=batch.error,
    )
