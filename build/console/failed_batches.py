"""What the bucket of failed events holds, grouped by reason, and redriving it while the page looks on."""

import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from threading import Lock, Thread

from botocore.exceptions import BotoCoreError, ClientError

from build.aws_errors import explanation
from build.console.target import Target
from build.errors import CommandError
from build.redrive.failed_events import FailedEventsBucket, StoredObject
from build.redrive.redrive import ObjectReader, Redrive
from build.redrive.replay import invoking_client, recompute_summary, replay
from build.redrive.report import ObjectResult

MOST_READ_AT_ONCE = 200
_NOT_READ = "not read yet"
_MOST_NOTES = 50


@dataclass(frozen=True)
class FailedGroup:
    """Objects of one source that Lambda gave up for the same reason.

    Args:
        records: in all of them, as far as they were read.
    """

    source: str
    reason: str
    objects: tuple[ObjectResult, ...]

    @property
    def records(self) -> int:
        return sum(result.records or 0 for result in self.objects)


class FailedBatches:
    """The objects of the bucket; what an object holds is read once.

    Args:
        target: whose bucket it is.
        most_read: objects that are read for one answer.
    """

    def __init__(self, target: Target, most_read: int = MOST_READ_AT_ONCE) -> None:
        self._most_read = most_read
        self._bucket = FailedEventsBucket(target.clients.s3, target.pipeline.bucket, target.pipeline.account)
        self._reader = ObjectReader(self._bucket, target.pipeline)
        self._known: dict[StoredObject, ObjectResult] = {}
        self._reading = Lock()

    def listed(self) -> tuple[StoredObject, ...]:
        """Everything in the bucket, oldest first."""
        return tuple(self._bucket.objects())

    def groups(self, objects: Sequence[StoredObject]) -> list[FailedGroup]:
        """Objects by source and reason; the newest are read first, and what is too much now is read the next time.

        While another caller reads, which may take its time, what is known is the answer.
        """
        if self._reading.acquire(blocking=False):
            try:
                self._read(objects)
            finally:
                self._reading.release()
        known, grouped = self._known, dict[tuple[str, str], list[ObjectResult]]()
        for stored in objects:
            result = known.get(stored) or ObjectResult(stored.key, stored.when, error=_NOT_READ)
            grouped.setdefault((result.source, result.error or result.reason), []).append(result)
        return [FailedGroup(*key, tuple(members)) for key, members in grouped.items()]

    def _read(self, objects: Sequence[StoredObject]) -> None:
        self._known = {stored: self._known[stored] for stored in objects if stored in self._known}
        unread = (stored for stored in reversed(objects) if stored not in self._known)
        for stored in list(unread)[: self._most_read]:
            read = self._reader.read(stored)
            if read:
                self._known[stored] = read.result


@dataclass(frozen=True)
class RedriveState:
    """A redrive as it is.

    Args:
        running: whether it goes on.
        done: objects that are done.
        total: objects to replay.
        notes: what happened, newest last.
        outcome: how it ended, or nothing.
    """

    running: bool = False
    done: int = 0
    total: int = 0
    notes: tuple[str, ...] = ()
    outcome: str = ""


class RedriveJob:
    """Redrives in the background, one redrive at a time.

    Args:
        target: whose failed events are replayed.
        progressed: called when there is more to see.
        ended: called when it ended.
    """

    def __init__(self, target: Target, progressed: Callable[[], None], ended: Callable[[], None]) -> None:
        self._target = target
        self._progressed = progressed
        self._ended = ended
        self._lock = Lock()
        self.state = RedriveState()

    def start(self) -> None:
        """Begin to replay everything in the bucket, unless that is under way already."""
        with self._lock:
            if self.state.running:
                return
            self.state = RedriveState(running=True)
        Thread(target=self._run, daemon=True).start()

    def object_done(self, result: ObjectResult | None) -> None:
        """Show that an object was replayed."""
        if result and result.reason:
            self.note(result.line)
        with self._lock:
            self.state = replace(self.state, done=self.state.done + 1)
        self._progressed()

    def note(self, text: str) -> None:
        """Show something else that happened."""
        with self._lock:
            self.state = replace(self.state, notes=(*self.state.notes, text)[-_MOST_NOTES:])

    def _run(self) -> None:
        try:
            outcome = self._redrive()
        except CommandError as error:
            outcome = str(error)
        except (BotoCoreError, ClientError) as error:
            outcome = explanation(error, self._target.clients.region)
        except Exception as error:
            traceback.print_exc()
            name = type(error).__name__
            outcome = f"it failed ({name}), the terminal shows where; what was not replayed is still in the bucket"
        with self._lock:
            self.state = replace(self.state, running=False, outcome=outcome)
        self._ended()

    def _redrive(self) -> str:
        clients, pipeline = self._target.redrive_clients, self._target.pipeline
        bucket = FailedEventsBucket(clients.s3, pipeline.bucket, pipeline.account)
        objects = bucket.objects()
        with self._lock:
            self.state = RedriveState(True, total=len(objects))
        redrive = Redrive(
            read=ObjectReader(bucket, pipeline).read,
            replay=partial(replay, invoking_client(clients, self._target.config)),
            recompute=partial(recompute_summary, clients.workflow, pipeline.state_machine),
            delete=bucket.delete,
            progress=self,
        )
        return redrive.run(objects).closing
