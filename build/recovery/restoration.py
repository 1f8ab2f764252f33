"""A table of a stack as it was at a time, under its own name and in its stack, without an item copied.

A table cannot be renamed, and DynamoDB restores to names that are free. Copying the items back into a new table would
write each again, pay for each, and put each into the new table's stream, under new event ids: every item of a source
would become another activity. So the table is restored beside the old one, compared, backed up, and that backup is
restored under the name when the old table has left it; stream, tags and protection come with its import into the stack,
and the stream begins empty.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

from build.aws import Clients
from build.cloudformation.operations import Operations
from build.cloudformation.stacks import (
    TABLE_TYPE,
    DeployedStack,
    StackResource,
    deployed_template,
    stack_resources,
)
from build.errors import CommandError
from build.reconcile.reading import ALWAYS
from build.reconcile.reconciliation import RETENTION_HOURS, last_hours, reconcile
from build.recovery.detachment import REFERENCE, Values, mappings_of, retaining, without
from build.recovery.imports import ExistingResource, table_properties
from build.recovery.journal import Journal, JournalFile, Step
from build.recovery.tables import Tables
from build.recovery.updates import StackUpdates
from build.redrive.failed_events import deployed_pipeline
from stack.config import StackConfig
from stack.parameters import STREAM_PROCESSING

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.type_defs import TableDescriptionTypeDef

_BACK = (Step.RENAMED, Step.IMPORTED, Step.DEPLOYED, Step.CLEANED_UP)
"""The steps that undo what was done: each does nothing where there is nothing to undo."""


@dataclass(frozen=True)
class Restoration:
    """The steps of a restoration, each of which can be repeated.

    Args:
        clients: of the account and region.
        config: of the stack.
        operations: run what has to be run.
        file: of the journal.
        approve: called when both tables were compared and before anything is changed; an error that it raises prevents
            that.
    """

    clients: Clients
    config: StackConfig
    operations: Operations
    file: JournalFile
    approve: Callable[[], None]

    def run(self, journal: Journal) -> Journal:
        """Take the steps that are not done yet, or those that go back.

        Raises:
            CommandError: when the user has to decide, or something is not as it has to be; the journal stays.
        """
        for step in _BACK if journal.going_back else Step:
            if step not in journal.done:
                self._tell_begin(journal, step)
                journal = journal.after(step, **(_STEPS[step](self, journal) or {}))
                self.file.write(journal)
        return journal

    def go_back(self, journal: Journal) -> Journal:
        """Undo a restoration, and restore the old table from its backup when it was deleted.

        Raises:
            CommandError: when the restored table is in the stack already, or there is no old table to go back to.
        """
        if Step.IMPORTED in journal.done and not journal.going_back:
            raise CommandError(
                f"{journal.table_id} is restored and in its stack again; repeat the command without --abort to finish."
            )
        if Step.DETACHED in journal.done and not (journal.old_backup or self._tables.described(journal.table)):
            raise CommandError(
                f"{journal.table} was deleted before it was restored, so there is nothing to go back to; "
                "repeat the command without --abort to finish."
            )
        if Step.DELETED in journal.done and not journal.going_back and self._known_table(journal):
            self._tables.delete(journal.table)
        done = tuple(step for step in journal.done if journal.going_back or step not in _BACK)
        journal = replace(journal, going_back=True, items=None, done=done, backup=journal.old_backup)
        self.file.write(journal)
        return self.run(journal)

    def _restore_beside(self, journal: Journal) -> None:
        if self._tables.described(journal.beside) is None:
            if journal.to:
                self._tables.begin_restore_to(journal.table, journal.beside, datetime.fromisoformat(journal.to))
            else:
                backup = self._tables.system_backup(journal.table)
                self._tables.begin_restore_from(backup["BackupArn"], journal.beside)
        self._tables.wait_for(journal.beside)

    def _compare(self, journal: Journal) -> Mapping[str, Any]:
        """Show how many items both tables have, and ask; no deployment changes the stack from before that."""
        items = self._tables.count(journal.beside)
        before = self._tables.count(journal.table) if self._tables.described(journal.table) else None
        self._tell(f"{journal.beside}: {items:,} items")
        if before is None:
            deleted = self._tables.system_backup(journal.table)["BackupCreationDateTime"]
            self._tell(f"{journal.table} is gone; this is the backup of its deletion, {deleted:%Y-%m-%d %H:%M:%S%z}")
        else:
            self._tell(f"{journal.table}: {before:,} items; {_difference(items, before)}")
        if journal.to and not self._is_of_a_source(journal):
            self._tell(
                f"activities since {journal.to} come back from the streams, which keep their records for "
                f"{RETENTION_HOURS} hours; those between the two are in neither, restore to a later time to have them"
            )
        self.approve()
        stack = self._settled_stack()
        template = deployed_template(self.clients.cloudformation, stack.stack_id)
        return {"items": items, "template": template, "parameters": stack.parameters}

    def _pause(self, journal: Journal) -> None:
        """Stop the mappings, and have the old table outlive its removal from the stack, also in a disposable stack."""
        self._updates.update(self._settled_stack(), _retaining(journal), _paused(journal))

    def _require_processed(self, journal: Journal) -> None:
        """The stream of a source goes with its table, so each of its records has to be an activity before."""
        if not self._is_of_a_source(journal) or self._tables.described(journal.table) is None:
            return
        stack = self._settled_stack()
        pipeline = deployed_pipeline(stack, self.config)
        sources = tuple(source for source in pipeline.sources if f"{source.name}Table" == journal.table_id)
        span = replace(last_hours(RETENTION_HOURS), end=ALWAYS.end)
        balances = reconcile(self.clients, replace(pipeline, sources=sources), span, self._tell)
        if missing := sum(balance.missing for balance in balances):
            self._updates.update(stack, journal.template, journal.parameters)
            self.file.write(replace(journal, done=(Step.RESTORED, Step.AGREED)))
            raise CommandError(
                f"{missing:,} changes of {journal.table} have no activity yet, and their stream would go with the "
                "table, so the streams are processed again; stop what writes to the table, wait until `reconcile` "
                "finds none missing, and repeat the command."
            )

    def _detach(self, journal: Journal) -> None:
        """Take the old table out of the stack, and the mappings that begin anew with the restored one."""
        stack = self._settled_stack()
        resources = self._resources(stack)
        if journal.table_id not in resources:
            return
        names = {name: resources[name] for name in mappings_of(journal.template, journal.table_id) if name in resources}
        values = {
            journal.table_id: self._values(stack, journal.table),
            **{name: {REFERENCE: each.physical_id, "Id": each.physical_id} for name, each in names.items()},
        }
        self._updates.update(stack, without(_retaining(journal), values), _paused(journal))

    def _back_up(self, journal: Journal) -> Mapping[str, Any]:
        """What is restored is backed up to get its name, and the old table to be found again."""
        old = self._known_table(journal)
        return {
            "backup": self._tables.back_up(journal.beside, _backup_name(journal)),
            "old_backup": self._tables.back_up(journal.table, f"before-{journal.beside}") if old else None,
        }

    def _delete_old(self, journal: Journal) -> None:
        """The table that was backed up, and no other that got its name."""
        if self._known_table(journal):
            self._tables.delete(journal.table)

    def _rename(self, journal: Journal) -> Mapping[str, Any]:
        """Restore under the table's own name, which on the way back an old table may still have."""
        if journal.backup is None:
            return {}
        if self._known_table(journal) is None:
            table = self._tables.begin_restore_from(journal.backup, journal.table)
            journal = replace(journal, new_table=table)
            self.file.write(journal)
        self._tables.wait_for(journal.table)
        self._require_items(journal)
        return {"new_table": journal.new_table}

    def _known_table(self, journal: Journal) -> "TableDescriptionTypeDef | None":
        return self._tables.known(journal.table, {journal.old_table, journal.new_table}, journal.backup)

    def _require_items(self, journal: Journal) -> None:
        if journal.items is None:
            return
        items = self._tables.count(journal.table)
        if items != journal.items:
            raise CommandError(
                f"{journal.table} has {items:,} items, and {journal.beside} {journal.items:,}, which is the one that "
                "was agreed to; nothing writes to either, so look what does, and repeat the command or add --abort."
            )

    def _import(self, journal: Journal) -> None:
        stack = self._settled_stack()
        if journal.table_id in self._resources(stack):
            return
        self._known_table(journal)
        found = ExistingResource(
            journal.table_id, TABLE_TYPE, journal.table, table_properties(self.clients, journal.table)
        )
        template = deployed_template(self.clients.cloudformation, stack.stack_id)
        self._updates.import_resources(stack.name, stack, template, [found], _nobody_is_asked)

    def _deploy(self, journal: Journal) -> None:
        """What the template says of the table, its stream among it; mappings begin with the oldest record there is."""
        if Step.AGREED in journal.done:
            self._updates.update(self._settled_stack(), journal.template, journal.parameters)

    def _clean_up(self, journal: Journal) -> None:
        self._tables.delete_backup(journal.beside, _backup_name(journal))
        if self._tables.described(journal.beside):
            self._tables.delete(journal.beside)
        if journal.old_backup:
            self._tell(f"the old table is kept as the backup {journal.old_backup}; delete it when it is not needed")

    def _is_of_a_source(self, journal: Journal) -> bool:
        return journal.table_id in {f"{source.name}Table" for source in self.config.sources}

    def _values(self, stack: DeployedStack, table: str) -> Values:
        arn = f"arn:{stack.partition}:dynamodb:{stack.region}:{stack.account}:table/{table}"
        described = self._tables.described(table)
        stream = described.get("LatestStreamArn") if described else None
        return {REFERENCE: table, "Arn": arn, "StreamArn": stream or f"{arn}/stream/*"}

    def _settled_stack(self) -> DeployedStack:
        return self._updates.settled_stack(self.config.stack_name)

    def _resources(self, stack: DeployedStack) -> dict[str, StackResource]:
        return {each.logical_id: each for each in stack_resources(self.clients.cloudformation, stack.stack_id)}

    @property
    def _tables(self) -> Tables:
        return Tables(self.clients.dynamodb, self.operations.progress)

    @property
    def _updates(self) -> StackUpdates:
        return StackUpdates(self.clients, self.operations)

    def _tell(self, text: str) -> None:
        self.operations.progress.step(text)

    def _tell_begin(self, journal: Journal, step: Step) -> None:
        self._tell(f"{'back: ' if journal.going_back else ''}{journal.table_id}, next: {step.value}")


