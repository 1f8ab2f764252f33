"""The guard: nothing that holds data is deleted or replaced unless it is named."""

from collections.abc import Collection, Iterable, Sequence

from build.deployment.changes.resource_changes import LOSSES, ResourceChange
from build.errors import CommandError

HOLDS_DATA = {
    "AWS::DynamoDB::Table": "table",
    "AWS::Logs::LogGroup": "log group",
    "AWS::S3::Bucket": "bucket",
}
"""The types of resources whose content is not in the template, and what people call them."""


def guard_data(changes: Sequence[ResourceChange], allowed: Collection[str]) -> None:
    """Refuse changes that would lose data.

    Args:
        changes: of a change set, read without property values: with them CloudFormation may leave resources out.
        allowed: logical ids of resources that may be deleted or replaced.

    Raises:
        CommandError: naming every resource that would be, and how to allow it.
    """
    losses = data_losses(changes, allowed)
    if losses:
        raise CommandError(
            f"refused, nothing was changed: this would {' and '.join(map(loss, losses))}; "
            f"if that is meant, repeat the command with {allowing(change.logical_id for change in losses)}."
        )


def allowing(logical_ids: Iterable[str]) -> str:
    """The options that allow resources to be lost."""
    return " ".join(f"--allow-replace {logical_id}" for logical_id in logical_ids)


def data_losses(changes: Sequence[ResourceChange], allowed: Collection[str] = ()) -> list[ResourceChange]:
    """The changes that would take or replace what holds data, except those allowed."""
    return [
        change
        for change in changes
        if change.resource_type in HOLDS_DATA and change.fate in LOSSES and change.logical_id not in allowed
    ]


def loss(change: ResourceChange) -> str:
    """What a change does to data: `delete the table UserDataTable`."""
    return f"{change.fate.value} {held_by(change.resource_type, change.logical_id)}"


def held_by(resource_type: str, logical_id: str) -> str:
    """What people call a resource that holds data: `the table UserDataTable`."""
    return f"the {HOLDS_DATA[resource_type]} {logical_id}"
