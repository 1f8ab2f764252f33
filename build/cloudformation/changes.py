"""What a change set would do, resource by resource, as data and as lines for people, and the guard of stored data."""

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Any

from build.cloudformation.stacks import BUCKET_TYPE, LOG_GROUP_TYPE, TABLE_TYPE
from build.errors import CommandError
from build.text import one_line

if TYPE_CHECKING:
    from mypy_boto3_cloudformation.type_defs import ResourceChangeDetailTypeDef, ResourceChangeTypeDef

STORES_DATA = {
    TABLE_TYPE: "table",
    LOG_GROUP_TYPE: "log group",
    BUCKET_TYPE: "bucket",
}
"""The types of resources whose content is not in the template, and what people call them."""
_NAME_PROPERTIES = {
    BUCKET_TYPE: "BucketName",
    LOG_GROUP_TYPE: "LogGroupName",
    TABLE_TYPE: "TableName",
    "AWS::CloudWatch::Alarm": "AlarmName",
    "AWS::CloudWatch::CompositeAlarm": "AlarmName",
    "AWS::CloudWatch::Dashboard": "DashboardName",
    "AWS::Events::Rule": "Name",
    "AWS::IAM::Role": "RoleName",
    "AWS::Lambda::Function": "FunctionName",
    "AWS::SNS::Topic": "TopicName",
    "AWS::SQS::Queue": "QueueName",
    "AWS::StepFunctions::StateMachine": "StateMachineName",
}
"""The property that names a resource, which CloudFormation then cannot replace under that name
(https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-properties-name.html)."""
_LONGEST_VALUE = 60
_MAPPING_TYPE = "AWS::Lambda::EventSourceMapping"
_POLICY_TYPES = frozenset(
    {
        "AWS::Lambda::LayerVersionPermission",
        "AWS::Lambda::Permission",
        "AWS::Logs::ResourcePolicy",
        "AWS::S3::BucketPolicy",
        "AWS::SNS::TopicPolicy",
        "AWS::SQS::QueuePolicy",
    }
)
_IAM_MARK = " [IAM]"
_DRIFT_MARK = " [reverts drift]"
_ROLE_PROPERTIES = frozenset({"Role", "RoleArn"})
"""The properties that say as whom a resource acts."""


class ChangeKind(Enum):
    """What becomes of a resource, as a verb, harmless ones first."""

    ADD = "add"
    IMPORT = "import"
    CHANGE = "change"
    POSSIBLY_REPLACE = "possibly replace"
    REPLACE = "replace"
    STOP_MANAGING = "stop managing"
    DELETE = "delete"


LOSSES = frozenset({ChangeKind.POSSIBLY_REPLACE, ChangeKind.REPLACE, ChangeKind.STOP_MANAGING, ChangeKind.DELETE})
"""After these the stack no longer has what the resource stores."""
_MARKS = {
    ChangeKind.ADD: "+",
    ChangeKind.IMPORT: "+",
    ChangeKind.CHANGE: "~",
    ChangeKind.POSSIBLY_REPLACE: "!",
    ChangeKind.REPLACE: "!",
    ChangeKind.STOP_MANAGING: "-",
    ChangeKind.DELETE: "-",
}


