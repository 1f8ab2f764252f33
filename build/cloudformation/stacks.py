"""What CloudFormation knows of a stack: its description, template, resources and events."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from botocore.exceptions import ClientError

from build.aws_errors import error_message
from build.errors import CommandError
from stack.config import STACK_PREFIX
from stack.parameters import ARTIFACT_BUCKET, LAYER_KEY, STREAM_PROCESSING

if TYPE_CHECKING:
    from mypy_boto3_cloudformation import CloudFormationClient
    from mypy_boto3_cloudformation.type_defs import StackEventTypeDef, StackTypeDef

ALARM_TYPE = "AWS::CloudWatch::Alarm"
BUCKET_TYPE = "AWS::S3::Bucket"
FUNCTION_TYPE = "AWS::Lambda::Function"
LAYER_TYPE = "AWS::Lambda::LayerVersion"
LOG_GROUP_TYPE = "AWS::Logs::LogGroup"
TABLE_TYPE = "AWS::DynamoDB::Table"
_RETAINING_POLICIES = frozenset({"Retain", "RetainExceptOnCreate", "Snapshot"})


def unique_name() -> str:
    """A name that no operation and no change set has had: it tells an operation's events from those of others, and
    a deleted change set's name is free only some time later."""
    return f"build-{uuid4()}"


@dataclass(frozen=True)
class DeployedStack:
    """A stack as it is.

    Args:
        stack_id: its ARN, which still names it after it was deleted.
        name: `TapStackdev`.
        status: one of CloudFormation's StackStatus.
        status_reason: CloudFormation's sentence about the status, or nothing.
        parameters: values by name.
        tags: values by key.
        outputs: values by name.
        termination_protection: whether CloudFormation refuses to delete it.
        last_operations: type and id of its operations, newest first.
        created: when it was created.
        changed: when it was last created or updated.
    """

    stack_id: str
    name: str
    status: str
    status_reason: str
    parameters: Mapping[str, str]
    tags: Mapping[str, str]
    outputs: Mapping[str, str]
    termination_protection: bool
    last_operations: tuple[tuple[str, str], ...]
    created: datetime
    changed: datetime

    @property
    def suffix(self) -> str:
        """`dev`, for a stack of this project."""
        return self.name.removeprefix(STACK_PREFIX)

    @property
    def partition(self) -> str:
        """`aws`, `aws-cn` or `aws-us-gov`."""
        return self.stack_id.split(":")[1]

    @property
    def region(self) -> str:
        return stack_region(self.stack_id)

    @property
    def account(self) -> str:
        """Its twelve digits."""
        return self.stack_id.split(":")[4]

    @property
    def pause(self) -> str:
        """A sentence when the stack is told to process no stream, which rings no alarm; else nothing."""
        if self.parameters.get(STREAM_PROCESSING) != "Disabled":
            return ""
        return (
            f"{STREAM_PROCESSING}=Disabled: no stream is processed and no alarm says so; "
            "records older than 24 hours are lost, unless it is Enabled before."
        )

    @property
    def in_progress(self) -> bool:
        """Whether an operation is under way; the review of a change set is none."""
        return self.status.endswith("_IN_PROGRESS") and self.status != "REVIEW_IN_PROGRESS"


@dataclass(frozen=True)
class DesiredStack:
    """A stack as it should be: what a change set is created from.

    Args:
        name: of the stack.
        template: JSON in its canonical form.
        parameters: a value for every parameter of the template.
        tags: of the stack and its resources.
    """

    name: str
    template: str
    parameters: Mapping[str, str]
    tags: Mapping[str, str]


@dataclass(frozen=True)
class StackResource:
    """A resource as its stack knows it.

    Args:
        logical_id: its name in the template.
        physical_id: its name in AWS.
        resource_type: `AWS::DynamoDB::Table`.
        status: one of CloudFormation's ResourceStatus.
    """

    logical_id: str
    physical_id: str
    resource_type: str
    status: str


@dataclass(frozen=True)
class StackEvent:
    """One change of status of a resource, or of the stack itself.

    Args:
        event_id: unique for ever.
        time: when it happened.
        logical_id: of the resource; the stack's name for the stack.
        physical_id: of the resource, or nothing before it has one; the stack's ARN for the stack.
        resource_type: `AWS::DynamoDB::Table`.
        status: one of CloudFormation's ResourceStatus.
        reason: CloudFormation's sentence about it, or nothing.
        token: ClientRequestToken of the call that began the operation, if it had one.
        of_stack: whether it is about the stack and not about one of its resources.
    """

    event_id: str
    time: datetime
    logical_id: str
    physical_id: str
    resource_type: str
    status: str
    reason: str
    token: str | None
    of_stack: bool

    @property
    def failed(self) -> bool:
        return self.status.endswith("_FAILED")

    @property
    def in_progress(self) -> bool:
        return self.status.endswith("_IN_PROGRESS")