_STEPS: Mapping[Step, Callable[[Restoration, Journal], Mapping[str, Any] | None]] = {
    Step.RESTORED: Restoration._restore_beside,
    Step.AGREED: Restoration._compare,
    Step.PAUSED: Restoration._pause,
    Step.PROCESSED: Restoration._require_processed,
    Step.DETACHED: Restoration._detach,
    Step.SAVED: Restoration._back_up,
    Step.DELETED: Restoration._delete_old,
    Step.RENAMED: Restoration._rename,
    Step.IMPORTED: Restoration._import,
    Step.DEPLOYED: Restoration._deploy,
    Step.CLEANED_UP: Restoration._clean_up,
}


def begin(clients: Clients, operations: Operations, name: str, table_id: str, to: datetime | None) -> Journal:
    """The journal of a restoration that begins now.

    Args:
        clients: of the account and region.
        operations: follow what goes on with the stack.
        name: of the stack.
        table_id: logical id of the table.
        to: when the table was as it is to be; None for a table that is gone.

    Raises:
        CommandError: when there is no such table, or it cannot be restored to that time.
    """
    stack = StackUpdates(clients, operations).settled_stack(name)
    table = _table(clients, stack, table_id)
    tables = Tables(clients.dynamodb, operations.progress)
    tables.require_restorable(table, to)
    described = tables.described(table)
    return Journal(
        table_id=table_id,
        table=table,
        to=to.isoformat() if to else "",
        beside=f"{table.removesuffix('-synth')}-{datetime.now():%Y%m%dt%H%M%S}-synth",
        old_table=described["TableId"] if described else None,
    )