@dataclass(frozen=True)
class PropertyChange:
    """A property of a resource that would change.

    Args:
        path: `MemorySize`, `Environment.Variables.LOG_LEVEL`, or an attribute like `Tags`.
        before: its value as CloudFormation writes it; None when it has none or is not known.
        after: likewise.
        recreates: whether that replaces the resource: `Never`, `Conditionally` or `Always`.
        drifted: whether that undoes what somebody did outside of CloudFormation; only change sets that revert drift
            tell.
    """

    path: str
    before: str | None
    after: str | None
    recreates: str
    drifted: bool = False


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
        refusal: why AWS will refuse the change, or nothing.
        deleted: whether somebody deleted the resource outside of CloudFormation; told as `drifted` of a property is.
    """

    action: str
    logical_id: str
    resource_type: str
    replacement: str
    policy_action: str
    properties: tuple[PropertyChange, ...]
    refusal: str = ""
    deleted: bool = False

    @property
    def kind(self) -> ChangeKind:
        if self.action == "Remove":
            retained = self.policy_action in {"Retain", "Snapshot"}
            return ChangeKind.STOP_MANAGING if retained else ChangeKind.DELETE
        if self.replacement == "True" or self.policy_action.startswith("Replace"):
            return ChangeKind.REPLACE
        if self.replacement == "Conditional" or self.action == "Dynamic":
            return ChangeKind.POSSIBLY_REPLACE
        return {"Add": ChangeKind.ADD, "Import": ChangeKind.IMPORT}.get(self.action, ChangeKind.CHANGE)

    @property
    def of_permissions(self) -> bool:
        """Whether the resource is one that says who may do what."""
        return self.resource_type.startswith("AWS::IAM::") or self.resource_type in _POLICY_TYPES

    @property
    def loss(self) -> str:
        """What the change does to a resource that stores data: `delete the table UserDataTable`."""
        return f"{self.kind.value} {described_store(self.resource_type, self.logical_id)}"


def resource_change(change: "ResourceChangeTypeDef") -> ResourceChange:
    """The change that one entry of DescribeChangeSet describes."""
    properties = {each.path: each for each in map(_property_change, change.get("Details", []))}
    return ResourceChange(
        action=change.get("Action", ""),
        logical_id=change.get("LogicalResourceId", ""),
        resource_type=change.get("ResourceType", ""),
        replacement=change.get("Replacement", ""),
        policy_action=change.get("PolicyAction", ""),
        properties=tuple(properties[path] for path in sorted(properties)),
        deleted=change.get("ResourceDriftStatus") == "DELETED",
    )


def aws_refusal(change: ResourceChange, properties: Mapping[str, Any]) -> str:
    """Why AWS will refuse a change, as the end of a sentence; nothing when no rule says so.

    Args:
        change: of a resource.
        properties: of the resource as it is deployed.
    """
    return next(filter(None, (refusal(change, properties) for refusal in _REFUSALS)), "")


def _mapping_conflict(change: ResourceChange, properties: Mapping[str, Any]) -> str:
    """A replacement is created before the old resource is deleted, and a stream and a function have one mapping.

    Source: https://docs.aws.amazon.com/lambda/latest/api/API_CreateEventSourceMapping.html (ResourceConflictException)
    """
    changed = {each.path.split(".")[0] for each in change.properties}
    if change.resource_type == _MAPPING_TYPE and change.kind is ChangeKind.REPLACE:
        return "" if changed & {"EventSourceArn", "FunctionName"} else "its stream and function have a mapping already"
    return ""


def _name_conflict(change: ResourceChange, properties: Mapping[str, Any]) -> str:
    """A replacement cannot have the name of the resource that is still there, so it needs another one."""
    name = _NAME_PROPERTIES.get(change.resource_type)
    recreating = _recreating(change)
    renamed = any(each.path == name for each in change.properties)
    if name not in properties or renamed or not (recreating or change.kind is ChangeKind.REPLACE):
        return ""
    undo = ", ".join(recreating) or "it"
    return f"it keeps its {name}; change that too where stack/ sets it, or undo the change of {undo}"


_REFUSALS: tuple[Callable[[ResourceChange, Mapping[str, Any]], str], ...] = (_mapping_conflict, _name_conflict)
"""The rules by which AWS refuses changes that a change set proposes."""


def guard_refusals(changes: Sequence[ResourceChange]) -> None:
    """Refuse changes that AWS will refuse, whatever is allowed.

    Raises:
        CommandError: naming every such change, and what to do.
    """
    refusals = [
        f"AWS cannot {change.kind.value} {change.logical_id} ({change.resource_type}): {change.refusal}"
        for change in changes
        if change.refusal
    ]
    if refusals:
        raise CommandError(f"refused, nothing was changed: {'; '.join(refusals)}.")


def guard_data(changes: Sequence[ResourceChange], allowed: Collection[str]) -> None:
    """Refuse changes that would lose stored data.

    Args:
        changes: of a change set, read without property values: with them CloudFormation may leave resources out.
        allowed: logical ids of resources that may be deleted or replaced.

    Raises:
        CommandError: naming every resource that would be lost, and how to allow it.
    """
    losses = data_losses(changes, allowed)
    if losses:
        raise CommandError(
            f"refused, nothing was changed: this would {' and '.join(change.loss for change in losses)}; "
            f"if that is meant, repeat the command with {allowing(change.logical_id for change in losses)}."
        )


def data_losses(changes: Sequence[ResourceChange], allowed: Collection[str] = ()) -> list[ResourceChange]:
    """The changes that would delete or replace a resource that stores data, except those allowed."""
    return [
        change
        for change in changes
        if change.resource_type in STORES_DATA and change.kind in LOSSES and change.logical_id not in allowed
    ]


def allowing(logical_ids: Iterable[str]) -> str:
    """The options that allow resources to be lost."""
    return " ".join(f"--allow-replace {logical_id}" for logical_id in logical_ids)


def described_store(resource_type: str, logical_id: str) -> str:
    """What people call a resource that stores data: `the table UserDataTable`."""
    return f"the {STORES_DATA[resource_type]} {logical_id}"


def change_lines(changes: Sequence[ResourceChange]) -> list[str]:
    """What would change: a line for each property, and one for each resource that comes, goes or is replaced."""
    return [line for change in changes for line in _lines_of(change)]


def reverted_drift(changes: Sequence[ResourceChange]) -> list[str]:
    """What changes revert that somebody did outside of CloudFormation: `Queue.VisibilityTimeout 60 → 10`."""
    return [line for change in changes for line in _reverted_lines(change)]


def summary(changes: Sequence[ResourceChange]) -> str:
    """How many resources share each kind of change: `1 to add, 2 to change`."""
    counts = Counter(change.kind for change in changes)
    return ", ".join(f"{counts[kind]} to {kind.value}" for kind in ChangeKind if counts[kind]) or "only outputs change"


def _reverted_lines(change: ResourceChange) -> list[str]:
    if change.deleted:
        return [f"{change.logical_id}, which was deleted"]
    return [f"{change.logical_id}.{each.path}{_values_text(each)}" for each in change.properties if each.drifted]


def _recreating(change: ResourceChange) -> list[str]:
    """The properties that make it another resource; a table with another key is one, though AWS calls that conditional.

    Source: https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-dynamodb-table.html
    """
    another_key = {"KeySchema"} if change.resource_type == TABLE_TYPE else set()
    return [
        each.path for each in change.properties if each.recreates == "Always" or each.path.split(".")[0] in another_key
    ]


def _property_change(detail: "ResourceChangeDetailTypeDef") -> PropertyChange:
    target = detail.get("Target", {})
    drift = target.get("Drift", {})
    path = target.get("Path", "").removeprefix("/Properties").strip("/").replace("/", ".")
    return PropertyChange(
        path=path or target.get("Name") or target.get("Attribute", ""),
        before=target.get("BeforeValue", drift.get("ActualValue")),
        after=target.get("AfterValue"),
        recreates=target.get("RequiresRecreation", "Never"),
        drifted=bool(drift) and target.get("AttributeChangeType") != "SyncWithActual",
    )


def _lines_of(change: ResourceChange) -> list[str]:
    properties = [_property_line(change, each) for each in change.properties]
    plain = change.kind is ChangeKind.CHANGE and not change.refusal
    return properties if properties and plain else [_headline(change), *properties]


def _headline(change: ResourceChange) -> str:
    """`- OrderDataTable (AWS::DynamoDB::Table) DELETE`."""
    line = f"{_MARKS[change.kind]} {change.logical_id} ({change.resource_type})"
    line += f" {change.kind.value.upper()}" if change.kind in LOSSES else ""
    line += f" REFUSED BY AWS: {change.refusal}" if change.refusal else ""
    line += _DRIFT_MARK if change.deleted else ""
    return line + (_IAM_MARK if change.of_permissions else "")


def _property_line(resource: ResourceChange, change: PropertyChange) -> str:
    """`~ UserDataProcessor.MemorySize 256 → 512`."""
    line = f"~ {resource.logical_id}.{change.path}{_values_text(change)}"
    line += " (replaces it)" if change.recreates == "Always" else ""
    line += _DRIFT_MARK if change.drifted else ""
    return line + (_IAM_MARK if resource.of_permissions or change.path in _ROLE_PROPERTIES else "")


def _values_text(change: PropertyChange) -> str:
    known = change.before is not None or change.after is not None
    return f" {_value_text(change.before)} → {_value_text(change.after)}" if known else ""


def _value_text(value: str | None) -> str:
    text = "(none)" if value is None else one_line(value)
    return text if len(text) <= _LONGEST_VALUE else text[: _LONGEST_VALUE - 1] + "…"