def deployed_stack(description: "StackTypeDef") -> DeployedStack:
    """The stack that one entry of DescribeStacks describes."""
    return DeployedStack(
        stack_id=description["StackId"],
        name=description["StackName"],
        status=description["StackStatus"],
        status_reason=description.get("StackStatusReason", ""),
        parameters={entry["ParameterKey"]: entry["ParameterValue"] for entry in description.get("Parameters", [])},
        tags={tag["Key"]: tag["Value"] for tag in description.get("Tags", [])},
        outputs={output["OutputKey"]: output["OutputValue"] for output in description.get("Outputs", [])},
        termination_protection=description.get("EnableTerminationProtection", False),
        last_operations=tuple(
            (operation["OperationType"], operation["OperationId"])
            for operation in description.get("LastOperations", [])
        ),
        created=description["CreationTime"],
        changed=description.get("LastUpdatedTime", description["CreationTime"]),
    )


def find_stack(cloudformation: "CloudFormationClient", name_or_id: str) -> DeployedStack | None:
    """The stack of a name, or of an ARN even when it was deleted; None when there is none."""
    try:
        (description,) = cloudformation.describe_stacks(StackName=name_or_id)["Stacks"]
    except ClientError as error:
        if is_missing(error):
            return None
        raise
    return deployed_stack(description)


def stack_name(stack_id: str) -> str:
    """The name in the ARN of a stack."""
    return stack_id.split("/")[1]


def stack_region(stack_id: str) -> str:
    """The region in the ARN of a stack."""
    return stack_id.split(":")[3]


def is_missing(error: ClientError) -> bool:
    """Whether CloudFormation does not know a stack."""
    return error_message(error).endswith("does not exist")


def existing_stack(cloudformation: "CloudFormationClient", name: str) -> DeployedStack:
    """The stack of a name.

    Raises:
        CommandError: when there is none in this account and region.
    """
    stack = find_stack(cloudformation, name)
    if stack is None:
        raise CommandError(
            f"there is no stack {name} in {cloudformation.meta.region_name}; "
            "deploy it, or name another one with --suffix, --region or --profile."
        )
    return stack


def all_stacks(cloudformation: "CloudFormationClient") -> Iterator[DeployedStack]:
    """Every stack of the account and region."""
    for page in cloudformation.get_paginator("describe_stacks").paginate():
        yield from map(deployed_stack, page["Stacks"])


def project_stacks(cloudformation: "CloudFormationClient") -> list[DeployedStack]:
    """The stacks of the account and region that have this project's name and parameters, by suffix."""
    ours = (stack for stack in all_stacks(cloudformation) if stack.name.startswith(STACK_PREFIX))
    made_here = (stack for stack in ours if {ARTIFACT_BUCKET, LAYER_KEY} <= stack.parameters.keys())
    return sorted(made_here, key=lambda stack: stack.suffix)


def deployed_template(cloudformation: "CloudFormationClient", stack_id: str) -> str:
    """The template that a stack was created from, in its canonical form when it is JSON."""
    body = cloudformation.get_template(StackName=stack_id, TemplateStage="Original")["TemplateBody"]
    return body if isinstance(body, str) else canonical_template(body)


def canonical_template(document: Mapping[str, Any]) -> str:
    """A template in one line, the same for the same content."""
    return json.dumps(document, sort_keys=True, separators=(",", ":"))


def parsed_template(template: str) -> dict[str, Any]:
    """The content of a template; empty for one that is not JSON, which none made here is."""
    try:
        document: dict[str, Any] = json.loads(template)
    except ValueError:
        return {}
    return document


def stack_resources(cloudformation: "CloudFormationClient", stack_id: str) -> list[StackResource]:
    """The resources of a stack that exist, by logical id."""
    pages = cloudformation.get_paginator("list_stack_resources").paginate(StackName=stack_id)
    resources = [
        StackResource(
            summary["LogicalResourceId"],
            summary.get("PhysicalResourceId", ""),
            summary["ResourceType"],
            summary["ResourceStatus"],
        )
        for page in pages
        for summary in page["StackResourceSummaries"]
    ]
    existing = (resource for resource in resources if resource.physical_id and resource.status != "DELETE_COMPLETE")
    return sorted(existing, key=lambda resource: resource.logical_id)


def retained_ids(template: str) -> frozenset[str]:
    """The logical ids of the resources that a template retains when their stack is deleted.

    Raises:
        CommandError: for a template that is not JSON, which none made here is.
    """
    try:
        resources = json.loads(template)["Resources"]
    except ValueError as error:
        raise CommandError(
            "the stack's template is not JSON, so something else made it; delete it with that, or in the console."
        ) from error
    return frozenset(
        logical_id
        for logical_id, resource in resources.items()
        if resource.get("DeletionPolicy") in _RETAINING_POLICIES
    )


def stack_event(event: "StackEventTypeDef") -> StackEvent:
    """The event that one entry of DescribeStackEvents describes."""
    return StackEvent(
        event_id=event["EventId"],
        time=event["Timestamp"],
        logical_id=event.get("LogicalResourceId", ""),
        physical_id=event.get("PhysicalResourceId", ""),
        resource_type=event.get("ResourceType", ""),
        status=event.get("ResourceStatus", ""),
        reason=event.get("ResourceStatusReason", ""),
        token=event.get("ClientRequestToken"),
        of_stack=event.get("PhysicalResourceId") == event["StackId"],
    )


def stack_events(cloudformation: "CloudFormationClient", stack_id: str) -> Iterator[StackEvent]:
    """All events of a stack, newest first, page by page as they are asked for."""
    for page in cloudformation.get_paginator("describe_stack_events").paginate(StackName=stack_id):
        yield from map(stack_event, page["StackEvents"])