def _table(clients: Clients, stack: DeployedStack, table_id: str) -> str:
    """The name of a table of the stack."""
    tables = {
        resource.logical_id: resource.physical_id
        for resource in stack_resources(clients.cloudformation, stack.stack_id)
        if resource.resource_type == TABLE_TYPE
    }
    if table_id not in tables:
        raise CommandError(
            f"{stack.name} has no table {table_id}; name one of {', '.join(tables) or 'none'} with --table.", 2
        )
    return tables[table_id]


def _backup_name(journal: Journal) -> str:
    return f"restoration-{journal.beside}"


def _retaining(journal: Journal) -> str:
    return retaining(journal.template, journal.table_id, journal.beside)


def _paused(journal: Journal) -> Mapping[str, str]:
    return {**journal.parameters, STREAM_PROCESSING: "Disabled"}


def _difference(items: int, before: int) -> str:
    """What the counts tell, which show nothing of an item that was changed and kept its key."""
    if items == before:
        return "the restored one has as many, but a change that keeps the key shows in no count"
    more = "more" if items > before else "less"
    return (
        f"the restored one has {abs(items - before):,} {more}, so at least so many differ, "
        "as a change that keeps the key shows in no count"
    )


def _nobody_is_asked() -> None:
    """The import is part of what was agreed to."""
