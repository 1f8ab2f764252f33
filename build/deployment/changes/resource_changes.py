"""What a change set would do, resource by resource and property by property."""

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mypy_boto3_cloudformation.type_defs import ResourceChangeDetailTypeDef, ResourceChangeTypeDef


KEEPING_ACTIONS = frozenset({"Retain", "Snapshot"})


class Fate(Enum):
    """What becomes of a resource, as a verb, harmless ones first."""

    ADD = "add"
    CHANGE = "change"
    PERHAPS_REPLACE = "perhaps replace"
    REPLACE = "replace"
    RELEASE = "take out of the stack"
    DELETE = "delete"


LOSSES = frozenset({Fate.PERHAPS_REPLACE, Fate.REPLACE, Fate.RELEASE, Fate.DELETE})
"""After these the stack no longer has what the resource holds."""


@dataclass(frozen=True)
class PropertyChange:
    """A property of a resource that would change.

    Args:
        path: `MemorySize`, `Environment.Variables.LOG_LEVEL`, or an attribute like `Tags`.
        before: its value as CloudFormation writes it; None when it has none or is not known.
        after: likewise.
        recreates: whether that replaces the resource: `Never`, `Conditionally` or `Always`.
    """

    path: str
    before: str | None
    after: str | None
    recreates: str


@dataclass(frozen=True)
class ResourceChange:
    """A resource that would change.

    Args:
        action: `Add`, `Modify`, `Remove`, `Import`, `Dynamic` or `SyncWithActual`.
        logical_id: its name in the template.
        resource_type: `AWS::Lambda::Function`.
        replacement: `True`, `False`, `Conditional`, or nothing where it has no meaning.
        policy_action: what becomes of the old resource: `Delete`, `Retain`, `ReplaceAndDelete`, ..., or nothing.
        properties: those that would change, by path.
    """

    action: str
    logical_id: str
    resource_type: str
    replacement: str
    policy_action: str
    properties: tuple[PropertyChange, ...]

    @property
    def fate(self) -> Fate:
        """What becomes of the resource."""
        if self.action == "Remove":
            return Fate.RELEASE if self.policy_action in KEEPING_ACTIONS else Fate.DELETE
        if self.replacement == "True" or self.policy_action.startswith("Replace"):
            return Fate.REPLACE
        if self.replacement == "Conditional" or self.action == "Dynamic":
            return Fate.PERHAPS_REPLACE
        return Fate.ADD if self.action in {"Add", "Import"} else Fate.CHANGE


def resource_change(change: "ResourceChangeTypeDef") -> ResourceChange:
    """The change that one entry of DescribeChangeSet describes."""
    properties = {one.path: one for one in map(property_change, change.get("Details", []))}
    return ResourceChange(
        action=change.get("Action", ""),
        logical_id=change.get("LogicalResourceId", ""),
        resource_type=change.get("ResourceType", ""),
        replacement=change.get("Replacement", ""),
        policy_action=change.get("PolicyAction", ""),
        properties=tuple(properties[path] for path in sorted(properties)),
    )


def property_change(detail: "ResourceChangeDetailTypeDef") -> PropertyChange:
    """The change that one detail of a resource's change describes."""
    target = detail.get("Target", {})
    path = target.get("Path", "").removeprefix("/Properties").strip("/").replace("/", ".")
    return PropertyChange(
        path=path or target.get("Name") or target.get("Attribute", ""),
        before=target.get("BeforeValue"),
        after=target.get("AfterValue"),
        recreates=target.get("RequiresRecreation", "Never"),
    )
