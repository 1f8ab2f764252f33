"""What was done of a restoration, written down in the artifact bucket after each step, so that anybody can go on."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from enum import Enum
from typing import Any

from build.deploy.artifacts import ArtifactBucket, restoration_key


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
        template: of the stack before.
        parameters: of the stack before.
        done: the steps that are done.
        going_back: whether the restoration is to be undone.
        items: how many the restored table has, once it was counted.
        backup: ARN of the backup of what the table will store, once it was made.
        old_backup: ARN of the backup of the old table, once it was made.
        old_table: unique id of the old table, once it was backed up; another one may have its name later.
    """

    table_id: str
    table: str
    to: str
    beside: str
    template: str
    parameters: Mapping[str, str]
    done: tuple[Step, ...] = ()
    going_back: bool = False
    items: int | None = None
    backup: str | None = None
    old_backup: str | None = None
    old_table: str | None = None

    def after(self, step: Step, **known: Any) -> "Journal":
        """The journal when one more step is done."""
        return replace(self, done=(*self.done, step), **known)

    def is_of(self, table_id: str, to: str) -> bool:
        """Whether this is what a command asks for."""
        return (self.table_id, self.to) == (table_id, to)

    @property
    def goal(self) -> str:
        """What becomes of the table, as the end of a sentence."""
        return f"{self.table_id} to {self.to or 'its state before it was deleted'}"


@dataclass(frozen=True)
class JournalFile:
    """The journal of a stack, which has one restoration at a time.

    Args:
        bucket: of the artifacts.
        stack_name: whose tables are restored.
    """

    bucket: ArtifactBucket
    stack_name: str

    def read(self) -> Journal | None:
        """The restoration that is under way; None when there is none."""
        content = self.bucket.read(restoration_key(self.stack_name))
        if content is None:
            return None
        document = json.loads(content)
        journal = Journal(**{**document, "done": tuple(map(Step, document["done"]))})
        return None if Step.CLEANED_UP in journal.done else journal

    def write(self, journal: Journal) -> None:
        """Write down how far a restoration is."""
        document = {**asdict(journal), "done": [step.value for step in journal.done]}
        self.bucket.write(restoration_key(self.stack_name), json.dumps(document).encode(), "application/json")
