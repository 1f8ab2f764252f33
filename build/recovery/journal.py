"""What was done of a restoration, written down in the artifact bucket after each step, so that anybody can go on."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from enum import Enum
from typing import Any

from build.cloudformation.stacks import DeployedStack
from build.deploy.artifacts import ArtifactBucket, restoration_key, restoration_under_way
from build.errors import CommandError


class Step(Enum):
    """The steps of a restoration, in order, as what is true after each."""

    RESTORED = "restored beside the old table"
    AGREED = "compared and agreed to"
    PAUSED = "streams paused"
    PROCESSED = "the old stream is processed"
    DETACHED = "the old table has left the stack"
    SAVED = "both tables are backed up"
    DELETED = "the old table is deleted"
    RENAMED = "restored under its own name"
    IMPORTED = "in the stack again"
    DEPLOYED = "the stack is as it was before"
    CLEANED_UP = "nothing is left behind"


@dataclass(frozen=True)
class Journal:
    """A restoration that was begun.

    Args:
        table_id: logical id of the table.
        table: its name.
        to: when the table was as it is to be, in ISO 8601; empty for the last state of a table that was deleted.
        beside: name of the restored table beside the old one.
        old_table: unique id of the old table, None when it was gone; another one may have its name later.
        template: of the stack before, empty until somebody agreed to change it.
        parameters: of the stack before.
        done: the steps that are done.
        going_back: whether the restoration is to be undone.
        items: how many the restored table has, once it was counted.
        backup: ARN of the backup of what the table will store, once it was made.
        old_backup: ARN of the backup of the old table, once it was made.
        new_table: unique id of the table that a backup is restored to under the table's own name.
    """

    table_id: str
    table: str
    to: str
    beside: str
    old_table: str | None
    template: str = ""
    parameters: Mapping[str, str] = field(default_factory=dict)
    done: tuple[Step, ...] = ()
    going_back: bool = False
    items: int | None = None
    backup: str | None = None
    old_backup: str | None = None
    new_table: str | None = None

    def after(self, step: Step, **known: Any) -> "Journal":
        """The journal when one more step is done."""
        return replace(self, done=(*self.done, step), **known)

    @property
    def document(self) -> dict[str, Any]:
        """The journal for programs."""
        return {**asdict(self), "done": [step.value for step in self.done]}

    def is_of(self, table_id: str, to: str) -> bool:
        """Whether this is what a command asks for."""
        return (self.table_id, self.to) == (table_id, to)

    @property
    def goal(self) -> str:
        """What becomes of the table, as the end of a sentence."""
        return f"{self.table_id} to {self.to or 'its state before it was deleted'}"

    @property
    def under_way(self) -> str:
        """The goal until it is reached, or the way back is gone; empty from then on."""
        return "" if Step.CLEANED_UP in self.done else self.goal


@dataclass
class JournalFile:
    """The journal of a stack, which has one restoration at a time; nothing else changes the stack meanwhile.

    Whoever writes it must have read what is replaced, so that of two who go on, or back, one stops.

    Args:
        bucket: of the artifacts.
        stack: whose tables are restored; one that was deleted took its restoration along.
    """

    bucket: ArtifactBucket
    stack: DeployedStack
    _etag: str = field(default="", init=False)

    def read(self) -> Journal | None:
        """The restoration that is under way; None when there is none."""
        record, self._etag = restoration_under_way(self.bucket, self.stack)
        if record is None:
            return None
        document = record["journal"]
        return Journal(**{**document, "done": tuple(map(Step, document["done"]))})

    def write(self, journal: Journal) -> None:
        """Write down how far a restoration is, and for `deploy` whether it is under way.

        Raises:
            CommandError: when somebody else wrote it meanwhile.
        """
        record = {"stack_id": self.stack.stack_id, "under_way": journal.under_way, "journal": journal.document}
        etag = self.bucket.replace(restoration_key(self.stack.name), json.dumps(record).encode(), self._etag)
        if etag is None:
            raise CommandError(
                f"somebody else goes on with the restoration of {journal.goal} in {self.stack.name}, or undoes it; "
                "wait for that to end, and repeat the command when something remains to be done."
            )
        self._etag = etag
