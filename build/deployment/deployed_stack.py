"""What CloudFormation knows of a stack."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from build.deployment.aws_errors import error_message
from build.errors import CommandError

if TYPE_CHECKING:
    from mypy_boto3_cloudformation import CloudFormationClient
    from mypy_boto3_cloudformation.type_defs import StackTypeDef


@dataclass(frozen=True)
class DeployedStack:
    """A stack as it is.

    Args:
        stack_id: its ARN, which goes on naming it after it was deleted.
        name: `TapStackdev`.
        status: one of CloudFormation's StackStatus.
        status_reason: CloudFormation's sentence about the status, or nothing.
        parameters: values by name.
        tags: values by key.
        outputs: values by name.
        termination_protection: whether CloudFormation refuses to delete it.
        last_operations: type and id of its operations, newest first.
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
    changed: datetime

    @property
    def partition(self) -> str:
        """`aws`, `aws-cn` or `aws-us-gov`."""
        return self.stack_id.split(":")[1]

    @property
    def region(self) -> str:
        """`us-west-2`."""
        return self.stack_id.split(":")[3]

    @property
    def account(self) -> str:
        """Its twelve digits."""
        return self.stack_id.split(":")[4]

    @property
    def in_progress(self) -> bool:
        """Whether CloudFormation is working on it; a change set under review is no work."""
        return self.status.endswith("_IN_PROGRESS") and self.status != "REVIEW_IN_PROGRESS"


def deployed_stack(description: "StackTypeDef") -> DeployedStack:
    """The stack that one entry of DescribeStacks describes."""
    return DeployedStack(
        stack_id=description["StackId"],
        name=description["StackName"],
        status=description["StackStatus"],
        status_reason=description.get("StackStatusReason", ""),
        parameters={one["ParameterKey"]: one["ParameterValue"] for one in description.get("Parameters", [])},
        tags={one["Key"]: one["Value"] for one in description.get("Tags", [])},
        outputs={one["OutputKey"]: one["OutputValue"] for one in description.get("Outputs", [])},
        termination_protection=description.get("EnableTerminationProtection", False),
        last_operations=tuple(
            (one["OperationType"], one["OperationId"]) for one in description.get("LastOperations", [])
        ),
        changed=description.get("LastUpdatedTime", description["CreationTime"]),
    )


def find_stack(cloudformation: "CloudFormationClient", name_or_id: str) -> DeployedStack | None:
    """The stack of a name, or of an ARN even when it was deleted; None when there is none."""
    try:
        (description,) = cloudformation.describe_stacks(StackName=name_or_id)["Stacks"]
    except ClientError as error:
        if error_message(error).endswith("does not exist"):
            return None
        raise
    return deployed_stack(description)


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


def template_of(cloudformation: "CloudFormationClient", stack_id: str) -> str:
    """The template that a stack was made from, in its shortest form when it is JSON."""
    body = cloudformation.get_template(StackName=stack_id, TemplateStage="Original")["TemplateBody"]
    return body if isinstance(body, str) else json.dumps(body, sort_keys=True, separators=(",", ":"))
